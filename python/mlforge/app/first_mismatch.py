"""Where two targets part: the first operator whose output differs, found by running the model cut off behind each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.emitter import compile_graph
from mlforge.compiler.graph import Graph
from mlforge.compiler.isa import Isa
from mlforge.targets.target import Target


@dataclass(frozen=True, slots=True)
class Mismatch:
    """`operator` is the position in the model, `largest` the largest difference of two output bytes."""

    operator: int
    kind: str
    name: str
    differing: int
    values: int
    largest: int

    def __str__(self) -> str:
        return (
            f"operator {self.operator} ({self.kind} {self.name!r}) is the first to depart: "
            f"{self.differing} of {self.values} values differ, by at most {self.largest}"
        )


def first_mismatch(graph: Graph, name: str, one: Target, other: Target, inputs: NDArray[np.int8]) -> Mismatch | None:
    """Runs int8 inputs [N, input_bytes] through ever longer beginnings of the graph on both targets.

    Returns:
        None where all operators agree.

    Raises:
        BuildError, RunError: a beginning of the model cannot be built or run.
    """
    for position, node in enumerate(graph.nodes):
        if node.guards:  # what a branch leaves where it does not run is nobody's result
            continue
        beginning = replace(graph, nodes=graph.nodes[: position + 1], outputs=node.outputs)
        ours, theirs = (_outputs(beginning, name, target, inputs) for target in (one, other))
        if (ours != theirs).any():
            difference = np.abs(ours.astype(np.int32) - theirs)
            label = graph.tensors[node.outputs[0]].name
            return Mismatch(position, node.kind, label, int((difference > 0).sum()), ours.size, int(difference.max()))
    return None


def _outputs(graph: Graph, name: str, target: Target, inputs: NDArray[np.int8]) -> NDArray[np.int8]:
    program = compile_graph(graph, name, Isa(target.isa)).program
    return target.infer(target.build(program), inputs).outputs
