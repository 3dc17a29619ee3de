"""Statistics of frames against numpy and scipy. The bounds are those that docs/features-signal.md states."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from numpy.typing import NDArray

from mlforge.contract.stages import FrameSpec, SignalSpec, StandardiseSpec
from mlforge.contract.stages_frames import Statistic, StatisticsSpec
from mlforge.errors import DataError
from mlforge.features import Pipeline, extract_float, fit
from mlforge.features.native import run_native
from mlforge.features.window import Window

from .signals import signals

ALL = signals(3000, 1000)
EVERY = StatisticsSpec(tuple(Statistic))
Floats = NDArray[np.float64]


def computed(signal: Floats, length: int, samples: str, rate: int = 1000) -> tuple[Floats, Floats]:
    """[frames, statistics], and the frames [frames, length] as the device has them."""
    what = SignalSpec(rate, ("a",), "", samples, 15 if samples == "int16" else None)
    fitted = fit([FrameSpec(length, length), EVERY, StandardiseSpec()], [signal], what)
    stages = fitted.stages[:2]
    flow = fitted.flows[2]
    raw = Pipeline(1, (1, 14, 1), fitted.input_frac_bits, stages, Window(1, 1), samples=fitted.samples, rate_hz=rate)
    frames = raw.to_frames(signal)
    values = run_native(raw, stages, frames).reshape(-1, 14).astype(float)
    bits = flow.frac_bits + np.array(flow.row_bits)
    stored = frames[:, 0] / 2.0**fitted.input_frac_bits
    return np.ldexp(values, -bits), stored[: len(values) * length].reshape(-1, length)


def ratio(a: Floats, b: Floats) -> Floats:
    return np.divide(a, b, out=np.zeros_like(a), where=b > 1e-12)


def expected(x: Floats) -> Floats:
    n = x.shape[1]
    deviation, rms = x.std(axis=1), np.sqrt((x**2).mean(axis=1))
    d = x - x.mean(axis=1, keepdims=True)
    line = np.arange(n) - (n - 1) / 2
    changes, bends = np.diff(x).std(axis=1), np.diff(x, n=2).std(axis=1)
    moving = deviation > 1e-12
    skew, kurtosis = np.zeros(len(x)), np.zeros(len(x))
    skew[moving] = scipy.stats.skew(x[moving], axis=1)
    kurtosis[moving] = scipy.stats.kurtosis(x[moving], axis=1)
    mobility = ratio(changes, deviation)
    return np.stack(
        [
            x.mean(axis=1),
            rms,
            deviation,
            x.min(axis=1),
            x.max(axis=1),
            np.ptp(x, axis=1),
            (x @ line) / (line @ line) * (n - 1),
            ratio(np.abs(x).max(axis=1), rms),
            skew,
            kurtosis,
            (np.diff(x < 0) != 0).mean(axis=1),
            (np.diff(d >= 0) != 0).mean(axis=1),
            mobility,
            ratio(ratio(bends, changes), mobility),
        ],
        axis=1,
    )


@pytest.mark.parametrize("samples", ["int16", "int32"])
@pytest.mark.parametrize("length", [50, 500, 1000])
@pytest.mark.parametrize("name", ALL)
def test_as_numpy_and_scipy_compute_them(name: str, length: int, samples: str) -> None:
    if name == "silence":
        return
    got, x = computed(ALL[name], length, samples)
    want = expected(x)
    largest = np.abs(x).max()
    unit = np.abs(got - want)[:, :7].max(axis=0)
    assert (unit <= 4e-6 * largest + 1.3e-7).all(), unit / largest
    ratios = np.abs(got - want)[:, 7:] / np.maximum(1, np.abs(want[:, 7:]))
    moving = x.std(axis=1) > 0
    exact = [0, 1, 2, 3]  # crest, skew, kurtosis, zero crossings
    assert (ratios[:, exact] <= 2e-3).all(), ratios[:, exact].max(axis=0)
    if name in ("noise", "quiet noise", "voice", "loud noise", "tone between bins"):
        assert (ratios[moving] <= 2e-3).all(), ratios.max(axis=0)


def test_silence_and_constants_are_zero() -> None:
    signal = np.concatenate([np.zeros((500, 1)), np.full((500, 1), -0.5), ALL["noise"][:500]])
    got, _ = computed(signal, 500, "int16")
    assert (got[0] == 0).all()
    np.testing.assert_allclose(got[1], [-0.5, 0.5, 0, -0.5, -0.5, 0, 0, 1, 0, 0, 0, 0, 0, 0], atol=1e-6)


def test_an_offset_costs_no_precision() -> None:
    quiet = ALL["quiet noise"]
    got, x = computed(np.concatenate([quiet + 0.7, -np.ones((500, 1))]), 500, "int32")
    np.testing.assert_allclose(got[:6, 7:10][:, 1:], expected(x)[:6, 8:10], atol=3e-3)


def test_statistics_need_one_unit_at_the_end() -> None:
    what = SignalSpec(1000, ("a",), "", "int16", 15)
    with pytest.raises(DataError, match="several units"):
        fit([FrameSpec(100, 50), EVERY], [ALL["noise"]], what)
    pipeline = fit([FrameSpec(100, 50), StatisticsSpec((Statistic.RMS,))], [ALL["noise"]], what)
    rms = extract_float(pipeline, ALL["noise"])[0, :, 0, 0]
    assert rms == pytest.approx(
        [np.sqrt((ALL["noise"][i : i + 100] ** 2).mean()) for i in range(0, 2901, 50)], abs=1e-4
    )


def test_json() -> None:
    fitted = fit([FrameSpec(100, 50), EVERY, StandardiseSpec()], [ALL["noise"]], SignalSpec(1000, ("a",)))
    assert Pipeline.from_json(fitted.to_json()) == fitted
