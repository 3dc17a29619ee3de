"""Programs written by hand, for tests of targets that must not depend on the compiler."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlforge.records.program import Operator, Program

HERE = Path(__file__).parent
OPERATORS = (
    Operator(0, "SUM", "sum", "tiny_op0_sum", 4, 1),
    Operator(1, "DIFFERENCE", "difference", "tiny_op1_difference", 4, 1),
)


def text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def tiny(**changes: str) -> Program:
    """The hand-written model; `changes` replace source files by name, dots written as underscores."""
    sources = {"tiny.c": text("tiny.c"), "tiny.h": text("tiny.h")}
    sources |= {name.replace("_", "."): body for name, body in changes.items()}
    return Program("tiny", sources, "tiny_model", "tiny.h", 32, 4, 2, OPERATORS)


def expected(inputs: NDArray[np.int8]) -> NDArray[np.int8]:
    """What `tiny` makes of inputs int8 [N, 4]."""
    wide = inputs.astype(np.int32)
    rest = wide[:, 1] + wide[:, 2] + wide[:, 3]
    return np.stack([wide[:, 0] + rest + 3, wide[:, 0] - rest - 5], axis=1).astype(np.int8)
