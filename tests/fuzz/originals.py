"""The sound files that are mutated: one small model for each operator, two of many operators, and real models."""

from __future__ import annotations

from mlforge.compiler.from_architecture import lower_architecture
from tests.fuzz.mutate import Original, original
from tests.programs.models import MODELS
from tests.unit.compiler.cases import Maker
from tests.unit.compiler.registry import CASES
from tests.unit.compiler.test_reader import ARCHITECTURE
from tests.unit.compiler.tflite_writer import write_tflite


def small(seeds: int = 3) -> list[Original]:
    """Files of a few kilobytes: `seeds` for each operator."""
    made = [original("architecture", write_tflite(lower_architecture(ARCHITECTURE, 1)), 8.0)]
    made += [
        original(f"{k} {s}", write_tflite(CASES[k](Maker(s))), 1.0) for k in sorted(CASES) for s in range(5, 5 + seeds)
    ]
    return made


def real() -> list[Original]:
    """The models of the MLPerf Tiny benchmark, where they are at hand; see tests/programs/models.py."""
    return [original(path.stem, path.read_bytes(), 4.0) for path in sorted(MODELS.glob("*.tflite"))]
