"""Augmentation: seeded, and nothing where nothing is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from mlforge.data import Augmentation, augment

WINDOWS = np.random.default_rng(1).normal(size=(50, 16, 1, 3)).astype(np.float32)


def test_nothing_asked_changes_nothing() -> None:
    result = augment(WINDOWS, Augmentation(), seed=1)
    np.testing.assert_array_equal(result, WINDOWS)
    assert result is not WINDOWS


@pytest.mark.parametrize(
    "how", [Augmentation(noise=0.1), Augmentation(gain=0.2), Augmentation(shift=3), Augmentation(drop=0.5)]
)
def test_seeded(how: Augmentation) -> None:
    before = WINDOWS.copy()
    first = augment(WINDOWS, how, seed=1)
    np.testing.assert_array_equal(first, augment(WINDOWS, how, seed=1))
    assert (first != augment(WINDOWS, how, seed=2)).any()
    np.testing.assert_array_equal(WINDOWS, before)
    assert first.dtype == np.float32


def test_strengths() -> None:
    noise = augment(WINDOWS, Augmentation(noise=0.1), seed=1) - WINDOWS
    assert 0.09 < noise.std() < 0.11
    ratio = augment(WINDOWS, Augmentation(gain=0.2), seed=1)[:, 0, 0, 0] / WINDOWS[:, 0, 0, 0]
    assert ratio.min() >= 0.8 - 1e-6
    assert ratio.max() <= 1.2 + 1e-6
    shifted = augment(WINDOWS, Augmentation(shift=3), seed=1)
    np.testing.assert_allclose(np.sort(shifted, axis=1), np.sort(WINDOWS, axis=1))
    dropped = augment(WINDOWS, Augmentation(drop=1.0), seed=1)
    assert ((dropped == 0).all(axis=(1, 2)).sum(axis=1) == 1).all()
