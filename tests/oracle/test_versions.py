"""Which version the engine agrees with, and that it is not the one that Zephyr pins."""

from __future__ import annotations

import sys
from pathlib import Path

from mlforge.compiler import read_tflite
from mlforge.records.exactness import EXACT_WITH
from tests.oracle.sound import sound, sound_inputs
from tests.oracle.wheel import Oracle, Refusal, install
from tests.programs.require import inapplicable
from tests.unit.compiler.cases import Maker
from tests.unit.compiler.registry import OF_TFLITE, Reference
from tests.unit.compiler.tflite_writer import write_tflite

HERE = Path(__file__).parent
DIFFERENT = ("TRANSPOSE_CONV", "RESIZE_NEAREST_NEIGHBOR", "SUM")  # as docs/engine.md lists them
ALIKE = ("CONCATENATION", "FULLY_CONNECTED", "AVERAGE_POOL_2D", "LOGISTIC", "SOFTMAX", "MEAN", "ADD", "MUL")
SEEDS = 16


def test_the_documented_version_is_the_tested_one() -> None:
    assert EXACT_WITH.replace(" ", "==") in (HERE / "newest.txt").read_text()
    assert EXACT_WITH.partition(" ")[2] in (HERE.parents[1] / "docs" / "engine.md").read_text()


def differing(oracle: Oracle, kind: str) -> int:
    graphs = [sound(OF_TFLITE[kind](Maker(seed))) for seed in range(SEEDS)]
    questions = [(write_tflite(graph), sound_inputs(graph, 1, seed)) for seed, graph in enumerate(graphs)]
    count = 0
    for (data, inputs), answer in zip(questions, oracle.answers(questions), strict=True):
        if not isinstance(answer, Refusal):
            expected = Reference(read_tflite(data)).run([array[0] for array in inputs])
            count += any(a[0].tobytes() != b.tobytes() for a, b in zip(answer, expected, strict=True))
    return count


def test_where_the_older_version_differs() -> None:
    if sys.version_info >= (3, 12):
        inapplicable("PyPI has the older wheel for Python 3.10 and 3.11")
    older = install("zephyr.txt")
    assert all(differing(older, kind) for kind in DIFFERENT)
    assert not any(differing(older, kind) for kind in ALIKE)
