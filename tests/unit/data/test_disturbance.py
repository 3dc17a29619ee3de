"""Each disturbance does what its name and magnitude say, the same on every run, and leaves its input alone."""

from __future__ import annotations

import numpy as np
import pytest

from mlforge.data.disturbance import Kind, disturb, statistics

RANDOM = np.random.default_rng(0)
SIGNALS = [(RANDOM.standard_normal((500, 3)) * [1.0, 5.0, 0.0] + [0.0, 9.8, 2.0]).astype(np.float32) for _ in range(8)]
MEAN, DEVIATION = statistics(SIGNALS)


def test_statistics_are_those_of_all_frames() -> None:
    np.testing.assert_allclose(MEAN, [0.0, 9.8, 2.0], atol=0.3)
    np.testing.assert_allclose(DEVIATION, [1.0, 5.0, 0.0], rtol=0.05, atol=1e-6)


@pytest.mark.parametrize("kind", Kind)
def test_is_repeatable_and_of_the_same_shape(kind: Kind) -> None:
    before = [signal.copy() for signal in SIGNALS]
    first, again = (disturb(SIGNALS, kind, 0.2, MEAN, DEVIATION) for _ in range(2))
    for original, kept, one, other in zip(SIGNALS, before, first, again, strict=True):
        assert np.array_equal(original, kept)
        assert np.array_equal(one, other)
        assert one.shape == original.shape and one.dtype == np.float32
        assert not np.array_equal(one, original)
    unchanged = disturb(SIGNALS, kind, 0.0, MEAN, DEVIATION)
    assert all(np.array_equal(*pair) for pair in zip(SIGNALS, unchanged, strict=True))


def test_noise_is_in_deviations_of_its_channel() -> None:
    added = np.concatenate(disturb(SIGNALS, Kind.NOISE, 0.2, MEAN, DEVIATION)) - np.concatenate(SIGNALS)
    np.testing.assert_allclose(added.std(axis=0), 0.2 * DEVIATION, rtol=0.05, atol=1e-6)


def test_offset_and_gain_are_one_number_per_recording_and_channel() -> None:
    for before, after in zip(SIGNALS, disturb(SIGNALS, Kind.OFFSET, 0.3, MEAN, DEVIATION), strict=True):
        np.testing.assert_allclose(np.abs(after - before), np.broadcast_to(0.3 * DEVIATION, before.shape), atol=1e-4)
    factors = set()
    for before, after in zip(SIGNALS, disturb(SIGNALS, Kind.GAIN, 0.25, MEAN, DEVIATION), strict=True):
        factors |= set(np.round(np.unique(after / before).astype(float), 4).tolist())
    assert factors == {1.25, 0.8}


def test_a_lost_frame_repeats_the_one_before() -> None:
    before, after = np.stack(SIGNALS), np.stack(disturb(SIGNALS, Kind.DROPOUT, 0.2, MEAN, DEVIATION))
    lost = (before != after).any(axis=2)
    assert 0.17 < lost.mean() < 0.23
    assert np.array_equal(after[:, 1:][lost[:, 1:]], after[:, :-1][lost[:, 1:]])


def test_vectors_and_pictures_lose_values_and_pixels_to_the_mean() -> None:
    vectors = list(RANDOM.standard_normal((300, 4)).astype(np.float32) + 5)
    mean, deviation = statistics(vectors)
    lost = np.stack(disturb(vectors, Kind.DROPOUT, 0.5, mean, deviation)) == mean.astype(np.float32)
    assert 0.45 < lost.mean() < 0.55
    picture = RANDOM.standard_normal((20, 20, 2)).astype(np.float32)
    mean, deviation = statistics([picture])
    gone = disturb([picture], Kind.DROPOUT, 0.3, mean, deviation)[0] == mean.astype(np.float32)
    assert np.array_equal(gone[..., 0], gone[..., 1])
    assert 0.2 < gone.mean() < 0.4
