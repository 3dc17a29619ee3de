"""Examples from one .npz file: `x` [N, ...], `y` [N] or [N, outputs], further arrays of length N as columns."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlforge.data.dataset import Recordings, Source
from mlforge.errors import DataError


def load_npz(path: Path) -> Recordings:
    """Recordings are x[i]: [frames, channels], [features] or [height, width, channels]. Pickled objects are refused.

    Raises:
        DataError: not an .npz file, no `x` or `y`, object arrays, or lengths that differ.
    """
    arrays = _arrays(path)
    for name in ("x", "y"):
        if name not in arrays:
            found = ", ".join(sorted(arrays)) or "none"
            raise DataError(f"no array {name!r} (arrays: {found})", file=path, hint="numpy.savez(FILE, x=..., y=...)")
    x, y = arrays.pop("x"), arrays.pop("y")
    if x.ndim not in (2, 3, 4) or x.dtype.kind not in "fiu":
        raise DataError(f"x is {x.dtype} {x.shape}: expected numbers of 2 to 4 dimensions, [N, ...]", file=path)
    for name, array in (("y", y), *arrays.items()):
        if array.ndim == 0 or len(array) != len(x):
            raise DataError(f"{name} has shape {array.shape}, but x has {len(x)} examples", file=path)
    with np.errstate(over="ignore"):  # what overflows becomes infinite, and is then refused with its place
        signals = list(x.astype(np.float32))
    columns = {name: array for name, array in arrays.items() if array.ndim == 1}
    return Recordings(signals, y, columns, [Source(path, row=index + 1) for index in range(len(x))])


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        file = np.load(path, allow_pickle=False)
        if isinstance(file, np.ndarray):
            raise DataError("a single array: expected an .npz file with x and y", file=path)
        with file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        pickled = "object array" in str(error).lower()
        reason = "pickled objects, which are not accepted" if pickled else str(error)
        raise DataError(f"cannot be read as .npz: {reason}", file=path) from error
