"""With which TensorFlow Lite Micro the engine agrees byte for byte; docs/engine.md lists where others differ."""

from __future__ import annotations

from typing import Final

EXACT_WITH: Final = "tflite-micro 0.dev20261023182759"  # the wheel on PyPI; tests/oracle/newest.txt pins it
