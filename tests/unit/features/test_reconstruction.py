"""The anomaly score in C against the one that the study judges models by."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest

from mlforge.measure.quality import reconstruction_error
from mlforge.toolchain.host import shared_library
from mlforge.toolchain.sources import root


class Tensor(ctypes.Structure):
    """struct mlforge_tensor."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("offset", ctypes.c_uint32),
        ("bytes", ctypes.c_uint32),
        ("scale", ctypes.c_float),
        ("zero_point", ctypes.c_int32),
        ("type", ctypes.c_uint8),
        ("rank", ctypes.c_uint8),
        ("shape", ctypes.c_uint16 * 6),
    )


def in_c(scales: tuple[float, float], zeros: tuple[int, int], given: np.ndarray, made: np.ndarray) -> float:
    library = ctypes.CDLL(str(_library()))
    function = library.mlforge_reconstruction_error
    function.restype = ctypes.c_double
    tensors = [Tensor(bytes=len(given), scale=scales[i], zero_point=zeros[i]) for i in range(2)]
    return float(
        function(ctypes.byref(tensors[0]), given.ctypes.data_as(ctypes.c_void_p),
                 ctypes.byref(tensors[1]), made.ctypes.data_as(ctypes.c_void_p))
    )  # fmt: skip


def _library() -> Path:
    return shared_library("reconstruction", [root() / "runtime" / "features" / "reconstruction.c"])


@pytest.mark.parametrize("count", [1, 7, 384, 60_000])
@pytest.mark.parametrize(
    ("scales", "zeros"), [((0.02, 0.02), (0, 0)), ((0.031, 0.027), (-128, 127)), ((1e-4, 3.0), (5, -9))]
)
def test_same_as_on_the_host(count: int, scales: tuple[float, float], zeros: tuple[int, int]) -> None:
    random = np.random.default_rng(count)
    given, made = random.integers(-128, 128, (2, count), dtype=np.int8)
    real = [
        (values.astype(np.float64) - zero) * np.float64(np.float32(scale))
        for values, zero, scale in zip((given, made), zeros, scales, strict=True)
    ]
    expected = reconstruction_error(real[1][None], real[0][None])[0, 0]
    assert in_c(scales, zeros, given, made) == pytest.approx(expected, rel=1e-9)


def test_corners() -> None:
    low, high = np.full(16, -128, np.int8), np.full(16, 127, np.int8)
    assert in_c((1.0, 1.0), (127, -128), low, high) == 510.0**2
    assert in_c((0.5, 0.5), (3, 3), high, high) == 0.0
    assert in_c((1.0, 1.0), (0, 0), low[:0], high[:0]) == 0.0
