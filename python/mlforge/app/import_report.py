"""What an import says: how far the int8 model is from its source, and where it begins to be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Departure:
    """The first operator that is further from its source than a stage's tolerance."""

    stage: str
    kind: str
    name: str
    error: float


@dataclass(frozen=True, slots=True)
class ImportReport:
    """`errors`: at the output, of the float and of the int8 model, relative to the source. `agreement`: the share of
    examples whose largest output is the source's; None of one output. `input_order`: see Conversion. `engine`: why
    MLForge's engine cannot compile the model, else empty."""

    framework: str
    converter: str
    source_shape: tuple[int, ...]
    input_order: tuple[int, ...]
    examples: int
    float_error: float
    int8_error: float
    float_agreement: float | None
    int8_agreement: float | None
    departure: Departure | None
    engine: str


@dataclass(frozen=True, slots=True)
class Imported:
    """`floats`: what the int8 model was made of, a float `.tflite` or Keras archive; of trees and linear models, the
    source itself."""

    tflite: bytes
    report: ImportReport
    floats: bytes
    is_network: bool


def agreement(source: NDArray[np.float32], ours: NDArray[np.float32]) -> float | None:
    """The share of examples whose largest output is the source's; None of one output."""
    if source.ndim != 2 or source.shape[1] < 2:
        return None
    return float((source.argmax(axis=1) == ours.reshape(len(ours), -1).argmax(axis=1)).mean())
