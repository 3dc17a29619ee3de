"""The arithmetic of drift in C against numpy's doubles, within the bounds that drift.h states."""

from __future__ import annotations

import ctypes
import math

import numpy as np
import pytest

from tests.unit.monitor.native import Moments, Pair, Tensor, library, pointer

LEAST = 2.0**-10


def moments(values: np.ndarray) -> tuple[int, int]:
    sums = Moments(int(values.astype(np.int64).sum()), int(np.square(values.astype(np.int64)).sum()))
    pair = library().mlforge_moments_read(ctypes.byref(sums), ctypes.c_uint32(values.size))
    return pair.mean, pair.deviation


@pytest.mark.parametrize("count", [1, 2, 3, 768, 100_003])
@pytest.mark.parametrize("seed", range(4))
def test_moments_are_numpys(count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    spread = random.uniform(0.01, 120)
    values = np.clip(np.rint(random.normal(random.uniform(-100, 100), spread, count)), -128, 127).astype(np.int8)
    mean, deviation = moments(values)
    assert abs(mean - values.mean() * 256) <= 0.5 + 1e-6
    assert abs(deviation - values.std() * 256) <= 0.51


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.full(10, -128, np.int8), (-32768, 0)),
        (np.full(10, 127, np.int8), (127 * 256, 0)),
        (np.array([-128, 127], np.int8), (-128, 32640)),
        (np.array([-1, 0, 0], np.int8), (-85, 121)),
    ],
)
def test_moments_at_the_ends(values: np.ndarray, expected: tuple[int, int]) -> None:
    assert moments(values) == expected


def test_moments_of_nothing_and_of_very_many() -> None:
    read = library().mlforge_moments_read
    assert (read(ctypes.byref(Moments(0, 0)), 0).mean, read(ctypes.byref(Moments(0, 0)), 0).deviation) == (0, 0)
    count = 2**32 - 1
    pair = read(ctypes.byref(Moments(-128 * count, 16384 * count)), ctypes.c_uint32(count))
    assert (pair.mean, pair.deviation) == (-32768, 0)
    pair = read(ctypes.byref(Moments(-count, 16384 * count)), ctypes.c_uint32(count))
    assert (pair.mean, pair.deviation) == (-256, round(math.sqrt(16384 - 1) * 256))


def test_ageing_keeps_the_moments() -> None:
    values = np.random.default_rng(1).normal(20, 9, 10_000).astype(np.int8)
    sums = Moments(int(values.astype(np.int64).sum()), int(np.square(values.astype(np.int64)).sum()))
    library().mlforge_moments_age(ctypes.byref(sums))
    pair = library().mlforge_moments_read(ctypes.byref(sums), values.size // 2)
    assert abs(pair.mean - values.mean() * 256) <= 1
    assert abs(pair.deviation - values.std() * 256) <= 1


def test_square_roots() -> None:
    function = library().mlforge_sqrt
    edges = [0, 1, 2, 3, 4, 2**32 - 1, 2**32, 2**62, 2**63, 2**64 - 1, (2**32 - 1) ** 2, (2**32 - 1) ** 2 - 1]
    edges += [int(value) for value in np.random.default_rng(1).integers(0, 2**63, 500)]
    assert all(function(ctypes.c_uint64(value)) == math.isqrt(value) for value in edges)


def test_logarithms() -> None:
    values = [1, 2, 3, 2**31, 2**32 - 1, *np.random.default_rng(2).integers(1, 2**32, 3000).tolist(), *range(1, 3000)]
    for value in values:
        off = math.log2(value) * 65536 - library().mlforge_log2(ctypes.c_uint32(value))
        assert -1e-3 <= off < 1.001, value


def psi(counts: np.ndarray, shares: np.ndarray) -> float:
    held = counts.astype(np.uint32), shares.astype("<u2")
    return float(library().mlforge_psi(pointer(held[0]), pointer(held[1]), len(counts)) / 65536)


def numpys_psi(counts: np.ndarray, shares: np.ndarray) -> float:
    with np.errstate(all="raise"):
        seen = np.maximum(counts / counts.sum(), LEAST)
        expected = np.maximum(shares / 65535, LEAST)
        return float(((seen - expected) * np.log(seen / expected)).sum())


@pytest.mark.parametrize("bins", [1, 2, 3, 16, 32, 255])
def test_psi_is_numpys(bins: int) -> None:
    random = np.random.default_rng(bins)
    for _ in range(200):
        counts = random.integers(0, random.choice([2, 50, 4096, 2**24]), bins)
        counts[random.integers(bins)] += 1
        counts[random.random(bins) < random.choice([0, 0.5, 0.9])] = 0
        counts[0] += counts.sum() == 0
        shares = np.rint(random.dirichlet(np.full(bins, random.choice([0.05, 1, 10]))) * 65535)
        assert psi(counts, shares) == pytest.approx(numpys_psi(counts, shares), abs=1e-4)


def test_psi_of_the_same_of_nothing_and_of_the_opposite() -> None:
    shares = np.array([32768, 0, 32767])
    assert psi(np.array([500, 0, 500]), shares) < 1e-4
    assert psi(np.zeros(3), shares) == 0
    assert psi(np.array([0, 7, 0]), shares) == pytest.approx(numpys_psi(np.array([0, 7, 0]), shares), abs=1e-4)
    assert psi(np.array([2**32 - 1, 0]), np.array([0, 65535])) == pytest.approx(
        2 * (1 - LEAST) * math.log(1024), abs=1e-4
    )
    assert psi(np.zeros(0), np.zeros(0)) == 0


def normal_index(seen: tuple[int, int], expected: tuple[int, int]) -> int:
    return int(library().mlforge_normal_index(Pair(*seen), Pair(*expected)))


def numpys_index(seen: tuple[int, int], expected: tuple[int, int]) -> float:
    v1, v2 = (max(pair[1], 74) ** 2 for pair in (seen, expected))
    return ((v1 - v2) ** 2 + (seen[0] - expected[0]) ** 2 * (v1 + v2)) / (2 * v1 * v2)


def test_the_index_of_normal_distributions() -> None:
    random = np.random.default_rng(3)
    for _ in range(3000):
        means = random.integers(-32768, 32769, 2) if random.random() < 0.5 else random.integers(-300, 300, 2)
        deviations = np.rint(np.exp(random.uniform(0, math.log(32768), 2))).astype(int)
        seen, expected = ((int(mean), int(deviation)) for mean, deviation in zip(means, deviations, strict=True))
        wanted = min(numpys_index(seen, expected), (2**32 - 1) / 65536)
        assert normal_index(seen, expected) / 65536 == pytest.approx(wanted, rel=2.0**-15, abs=2.0**-15)


def test_the_index_at_the_ends() -> None:
    assert normal_index((0, 0), (0, 0)) == 0
    assert normal_index((5, 30), (5, 74)) == 0
    assert normal_index((-32768, 0), (32767, 0)) == 2**32 - 1
    assert normal_index((-32768, 32768), (32768, 32768)) == 4 * 65536
    assert normal_index((0, 0), (0, 16384)) == pytest.approx(numpys_index((0, 0), (0, 16384)) * 65536, rel=1e-4)
    # Half a deviation is what the usual limit of the index, 0.25, lets through.
    assert normal_index((128, 256), (0, 256)) == 0.25 * 65536


def error_q16(scales: tuple[float, float], zeros: tuple[int, int], given: np.ndarray, made: np.ndarray) -> int:
    one, other = (Tensor(bytes=len(given), scale=scales[i], zero_point=zeros[i]) for i in range(2))
    return int(library().mlforge_error_q16(ctypes.byref(one), pointer(given), ctypes.byref(other), pointer(made)))


def numpys_error(scales: tuple[float, float], zeros: tuple[int, int], given: np.ndarray, made: np.ndarray) -> float:
    real = [
        (values.astype(np.float64) - zero) * np.float64(np.float32(scale))
        for values, zero, scale in zip((given, made), zeros, scales, strict=True)
    ]
    return float(np.square(real[0] - real[1]).mean() * 65536)


@pytest.mark.parametrize("count", [1, 7, 384, 65536])
@pytest.mark.parametrize(
    "scales",
    [(0.02, 0.02), (0.031, 0.027), (0.027, 0.031), (1e-4, 3.0), (3.0, 1e-6), (1e-6, 1e-6), (0.5, 7e-30), (50, 49)],
)
def test_errors_of_reconstruction(count: int, scales: tuple[float, float]) -> None:
    random = np.random.default_rng(count)
    for near in (False, True):
        zeros = (int(random.integers(-128, 128)), int(random.integers(-128, 128)))
        given, made = random.integers(-128, 128, (2, count), dtype=np.int8)
        if near:  # as good as a model can be: what cancels is much larger than what is left
            real = (
                (given.astype(np.float64) - zeros[0]) * scales[0] / scales[1] + zeros[1] + random.integers(-2, 3, count)
            )
            made = np.clip(np.rint(real), -128, 127).astype(np.int8)
        exact = min(numpys_error(scales, zeros, given, made), 2**32 - 1)
        assert abs(error_q16(scales, zeros, given, made) - exact) <= 1 + 8 * max(scales) ** 2 + exact * 1e-12


def test_errors_at_the_ends() -> None:
    low, high = np.full(16, -128, np.int8), np.full(16, 127, np.int8)
    assert error_q16((0.5, 0.5), (127, -128), low, high) == round(255.0**2 * 65536)
    assert error_q16((1.0, 1.0), (127, -128), low, high) == 2**32 - 1
    assert error_q16((0.5, 0.5), (3, 3), high, high) == 0
    assert error_q16((1e-30, 1e-30), (127, -128), low, high) == 0
    assert error_q16((1e30, 1e30), (127, -128), low, high) == 2**32 - 1
    assert error_q16((1e30, 1e30), (0, 0), low, low) == 0
    assert error_q16((1.0, 1.0), (0, 0), low[:0], high[:0]) == 0
