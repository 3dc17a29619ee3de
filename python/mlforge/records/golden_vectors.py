"""`GoldenVectors`: what a model saw and answered when it was made, as a bundle carries it: whole numbers only.

It lies beside the model as `NAME.bundle.npz`, and the lock names its hash.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import DataError
from mlforge.records.npz import read_npz

MAX_BYTES: Final = 1 << 22
CLASSIFICATION_BINS: Final = 16
ANOMALY_BINS: Final = 32
_TYPES: Final = {
    "mean": (np.int32, 1),
    "deviation": (np.uint32, 1),
    "class_shares": (np.uint16, 1),
    "score_shares": (np.uint16, 1),
    "inputs": (np.int8, 2),
    "outputs": (np.int8, 2),
}


@dataclass(frozen=True, slots=True, eq=False)
class GoldenVectors:
    """The baseline of drift, and vectors for a self-test.

    `mean`, `deviation`: [channels] of the int8 values at the model's input over the training split, in Q8.8 of such a
    unit. `class_shares`: [classes] of the decisions on the validation split, in Q0.16 (65535 for all); empty where the
    task has no classes. `score_shares`: [bins], see study/winner/golden_selection.py. `inputs` [V, input_bytes] and
    `outputs` [V, output_bytes]: examples, and what the host's engine answers from a reset model.
    """

    mean: NDArray[np.int32]
    deviation: NDArray[np.uint32]
    class_shares: NDArray[np.uint16]
    score_shares: NDArray[np.uint16]
    inputs: NDArray[np.int8]
    outputs: NDArray[np.int8]

    def to_bytes(self) -> bytes:
        """An .npz file: the same bytes for the same numbers."""
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        file = io.BytesIO()
        np.savez(file, **arrays)
        return file.getvalue()

    @classmethod
    def read(cls, path: Path) -> GoldenVectors:
        """Raises DataError where the file is none that `to_bytes` made."""
        arrays = read_npz(path, MAX_BYTES)
        if set(arrays) != set(_TYPES):
            raise DataError(f"has the arrays {', '.join(sorted(arrays)) or 'none'}: not of a model", file=path)
        for name, (dtype, rank) in _TYPES.items():
            array = arrays[name]
            if array.dtype != dtype or array.ndim != rank:
                raise DataError(f"`{name}` is {array.dtype} {array.shape}", file=path)
        if len(arrays["mean"]) != len(arrays["deviation"]) or len(arrays["inputs"]) != len(arrays["outputs"]):
            raise DataError("arrays of different lengths", file=path)
        return cls(**arrays)
