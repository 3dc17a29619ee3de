"""Small networks that were trained for these tests, and the bytes that TensorFlow Lite Micro makes of their inputs.

`python -m tests.networks.make` made them; they are committed, because what a converter writes changes with its version.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
NAMES = tuple(sorted(path.stem for path in HERE.glob("*.tflite")))


def model_of(name: str) -> bytes:
    return (HERE / f"{name}.tflite").read_bytes()


def golden_of(name: str) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
    """The one input and the one output, vectors first."""
    with np.load(HERE / f"{name}.npz") as file:
        return file["input"], file["output"]
