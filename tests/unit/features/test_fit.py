"""Fitting: which fixed point, which statistics, and data that cannot be fitted to."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlforge.contract import StageSpec, StandardiseSpec, WindowSpec
from mlforge.contract.stages import Statistics
from mlforge.errors import DataError
from mlforge.features import Pipeline, extract_float, extract_int8, fit
from mlforge.features.fixed_point import factor


@given(st.floats(2.0**-31, 2.0**29.9))
def test_factor_is_near_and_in_range(real: float) -> None:
    found = factor(real)
    assert abs(found.value - real) <= real * 2.0**-31
    assert 2**30 <= found.multiplier < 2**31
    assert 1 <= found.shift <= 62


def test_factor_at_its_ends() -> None:
    assert factor(0.0).multiplier == 0
    assert factor(2.0**-40).multiplier == 0
    assert factor(math.nextafter(1.0, 0.0)).value == 1.0
    for real in (-1.0, math.inf, math.nan, 2.0**30):
        with pytest.raises(DataError):
            factor(real)


@pytest.mark.parametrize("magnitude", [1e-6, 1e-4, 1.0, 30.0, 1e5, 1e9, 1e12])
def test_fixed_point_suits_the_data(magnitude: float) -> None:
    signal = (np.random.default_rng(1).normal(size=(500, 2)) * magnitude).astype(np.float32)
    pipeline = fit([WindowSpec(10, 10), StandardiseSpec()], [signal])
    frames = pipeline.to_frames(signal)
    assert np.abs(frames.astype(np.int64)).max() < 2**31 // 7, "room for values far beyond the training split"
    got = extract_float(pipeline, signal).reshape(-1, 2)
    expected = (signal - signal.mean(axis=0)) / signal.std(axis=0)
    np.testing.assert_allclose(got, expected, atol=0.005)


@pytest.mark.parametrize(("magnitude", "word"), [(1e-12, "small"), (1e20, "large")])
def test_values_beyond_fixed_point(magnitude: float, word: str) -> None:
    signal = (np.random.default_rng(1).normal(size=(500, 2)) * magnitude).astype(np.float32)
    with pytest.raises(DataError, match=f"too {word} for 32-bit fixed point"):
        fit([WindowSpec(10, 10), StandardiseSpec()], [signal])


def test_quiet_and_loud_channels_together() -> None:
    signal = (np.random.default_rng(1).normal(size=(500, 2)) * [1e-3, 1e3]).astype(np.float32)
    got = extract_float(fit([WindowSpec(10, 10), StandardiseSpec()], [signal]), signal).reshape(-1, 2)
    np.testing.assert_allclose(got, (signal - signal.mean(axis=0)) / signal.std(axis=0), atol=0.02)


def test_constant_channel_becomes_zero() -> None:
    signal = np.column_stack([np.full(20, 9.81), np.arange(20)]).astype(np.float32)
    got = extract_float(fit([WindowSpec(5, 5), StandardiseSpec()], [signal]), signal)
    assert (got[..., 0] == 0).all()
    got = extract_float(fit([StandardiseSpec()], [np.zeros(3, dtype=np.float32)] * 2), np.zeros(3))
    assert (got == 0).all()


def test_statistics_are_of_the_training_recordings_alone() -> None:
    train = [np.full((10, 1), value, dtype=np.float32) for value in (-1, 1)]
    pipeline = fit([WindowSpec(10, 10), StandardiseSpec()], train)
    assert extract_float(pipeline, np.full((10, 1), 3.0))[0, 0, 0, 0] == pytest.approx(3.0, abs=1e-4)


@pytest.mark.parametrize(
    ("spec", "shapes", "message"),
    [
        ([], [], "no training recordings"),
        ([WindowSpec(4, 2)], [(3, 2), (2, 2)], "longest recording has 3 frames, the window needs 4"),
        ([WindowSpec(4, 2)], [(8,)], r"needs recordings of \[frames, channels\]"),
        ([WindowSpec(4, 2)], [(8, 2), (8, 3)], r"needs recordings of \[frames, channels\]"),
        ([], [(8, 2), (9, 2)], "different shapes"),
    ],
)
def test_data_that_cannot_be_fitted_to(spec: list[WindowSpec], shapes: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        fit(spec, [np.zeros(shape, dtype=np.float32) for shape in shapes])
    if shapes:
        with pytest.raises(DataError):
            fit([], [np.full(shapes[0], np.inf, dtype=np.float32)])


def test_json_and_digest() -> None:
    signal = np.random.default_rng(1).normal(size=(50, 2)).astype(np.float32)
    pipeline = fit([WindowSpec(10, 10), StandardiseSpec()], [signal])
    quantised = pipeline.with_quantisation(float(np.float32(0.05)), int(np.int8(-3)))
    for one in (pipeline, quantised):
        assert Pipeline.from_json(one.to_json()) == one
    assert pipeline.digest != quantised.digest
    assert fit([WindowSpec(10, 10), StandardiseSpec()], [signal]).digest == pipeline.digest


DAMAGE = [
    ("", ""),
    ('"channels":2', '"channels":3'),
    ('"channels":2', '"channels":2.0'),
    ('"channels":2', '"canals":2'),
    ('"hop":10', '"hop":0'),
    ('"length":10', '"length":11'),
    ('"input_frac_bits":16', '"input_frac_bits":999'),
    ('"shift":[', '"shift":[0,'),
    ('"mean":[', '"mean":[1,'),
    ('"multiplier":[', '"multiplier":[-'),
    ('"scale":', '"scale":-'),
]


@pytest.mark.parametrize(("old", "new"), DAMAGE)
def test_damaged_json(old: str, new: str) -> None:
    signal = np.random.default_rng(1).normal(size=(50, 2)).astype(np.float32)
    text = fit([WindowSpec(10, 10), StandardiseSpec()], [signal]).with_quantisation(0.05, 3).to_json()
    assert old in text
    with pytest.raises(DataError):
        Pipeline.from_json(text.replace(old, new, 1) if old else text[:-1])


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"channels": 1}', "[" * 100_000])
def test_not_json_of_a_pipeline(text: str) -> None:
    with pytest.raises(DataError, match="not a feature pipeline"):
        Pipeline.from_json(text)


@pytest.mark.parametrize(
    ("scale", "zero_point"), [(0.0, 0), (-1.0, 0), (math.nan, 0), (math.inf, 0), (0.1, 128), (1e-30, 0)]
)
def test_impossible_quantisation(scale: float, zero_point: int) -> None:
    pipeline = fit([], [np.zeros(3, dtype=np.float32)] * 2)
    with pytest.raises(DataError):
        pipeline.with_quantisation(scale, zero_point)


def glitching(share: float = 0.005) -> np.ndarray:
    """Normal noise about 5, of deviation 2; some values are hundreds away."""
    random = np.random.default_rng(3)
    signal = 5 + 2 * random.standard_normal((4000, 2))
    where = random.random(len(signal)) < share
    signal[where, 0] += random.choice([-1, 1], where.sum()) * random.uniform(300, 800, where.sum())
    return signal.astype(np.float32)


def test_robust_statistics_look_past_glitches_and_the_training_sees_them_clipped() -> None:
    signal = glitching()
    ordinary = np.abs(signal[:, 0] - 5) < 20
    robust = extract_float(fit([WindowSpec(1, 1), StandardiseSpec(Statistics.ROBUST, 8.0)], [signal]), signal)
    values = robust.reshape(-1, 2)
    np.testing.assert_allclose(values[ordinary], (signal[ordinary] - 5) / 2, atol=0.2)
    assert np.abs(values).max() == 8.0
    plain = extract_float(fit([WindowSpec(1, 1), StandardiseSpec()], [signal]), signal).reshape(-1, 2)
    assert plain[ordinary, 0].std() < 0.2


def test_int8_saturates_where_the_training_was_clipped() -> None:
    """Nothing is computed for it on the device: the model's input has that range."""
    signal = glitching()
    spec: list[StageSpec] = [WindowSpec(1, 1), StandardiseSpec(Statistics.ROBUST, 8.0)]
    pipeline = fit(spec, [signal])
    quantised = pipeline.with_quantisation(16 / 255, 0)
    real = extract_float(pipeline, signal).reshape(-1, 2).astype(np.float64)
    got = extract_int8(quantised, signal).reshape(-1, 2)
    assert np.abs(got * (16 / 255) - real).max() <= 16 / 255 * 1.01
    unclipped = fit([WindowSpec(1, 1), StandardiseSpec(Statistics.ROBUST)], [signal]).with_quantisation(16 / 255, 0)
    np.testing.assert_array_equal(extract_int8(unclipped, signal).reshape(-1, 2), got)


def test_a_channel_that_mostly_stands_still_keeps_its_plain_deviation() -> None:
    signal = np.zeros((100, 1), dtype=np.float32)
    signal[::4] = 3.0
    values = extract_float(fit([WindowSpec(1, 1), StandardiseSpec(Statistics.ROBUST)], [signal]), signal)
    assert values.max() == pytest.approx(3.0 / signal.std(), abs=0.01)


def test_a_clipped_pipeline_survives_json() -> None:
    pipeline = fit([WindowSpec(1, 1), StandardiseSpec(Statistics.ROBUST, 8.0)], [glitching()])
    assert Pipeline.from_json(pipeline.to_json()) == pipeline
    assert pipeline.limit == 8 << 12
    before = pipeline.to_json().replace(f'"limit":{8 << 12},', "")  # as it was written before there was such a thing
    assert Pipeline.from_json(before).limit == 0
