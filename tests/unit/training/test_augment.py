"""AugmentSpec: off by default, seeded, and each change does what its name says."""

from __future__ import annotations

import numpy as np
import pytest

from mlforge.contract import AugmentSpec
from mlforge.training.augment import augment
from mlforge.training.request import Floats

EACH = [
    AugmentSpec(noise=0.1),
    AugmentSpec(gain=0.2),
    AugmentSpec(shift=5),
    AugmentSpec(rotation_degrees=20.0),
    AugmentSpec(offset=0.3),
    AugmentSpec(dropout=0.3),
    AugmentSpec(channel_dropout=0.4),
    AugmentSpec(0.1, 0.2, 5, 20.0, 0.1, 0.1, 0.1),
]


def signals(count: int = 8, channels: int = 6) -> Floats:
    return np.random.default_rng(0).standard_normal((count, 32, 1, channels)).astype(np.float32)


def test_nothing_changes_by_default() -> None:
    x = signals()
    assert augment(x, AugmentSpec(), np.random.default_rng(0)) is x


@pytest.mark.parametrize("options", EACH, ids=str)
def test_is_seeded_and_leaves_its_input_alone(options: AugmentSpec) -> None:
    x = signals()
    before = x.copy()
    first, again = (augment(x, options, np.random.default_rng(7)) for _ in range(2))
    other = augment(x, options, np.random.default_rng(8))
    assert first.shape == x.shape and first.dtype == np.float32
    assert np.array_equal(first, again) and not np.array_equal(first, other) and not np.array_equal(first, x)
    assert np.array_equal(x, before)


def test_a_rotation_keeps_the_length_of_each_three_axis_reading() -> None:
    x = signals(channels=7)
    turned = augment(x, AugmentSpec(rotation_degrees=40.0), np.random.default_rng(1))
    for first in (0, 3):
        before, after = (np.linalg.norm(each[..., first : first + 3], axis=-1) for each in (x, turned))
        np.testing.assert_allclose(before, after, rtol=1e-5)
    assert np.array_equal(x[..., 6], turned[..., 6])


def test_a_shift_turns_each_example_as_a_whole() -> None:
    x = signals()
    shifted = augment(x, AugmentSpec(shift=3), np.random.default_rng(2))
    for before, after in zip(x, shifted, strict=True):
        assert any(np.array_equal(np.roll(before, steps, axis=0), after) for steps in range(-3, 4))


def test_a_gain_is_one_factor_per_channel() -> None:
    x = signals()
    ratio = augment(x, AugmentSpec(gain=0.3), np.random.default_rng(3)) / x
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:, :1], ratio.shape), rtol=1e-4)


def test_an_offset_is_one_number_per_channel() -> None:
    x = signals(count=400)
    added = augment(x, AugmentSpec(offset=0.3), np.random.default_rng(3)) - x
    np.testing.assert_allclose(added, np.broadcast_to(added[:, :1], added.shape), atol=1e-5)
    assert abs(added[:, 0].std() - 0.3) < 0.02


def test_a_lost_step_repeats_the_last_one_read_in_all_channels() -> None:
    x = signals(count=200)
    dropped = augment(x, AugmentSpec(dropout=0.25), np.random.default_rng(3))
    lost = (dropped != x).any(axis=(2, 3))
    assert not lost[:, 0].any()
    assert 0.22 < lost[:, 1:].mean() < 0.28
    assert np.array_equal(dropped[:, 1:][lost[:, 1:]], dropped[:, :-1][lost[:, 1:]])


def test_a_lost_channel_reads_zero_throughout() -> None:
    x = signals(count=200)
    dropped = augment(x, AugmentSpec(channel_dropout=0.25), np.random.default_rng(3))
    silent = (dropped == 0).all(axis=(1, 2))
    assert 0.2 < silent.mean() < 0.3
    assert np.array_equal(np.where(silent[:, None, None], 0, x), dropped)


def test_what_is_off_draws_nothing() -> None:
    """Earlier contracts keep their trainings, number by number."""
    x, options = signals(), AugmentSpec(0.1, 0.2, 5, 20.0)
    more = AugmentSpec(0.1, 0.2, 5, 20.0, 0.0, 0.0, 0.0)
    one, other = (augment(x, each, np.random.default_rng(7)) for each in (options, more))
    assert np.array_equal(one, other)


def test_plain_vectors_work_too() -> None:
    x = np.ones((4, 9), np.float32)
    assert augment(x, AugmentSpec(0.1, 0.1, 3, 10.0, 0.1, 0.1, 0.1), np.random.default_rng(0)).shape == (4, 9)
