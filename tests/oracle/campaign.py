"""Random operators and networks: our bytes, for every instruction set in turn, against the interpreter's."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mlforge.compiler import CompiledModel, Isa, compile_graph, read_tflite
from mlforge.compiler.graph import Graph
from tests.oracle.branches import branching
from tests.oracle.graphs import network
from tests.oracle.sound import is_defined, sound, sound_inputs
from tests.oracle.wheel import Arrays, Oracle, Refusal
from tests.unit.compiler.cases import Maker
from tests.unit.compiler.harness import run_models
from tests.unit.compiler.registry import OF_TFLITE
from tests.unit.compiler.tflite_writer import write_tflite

BATCH = 250  # models in one program
VECTORS = 2
NETWORKS = 3  # one of so many graphs is a network
BRANCHES = 8  # and one of so many of those has branches or loops
ISAS = tuple(Isa)
KINDS = tuple(sorted(OF_TFLITE))


@dataclass(frozen=True, slots=True)
class Disagreement:
    seed: int
    text: str


@dataclass(slots=True)
class Tally:
    same: int = 0
    refused: int = 0  # by the interpreter: types that it lacks
    undefined: int = 0


def graph_of(seed: int) -> Graph:
    """A network, or one operator; each kind in turn."""
    number, rest = divmod(seed, NETWORKS)
    if rest == 0 and number % BRANCHES == 0:
        return branching(seed)
    made = network(seed) if rest == 0 else OF_TFLITE[KINDS[(2 * number + rest) % len(KINDS)]](Maker(seed))
    return sound(made)


def run(oracle: Oracle, seeds: Sequence[int], tally: Tally) -> list[Disagreement]:
    """What differs. Raises what the compiler raises: each graph is one that it accepts."""
    found: list[Disagreement] = []
    for start in range(0, len(seeds), BATCH):
        found += _batch(oracle, seeds[start : start + BATCH], tally)
    return found


def _batch(oracle: Oracle, seeds: Sequence[int], tally: Tally) -> list[Disagreement]:
    files: dict[int, tuple[bytes, Arrays]] = {}
    models: dict[str, tuple[CompiledModel, Arrays]] = {}
    for seed in seeds:
        graph = graph_of(seed)
        if not is_defined(graph):
            tally.undefined += 1
            continue
        data, inputs = write_tflite(graph), sound_inputs(graph, VECTORS, seed)
        files[seed] = data, inputs
        # The interpreter judges the file, so ours is what the reader makes of it.
        models[f"m{seed}"] = compile_graph(read_tflite(data), f"m{seed}", ISAS[seed // NETWORKS % len(ISAS)]), inputs
    with tempfile.TemporaryDirectory() as place:
        ours = run_models(Path(place), models)
    found = []
    for seed, answer in zip(files, oracle.answers(list(files.values())), strict=True):
        if isinstance(answer, Refusal):
            tally.refused += 1
        elif any(a.tobytes() != b.tobytes() for a, b in zip(ours[f"m{seed}"], answer, strict=True)):
            found.append(Disagreement(seed, _where(seed, ours[f"m{seed}"], answer)))
        else:
            tally.same += 1
    return found


def _where(seed: int, ours: Arrays, theirs: Arrays) -> str:
    kinds = " ".join(node.kind for node in graph_of(seed).nodes)
    apart = [np.count_nonzero(a != b) for a, b in zip(ours, theirs, strict=True)]
    return f"{kinds} for {ISAS[seed // NETWORKS % len(ISAS)]}: {apart} values differ"
