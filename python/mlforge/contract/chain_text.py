"""A chain of stages as one line for people, branches within it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import MISSING, fields
from typing import Any

from mlforge.contract.stages import BranchesSpec, StageSpec
from mlforge.contract.stages_user import UserSpec


def chain_text(stages: Sequence[StageSpec]) -> str:
    """`frame (length 480, hop 320) → branches [statistics (of rms) | fft (size 512)]`: what differs from a default."""
    return " → ".join(map(_stage, stages)) or "as they are"


def _stage(stage: StageSpec) -> str:
    if isinstance(stage, BranchesSpec):
        return f"branches [{' | '.join(map(chain_text, stage.branches))}]"
    if isinstance(stage, UserSpec):
        return f"user ({stage.function} of {stage.file})"
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", type(stage).__name__.removesuffix("Spec")).lower()
    settings = [
        f"{one.name.removesuffix('_hz')} {_value(getattr(stage, one.name))}{' Hz' if one.name.endswith('_hz') else ''}"
        for one in fields(stage)
        if one.default is MISSING or getattr(stage, one.name) != one.default
    ]
    return f"{name} ({', '.join(settings)})" if settings else name


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(map(_value, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
