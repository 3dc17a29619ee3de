"""Examples from one .npz file: `x` [N, ...], `y` [N] or [N, outputs], further arrays of length N as columns."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from mlforge.data.reading import Reading
from mlforge.data.recordings import Recordings, Rows, Stacked
from mlforge.errors import DataError
from mlforge.records.npz import read_npz

MAX_BYTES: Final = 1 << 31  # of a data set, which has to fit into memory several times over


def load_npz(path: Path, reading: Reading) -> Recordings:
    """Recordings are x[i]: [frames, channels], [features] or [height, width, channels]. Pickled objects are refused.

    Raises:
        DataError: not an .npz file, no `x` or `y`, object arrays, or lengths that differ.
    """
    reading.expect([path])
    arrays = read_npz(path, MAX_BYTES, lambda offset: reading.at(path, offset))
    for name in ("x", "y"):
        if name not in arrays:
            found = ", ".join(sorted(arrays)) or "none"
            raise DataError(f"no array {name!r} (arrays: {found})", file=path, hint="numpy.savez(FILE, x=..., y=...)")
    x, y = arrays.pop("x"), arrays.pop("y")
    if x.ndim not in (2, 3, 4) or x.dtype.kind not in "fiub":
        raise DataError(f"x is {x.dtype} {x.shape}: expected numbers of 2 to 4 dimensions, [N, ...]", file=path)
    for name, array in (("y", y), *arrays.items()):
        if array.ndim == 0 or len(array) != len(x):
            raise DataError(f"{name} has shape {array.shape}, but x has {len(x)} examples", file=path)
    with np.errstate(over="ignore"):  # what overflows becomes infinite, and is then refused with its place
        signals = Stacked(np.ascontiguousarray(x, dtype=np.float32))
    columns = {name: array for name, array in arrays.items() if array.ndim == 1}
    return Recordings(signals, y, columns, Rows(path, np.arange(1, len(x) + 1)))
