"""Arrays from an untrusted .npz file: what it claims is held against a limit before memory is taken.

An .npz file is a zip archive of .npy files: a header that is a Python literal, then the array's bytes
(numpy.lib.format). Knows nothing of what the arrays mean.
"""

from __future__ import annotations

import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any, Final, TypeAlias

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from mlforge.errors import DataError

Told: TypeAlias = Callable[[int], None]

MAX_ARRAYS: Final = 1024
_MAX_HEADER_BYTES: Final = 1 << 16

# What zipfile and numpy raise for a file that is none of theirs.
_STUMBLES: Final = (
    OSError,
    ValueError,
    EOFError,
    RuntimeError,  # an encrypted archive; also NotImplementedError and RecursionError
    SyntaxError,
    TypeError,
    KeyError,
    OverflowError,
    MemoryError,
    tokenize.TokenError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


def read_npz(path: Path, max_bytes: int, told: Told | None = None) -> dict[str, NDArray[Any]]:
    """All arrays by name, together at most `max_bytes`. Pickled objects are refused.

    Args:
        told: called now and then with the number of the file's bytes that are read.

    Raises:
        DataError: not an .npz file, damaged, or larger.
    """
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise DataError("cannot be read as .npz: not a file", file=path)
    try:
        with path.open("rb") as file:
            if file.read(len(npy.MAGIC_PREFIX)) == npy.MAGIC_PREFIX:
                raise DataError("a single array: expected an .npz file", file=path)
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if len(entries) > MAX_ARRAYS or sum(entry.file_size for entry in entries) > max_bytes:
                raise DataError(f"more than {MAX_ARRAYS} arrays, or than {max_bytes >> 20} MiB of them", file=path)
            return {entry.filename.removesuffix(".npy"): _array(archive, entry, path, told) for entry in entries}
    except DataError:
        raise
    except _STUMBLES as error:
        words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DataError(f"cannot be read as .npz: {(words.splitlines() or ['damaged'])[0]}", file=path) from error


@dataclass(frozen=True, slots=True)
class _Watched:
    """An entry's stream that tells how far the archive is read."""

    stream: IO[bytes]
    archive: zipfile.ZipFile
    told: Told

    def read(self, size: int = -1) -> bytes:
        if self.archive.fp is not None:
            self.told(self.archive.fp.tell())
        return self.stream.read(size)


def _array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, told: Told | None) -> NDArray[Any]:
    with archive.open(entry) as stream:
        shape, dtype, header_bytes = _header(stream, entry.filename, path)
        if dtype.hasobject:
            reason = f"{entry.filename}: cannot be read as .npz: pickled objects, which are not accepted"
            raise DataError(reason, file=path)
        if prod(shape) * dtype.itemsize != entry.file_size - header_bytes or any(size < 0 for size in shape):
            held = entry.file_size - header_bytes
            raise DataError(f"{entry.filename}: {dtype} {shape} does not fit the {held} bytes that it has", file=path)
    with archive.open(entry) as stream:
        source: Any = _Watched(stream, archive, told) if told else stream
        array: NDArray[Any] = npy.read_array(source, allow_pickle=False, max_header_size=_MAX_HEADER_BYTES)
        if stream.read(1):  # the last byte read is what makes zipfile check the sum
            raise DataError(f"{entry.filename}: longer than it says", file=path)
        return array


def _header(stream: IO[bytes], name: str, path: Path) -> tuple[tuple[int, ...], np.dtype[Any], int]:
    """Shape, type and the header's own length in bytes."""
    version = npy.read_magic(stream)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in readers:
        raise DataError(f"{name}: .npy of version {version[0]}.{version[1]}: expected 1.0 or 2.0", file=path)
    shape, _, dtype = readers[version](stream, max_header_size=_MAX_HEADER_BYTES)
    return shape, dtype, stream.tell()
