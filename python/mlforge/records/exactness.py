"""With which TensorFlow Lite Micro the engine agrees byte for byte; docs/engine.md lists where others differ."""

from __future__ import annotations

from typing import Final

from mlforge.records.program import Engine, Program

EXACT_WITH: Final = "tflite-micro 0.dev20261023182759"  # the wheel on PyPI; tests/oracle/newest.txt pins it


def exactness(program: Program) -> dict[str, str]:
    """What `--json` says of it; nothing for a program that TensorFlow Lite Micro itself runs."""
    return {"exact_with": EXACT_WITH} if program.engine is Engine.STATIC else {}
