"""Archives of arrays as they should be, and as somebody with ill will would make them."""

from __future__ import annotations

import os
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlforge.errors import DataError
from mlforge.records.npz import read_npz

LIMIT = 1 << 20


def header(shape: str, descr: str = "|i1", version: int = 1) -> bytes:
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY" + bytes((version, 0)) + struct.pack("<H", len(text)) + text


def archive(path: Path, *entries: tuple[str, bytes]) -> bytes:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in entries:
            file.writestr(name, data)
    return path.read_bytes()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_reads_what_numpy_writes(save: Callable[..., None], tmp_path: Path) -> None:
    arrays: dict[str, Any] = {
        "x": np.arange(12, dtype=np.float32).reshape(3, 4),
        "t": np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3)),
        "scalar": np.int8(3),
        "empty": np.zeros((0, 4), np.int32),
        "names": np.array(["a", "bc"]),
    }
    save(tmp_path / "a.npz", **arrays)
    found = read_npz(tmp_path / "a.npz", LIMIT)
    assert sorted(found) == sorted(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype


ENTRIES: dict[str, tuple[bytes, str]] = {
    "enormous shape": (header("(1000000000000,)"), "does not fit the 0 bytes"),
    "shape that overflows": (header("(4294967296, 4294967296, 4294967296)"), "does not fit"),
    "negative shape": (header("(-1, -1)") + b"x", "does not fit"),
    "shape of text": (header("'ab'"), "cannot be read"),
    "too short": (header("(100,)") + b"abc", "does not fit the 3 bytes"),
    "too long": (header("(1,)") + b"abc", "does not fit the 3 bytes"),
    "bomb": (header(f"({LIMIT},)") + bytes(LIMIT), "MiB"),
    "pickled objects": (header("(1,)", "|O") + b"\x80\x04K\x01.", "pickled objects"),
    "unknown type": (header("(1,)", "<q99"), "cannot be read"),
    "unknown version": (header("(1,)", version=9) + b"x", "version 9.0"),
    "header of brackets": (b"\x93NUMPY\x01\0\xff\xff" + b"[" * 65535, "cannot be read"),
    "header longer than the file": (b"\x93NUMPY\x02\0\xff\xff\xff\x7f(", "cannot be read"),
    "header that is code": (header("__import__('os').getpid()"), "cannot be read"),
    "no array": (b"hello", "cannot be read"),
    "nothing": (b"", "cannot be read"),
}


@pytest.mark.parametrize("case", sorted(ENTRIES))
def test_refuses_entries(case: str, tmp_path: Path) -> None:
    data, words = ENTRIES[case]
    archive(tmp_path / "a.npz", ("x.npy", data))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=words):
            read_npz(tmp_path / "a.npz", LIMIT)
        assert tracemalloc.get_traced_memory()[1] < 32 * LIMIT
    finally:
        tracemalloc.stop()


def test_refuses_many_small_arrays_that_are_large_together(tmp_path: Path) -> None:
    one = header("(10000,)") + bytes(10000)
    archive(tmp_path / "a.npz", *((f"x{index}.npy", one) for index in range(110)))
    with pytest.raises(DataError, match="MiB"):
        read_npz(tmp_path / "a.npz", LIMIT)
    archive(tmp_path / "a.npz", *((f"x{index}.npy", b"") for index in range(2000)))
    with pytest.raises(DataError, match="more than 1024 arrays"):
        read_npz(tmp_path / "a.npz", LIMIT)


def test_archive_that_lies_about_a_size(tmp_path: Path) -> None:
    """The directory claims a few bytes; the stream holds more."""
    data = archive(tmp_path / "a.npz", ("x.npy", header("(500000,)") + bytes(500_000)))
    size = struct.pack("<I", 128 + 500_000)
    assert data.count(size) == 2
    (tmp_path / "a.npz").write_bytes(data.replace(size, struct.pack("<I", 128 + 10)))
    with pytest.raises(DataError):
        read_npz(tmp_path / "a.npz", LIMIT)


def test_every_cut_and_many_flips_end_as_data_errors_or_arrays(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.arange(40, dtype=np.int8), y=np.ones((3, 2), np.float32))
    data = path.read_bytes()
    chance = np.random.default_rng(3)
    refused = 0
    cuts = [data[:length] for length in range(0, len(data), 3)]
    for broken in [*cuts, *(flipped(data, chance) for _ in range(600))]:
        path.write_bytes(broken)
        try:
            read_npz(path, LIMIT)
        except DataError:
            refused += 1
    assert len(cuts) < refused


def flipped(data: bytes, chance: np.random.Generator) -> bytes:
    out = bytearray(data)
    for position in chance.integers(len(out), size=chance.integers(1, 4)):
        out[position] = chance.integers(256)
    return bytes(out)


@pytest.mark.parametrize("data", [b"", b"PK", b"\x80\x04K\x01."])
def test_refuses_other_files(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(DataError, match=r"cannot be read as \.npz"):
        read_npz(tmp_path / "a.npz", LIMIT)
    os.mkfifo(tmp_path / "pipe.npz")
    for path in (tmp_path, tmp_path / "missing.npz", tmp_path / "pipe.npz"):
        with pytest.raises(DataError, match=r"cannot be read as \.npz"):
            read_npz(path, LIMIT)
    np.save(tmp_path / "b.npz.npy", np.zeros(3))
    with pytest.raises(DataError, match="a single array"):
        read_npz(tmp_path / "b.npz.npy", LIMIT)
