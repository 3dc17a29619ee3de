"""What several engines make of one model, side by side: for `mlforge run --engine tflm,static`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from mlforge.records.program import Engine

if TYPE_CHECKING:
    from mlforge.app.run_model import ModelRun


def engines(text: str) -> tuple[Engine, ...]:
    """An argparse type: names of engines, each once, separated by commas."""
    names = text.split(",")
    known = ", ".join(Engine)
    if unknown := [name for name in names if name not in [str(engine) for engine in Engine]]:
        raise argparse.ArgumentTypeError(f"no engine is called {unknown[0]!r}: expected {known}")
    if len(set(names)) != len(names):
        raise argparse.ArgumentTypeError(f"{text}: name each engine once")
    return tuple(Engine(name) for name in names)


def same_outputs(runs: dict[Engine, ModelRun]) -> bool:
    """Whether all engines computed the same bytes."""
    first, *others = runs.values()
    return all(
        one.tobytes() == other.tobytes()
        for run in others
        for one, other in zip(first.outputs, run.outputs, strict=True)
    )


def mismatches(runs: dict[Engine, ModelRun]) -> dict[str, Any]:
    """How far the engines' outputs lie apart: `differing` of `values`, at most `largest` steps."""
    first, *others = runs.values()
    pairs = [
        (one.astype("f8"), other.astype("f8"))
        for run in others
        for one, other in zip(first.outputs, run.outputs, strict=True)
    ]
    return {
        "values": sum(one.size for one, _ in pairs),
        "differing": sum(int((one != other).sum()) for one, other in pairs),
        "largest": max((float(abs(one - other).max()) for one, other in pairs), default=0.0),
    }
