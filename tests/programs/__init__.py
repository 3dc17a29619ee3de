"""Programs written by hand, for tests of targets that must not depend on the compiler."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlforge.records.program import Operator, Program

HERE = Path(__file__).parent


def source(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def tiny() -> Program:
    operators = (
        Operator(0, "SUM", "sum", "tiny_op0_sum", 4, 1),
        Operator(1, "DIFFERENCE", "difference", "tiny_op1_difference", 4, 1),
    )
    return _program("tiny", 32, 4, 2, operators)


def tiny_outputs(inputs: NDArray[np.int8]) -> NDArray[np.int8]:
    """What `tiny` makes of inputs int8 [N, 4]."""
    wide = inputs.astype(np.int32)
    rest = wide[:, 1] + wide[:, 2] + wide[:, 3]
    return np.stack([wide[:, 0] + rest + 3, wide[:, 0] - rest - 5], axis=1).astype(np.int8)


def windowed() -> Program:
    """`tiny` with a feature pipeline."""
    plain = tiny()
    names = ("windowed_pipeline.c", "windowed_pipeline.h")
    sources = {**plain.sources, **{name: source(name) for name in names}}
    return replace(plain, sources=sources, pipeline_symbol="windowed_pipeline", pipeline_header=names[1])


def windowed_features(frames: NDArray[np.int32]) -> NDArray[np.int8]:
    """What `windowed` makes of even-numbered frames int32 [F, 2]."""
    values = (frames // 2 + 1).clip(-128, 127).astype(np.int8)
    return np.concatenate([values[:-1], values[1:]], axis=1)


def wide() -> Program:
    return _program("wide", 8016, 8000, 2, (Operator(0, "SUMS", "sums", "wide_op0_sums", 0, 0),))


def wide_outputs(inputs: NDArray[np.int8]) -> NDArray[np.int8]:
    """What `wide` makes of inputs int8 [N, 8000]."""
    parts = inputs[:, :5000], inputs[:, 5000:]
    return np.stack([part.astype(np.int32).sum(axis=1).astype(np.int8) for part in parts], axis=1)


def counted() -> Program:
    operators = (
        Operator(0, "LOOP", "loop", "counted_op0_loop", 0, 0),
        Operator(1, "STACK", "stack", "counted_op1_stack", 0, 0),
    )
    return _program("counted", 16, 4, 4, operators)


def broken() -> Program:
    return _program("broken", 16, 4, 4, (Operator(0, "GO", "go", "broken_op0_go", 0, 0),))


def _program(name: str, arena: int, inputs: int, outputs: int, operators: tuple[Operator, ...]) -> Program:
    sources = {file: source(file) for file in (f"{name}.c", f"{name}.h")}
    return Program(name, sources, f"{name}_model", f"{name}.h", arena, inputs, outputs, operators)
