"""The smartwatch activity data that the `seglearn` package ships: 140 recordings, 10 people, 7 shoulder exercises.

Accelerometer and gyroscope at 50 Hz (D. Burns et al., "Shoulder physiotherapy exercise recognition", Physiological
Measurement 39, 2018). The file is a pickle: its hash is checked before it is opened, and the package, whose import
needs further packages, is never imported.
"""

from __future__ import annotations

import hashlib
import io
from importlib import metadata
from pathlib import Path
from typing import Final

import numpy as np

from mlforge.data.recordings import Recordings, Sampling, Source
from mlforge.errors import DataError

VERSION: Final = "1.2.5"
FILE: Final = "seglearn/data/watch_dataset.npy"
SHA256: Final = "eb122f23cdf06ef6bd6c6c5312958ec5cf9d038e2e6d457b8081662c75a42537"
HINT: Final = f"pip install --no-deps seglearn=={VERSION}"
RATE_HZ: Final = 50.0
CHANNELS: Final = ("ax", "ay", "az", "gx", "gy", "gz")


def load_seglearn_watch() -> Recordings:
    """Signals [frames, 6] float32; labels are the exercises' names; columns `subject` and `side`.

    Raises:
        DataError: the package is not installed, or its file is not the one that this loader knows.
    """
    path = _path()
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", file=path, hint=HINT) from error
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise DataError(f"not the file of seglearn {VERSION} (its SHA-256 differs)", file=path, hint=HINT)
    content = np.load(io.BytesIO(data), allow_pickle=True).item()
    names = [str(name) for name in content["y_labels"]]
    return Recordings(
        signals=[np.asarray(signal, dtype=np.float32) for signal in content["X"]],
        labels=np.array([names[int(label)] for label in content["y"]]),
        columns={
            "subject": np.array([str(int(subject)) for subject in content["subject"]]),
            "side": np.array([str(int(side)) for side in content["side"]]),
        },
        sources=[Source(path, row=index + 1) for index in range(len(content["X"]))],
        sampling=Sampling(rate_hz=RATE_HZ, channels=CHANNELS),
    )


def _path() -> Path:
    try:
        return Path(str(metadata.distribution("seglearn").locate_file(FILE)))
    except metadata.PackageNotFoundError:
        raise DataError("the package seglearn, which holds the data, is not installed", hint=HINT) from None
