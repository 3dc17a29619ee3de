"""The C implementation against an independent reference, and float features against int8 features."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from mlforge.contract import StandardiseSpec, WindowSpec
from mlforge.errors import DataError
from mlforge.features import Pipeline, extract_all, extract_float, extract_int8, fit
from mlforge.features.native import run_native
from mlforge.features.standardise import Standardise
from mlforge.features.window import Window

from . import reference

INT32 = st.integers(-(2**31), 2**31 - 1)
MULTIPLIER = st.one_of(st.just(0), st.integers(2**30, 2**31 - 1))
SHIFT = st.integers(1, 62)


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    channels, length, hop = draw(st.integers(1, 5)), draw(st.integers(1, 9)), draw(st.integers(1, 12))
    stages: tuple[Standardise, ...] = ()
    if draw(st.booleans()):
        stages = (
            Standardise(
                mean=tuple(draw(st.lists(INT32, min_size=channels, max_size=channels))),
                multiplier=tuple(draw(st.lists(MULTIPLIER, min_size=channels, max_size=channels))),
                shift=tuple(draw(st.lists(SHIFT, min_size=channels, max_size=channels))),
            ),
        )
    pipeline = Pipeline(channels, (length, 1, channels), draw(st.integers(-8, 20)), stages, Window(length, hop))
    scale = draw(st.floats(2.0**-20, 2.0**20))
    return pipeline.with_quantisation(scale, draw(st.integers(-128, 127)))


@settings(max_examples=150, deadline=None)
@given(pipelines(), st.data())
def test_same_as_reference_over_the_whole_range(pipeline: Pipeline, data: st.DataObject) -> None:
    shape = (data.draw(st.integers(0, 30)), pipeline.channels)
    corners = st.sampled_from([-(2**31), -(2**31) + 1, -1, 0, 1, 2**31 - 1])
    frames = data.draw(arrays(np.int32, shape, elements=st.one_of(INT32, corners)))
    wide = run_native(pipeline, pipeline.stages, frames)
    expected = np.array(reference.values(pipeline, frames), dtype=np.int32).reshape(-1, pipeline.channels)
    np.testing.assert_array_equal(wide, reference.windows(pipeline, expected))
    narrow = run_native(pipeline, pipeline.all_stages, frames)
    np.testing.assert_array_equal(narrow, reference.windows(pipeline, reference.quantised(pipeline, frames)))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 60), st.integers(0, 150), st.integers(1, 3))
def test_windows_are_slices(length: int, hop: int, count: int, channels: int) -> None:
    frames = np.arange(count * channels, dtype=np.int32).reshape(count, channels)
    pipeline = Pipeline(channels, (length, 1, channels), 0, (), Window(length, hop))
    got = run_native(pipeline, (), frames)
    starts = range(0, count - length + 1, hop)
    assert len(got) == len(starts) == pipeline.window.count(count)
    for index, start in enumerate(starts):
        np.testing.assert_array_equal(got[index].reshape(length, channels), frames[start : start + length])


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.int32, st.tuples(st.integers(8, 40), st.integers(1, 4)), elements=st.integers(-5000, 5000)),
    st.floats(0.004, 2.0),
    st.integers(-128, 127),
)
def test_int8_is_the_rounded_float(raw: NDArray[np.int32], scale: float, zero_point: int) -> None:
    """Within one step only where the float lies on a tie: the multiplier is exact to 2^-31."""
    signal = (raw / 100).astype(np.float32)
    pipeline = fit([WindowSpec(8, 4), StandardiseSpec()], [signal]).with_quantisation(scale, zero_point)
    real = extract_float(pipeline, signal).astype(np.float64) / scale
    expected = np.clip(np.sign(real) * np.floor(np.abs(real) + 0.5) + zero_point, -128, 127)
    got = extract_int8(pipeline, signal)
    tie = np.abs(np.abs(real) % 1 - 0.5) < 1e-5 * np.maximum(1, np.abs(real))
    np.testing.assert_array_equal(got[~tie], expected[~tie])
    assert (np.abs(got.astype(int) - expected) <= 1).all()


def test_floats_are_standardised() -> None:
    generator = np.random.default_rng(1)
    signals = [(generator.normal(size=(200, 3)) * [0.01, 1, 1000] + [5, 0, -9000]).astype(np.float32) for _ in range(4)]
    pipeline = fit([WindowSpec(10, 10), StandardiseSpec()], signals)
    inputs = extract_all(pipeline, signals).inputs
    assert inputs.shape == (80, 10, 1, 3)
    assert inputs.dtype == np.float32
    np.testing.assert_allclose(inputs.mean(axis=(0, 1, 2)), 0, atol=0.01)
    np.testing.assert_allclose(inputs.std(axis=(0, 1, 2)), 1, atol=0.01)


def test_inputs_know_their_recording() -> None:
    signals = [np.full((count, 1), index, dtype=np.float32) for index, count in enumerate((10, 3, 8, 4))]
    pipeline = fit([WindowSpec(4, 4)], signals).with_quantisation(1.0, 0)
    for extract in (extract_float, extract_int8):
        extracted = extract_all(pipeline, signals, extract)
        assert extracted.recording.tolist() == [0, 0, 2, 2, 3]
        assert extracted.inputs[:, 0, 0, 0].tolist() == [0, 0, 2, 2, 3]
    assert extract_all(pipeline, [], extract_int8).inputs.shape == (0, 4, 1, 1)


def test_saturation_at_the_raw_frames() -> None:
    pipeline = fit(
        [StandardiseSpec()], [np.array([-1.0, 1.0], dtype=np.float32), np.array([1.0, 2.0], dtype=np.float32)]
    )
    frames = pipeline.to_frames(np.array([1e30, -1e30]))
    assert frames.tolist() == [[2**31 - 1, -(2**31)]]
    quantised = extract_int8(pipeline.with_quantisation(0.05, 3), np.array([1e30, -1e30]))
    assert quantised.tolist() == [[127, -128]]


@pytest.mark.parametrize("shape", [(3,), (4, 5), (4, 3, 2)])
def test_model_input_shapes_without_a_window(shape: tuple[int, ...]) -> None:
    generator = np.random.default_rng(2)
    signals = [generator.normal(size=shape).astype(np.float32) for _ in range(20)]
    pipeline = fit([], signals)
    assert pipeline.input_shape == ((4, 1, 5) if len(shape) == 2 else shape)
    extracted = extract_all(pipeline, signals)
    assert extracted.recording.tolist() == list(range(20))
    np.testing.assert_allclose(extracted.inputs.reshape(20, *shape), np.stack(signals), atol=2.0**-16)


def test_recordings_that_do_not_fit() -> None:
    good = np.zeros((10, 2), dtype=np.float32)
    pipeline = fit([WindowSpec(4, 2)], [good])
    for wrong in (np.zeros((10, 3)), np.zeros((0, 2)), np.full((10, 2), np.nan)):
        with pytest.raises(DataError):
            extract_float(pipeline, wrong)
    with pytest.raises(DataError, match="no quantisation yet"):
        extract_int8(pipeline, good)
