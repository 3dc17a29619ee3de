"""Makes the model of this suite, all operators side by side, and its golden vectors.

Run it as `python -m tests.zephyr.kernels.make_vectors`.

The outputs are those of the reference in tests/unit/compiler, which knows nothing of the engine, and which other tests
hold against TensorFlow Lite Micro's arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.graph import ABSENT, Graph
from mlforge.compiler.ops import REMEMBERING
from tests.integration.test_kernels_on_cores import SANE, side_by_side
from tests.unit.compiler.cases import Maker, inputs_for
from tests.unit.compiler.registry import CASES, Reference
from tests.unit.compiler.test_dsp import sane
from tests.unit.compiler.tflite_writer import write_tflite

HERE = Path(__file__).parent
VECTORS = 2
SEEDS = 60  # graphs to choose from
PER_OPERATOR = 2
BUDGET_BYTES = 160  # of a graph's tensors: large enough to be no special case, small enough to commit
PER_SANE = 2  # with numbers that the kernels for cores are made for
BUDGET_SANE_BYTES = 900


def main() -> None:
    graph = _states_last(side_by_side(list(_graphs())))
    (HERE / "models" / "kernels.tflite").write_bytes(write_tflite(graph))
    arrays = inputs_for(graph, VECTORS, 1)
    reference = Reference(graph)
    rows = []
    for vector in range(VECTORS):
        given = [array[vector] for array in arrays]
        rows.append(f"{{\n\t{{{_text(given)}}},\n\t{{{_text(reference.run(given))}}},\n}},\n")
    (HERE / "src" / "vectors.inc").write_text("".join(rows), encoding="ascii")


def _graphs() -> Iterator[Graph]:
    """Of each operator the largest graphs that its budget has room for, their outputs named after it."""
    for kind in sorted(CASES):
        graphs = [CASES[kind](Maker(seed)) for seed in range(SEEDS)]
        chosen = _chosen(graphs, PER_OPERATOR, BUDGET_BYTES)
        if kind in SANE:
            chosen += _chosen([sane(CASES[kind](Maker(seed))) for seed in range(SEEDS)], PER_SANE, BUDGET_SANE_BYTES)
        for number, graph in enumerate(chosen):
            tensors = list(graph.tensors)
            for index in graph.outputs:
                tensors[index] = replace(tensors[index], name=f"{kind} {number}")
            for index, tensor in enumerate(tensors):
                if tensor.is_variable:  # shared by its name
                    tensors[index] = replace(tensor, name=f"{tensor.name} of {kind} {number}")
            yield replace(graph, tensors=tuple(tensors))


def _states_last(graph: Graph) -> Graph:
    """Variables of the signal library's operators behind all other tensors, as the reader puts them."""
    states = [node.inputs[-1] for node in graph.nodes if node.kind in REMEMBERING]
    order = [index for index in range(len(graph.tensors)) if index not in {*states}] + states
    place = {old: new for new, old in enumerate(order)} | {ABSENT: ABSENT}

    def moved(indices: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(place[index] for index in indices)

    return Graph(
        tuple(graph.tensors[index] for index in order),
        tuple(replace(node, inputs=moved(node.inputs), outputs=moved(node.outputs)) for node in graph.nodes),
        moved(graph.inputs),
        moved(graph.outputs),
    )


def _chosen(graphs: list[Graph], count: int, budget_bytes: int) -> list[Graph]:
    """Falls back to the smallest where there is none within the budget."""
    ordered = sorted(graphs, key=_size_bytes)
    fitting = [graph for graph in ordered if _size_bytes(graph) <= budget_bytes]
    return fitting[-count:] or ordered[:1]


def _size_bytes(graph: Graph) -> int:
    return sum(tensor.size_bytes for tensor in graph.tensors)


def _text(arrays: list[NDArray[np.generic]]) -> str:
    return ",".join(str(byte) for array in arrays for byte in array.tobytes())


if __name__ == "__main__":
    main()
