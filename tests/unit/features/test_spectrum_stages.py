"""Stages that describe spectra, beats and columns in context, against numpy and scipy. The bounds are those that
docs/features-signal.md states."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import scipy.signal
from numpy.typing import NDArray

from mlforge.contract.stages import FftSpec, FrameSpec, LogSpec, SignalSpec, Spectrum, StageSpec, StandardiseSpec
from mlforge.contract.stages_signal import FilterSpec, FilterType, MovingMeanSpec, RateOfChangeSpec, SquaredSlopeSpec
from mlforge.contract.stages_spectrum import BandsSpec, PeaksSpec, Rr, RrSpec, Shape, SpectralSpec, StackSpec
from mlforge.errors import DataError
from mlforge.features import Pipeline, extract_float, fit
from mlforge.features.native import run_native
from mlforge.features.window import Window

from . import floats
from .signals import signals, stored

RATE, LENGTH, HOP, SIZE = 1000, 200, 100, 256
BIN = RATE / SIZE
ALL = signals(3000, RATE)
MIC = SignalSpec(RATE, ("a",), "", "int16", 15)
Floats = NDArray[np.float64]


def computed(stages: list[StageSpec], signal: Floats, mic: SignalSpec = MIC) -> Floats:
    """[columns, values]."""
    needs = fit([*stages, StandardiseSpec()], [signal], mic)
    count = len(needs.stages) - 1
    flow = needs.flows[count]
    raw = Pipeline(
        1,
        (flow.rows, 1, flow.channels),
        needs.input_frac_bits,
        needs.stages[:count],
        Window(1, 1),
        samples=needs.samples,
        rate_hz=mic.rate_hz,
    )
    values = run_native(raw, raw.stages, raw.to_frames(signal)).reshape(-1, flow.length).astype(float)
    return np.asarray(np.ldexp(values, -(flow.frac_bits + np.array(flow.row_bits or (0,) * flow.rows))))


def spectrum(signal: Floats, power: bool) -> Floats:
    """[columns, bins]."""
    blocks = floats.frames(stored(signal), LENGTH, HOP)
    magnitudes = np.abs(floats.spectrum(blocks, "hann", SIZE))[:, :, 0]
    return magnitudes**2 if power else magnitudes


def stages_for(power: bool) -> list[StageSpec]:
    return [FrameSpec(LENGTH, HOP), FftSpec(SIZE, output=Spectrum.POWER if power else Spectrum.MAGNITUDE)]


def loud(values: Floats) -> NDArray[np.bool_]:
    """Frames whose sum is not all rounding."""
    sums = values.sum(axis=1)
    return np.asarray(sums > 1e-6 * max(float(sums.max()), 1e-3))


@pytest.mark.parametrize("power", [True, False], ids=["power", "magnitude"])
@pytest.mark.parametrize("name", ALL)
def test_bands_and_shares(name: str, power: bool) -> None:
    edges = (0.0, 50.0, 120.0, 500.0)
    values = spectrum(ALL[name], power)
    hz = np.arange(SIZE // 2 + 1) * BIN
    inside = [(hz >= low) & ((hz < high) | (high == 500)) for low, high in pairwise(edges)]
    want = np.stack([values[:, one].sum(axis=1) for one in inside], axis=1)
    got = computed([*stages_for(power), BandsSpec(edges)], ALL[name])
    assert np.abs(got - want).max() <= 3e-4 * want.max() + 1e-6 + (0 if power else 0.01)
    shares = computed([*stages_for(power), BandsSpec(edges, share=True)], ALL[name])
    rows = loud(values)
    np.testing.assert_allclose(shares[rows].sum(axis=1), 1, atol=2e-4)
    np.testing.assert_allclose(shares[rows], want[rows] / want[rows].sum(axis=1, keepdims=True), atol=2e-3)


@pytest.mark.parametrize("power", [True, False], ids=["power", "magnitude"])
@pytest.mark.parametrize("name", ALL)
def test_shape(name: str, power: bool) -> None:
    values, hz = spectrum(ALL[name], power), np.arange(SIZE // 2 + 1) * BIN
    rows = loud(values)
    total = values[rows].sum(axis=1)
    centroid = values[rows] @ hz / total
    spread = np.sqrt((values[rows] * (hz - centroid[:, None]) ** 2).sum(axis=1) / total)
    rolloff = hz[(np.cumsum(values[rows], axis=1) < 0.85 * total[:, None]).sum(axis=1)]
    got = computed([*stages_for(power), SpectralSpec(tuple(Shape))], ALL[name])[rows]
    assert np.abs(got[:, 0] - centroid).max(initial=0) <= 0.001 * RATE / 2
    assert np.abs(got[:, 1] - spread).max(initial=0) <= 0.003 * RATE / 2
    assert np.abs(got[:, 2] - rolloff).max(initial=0) <= BIN + 1e-3


@pytest.mark.parametrize("name", ALL)
def test_peaks(name: str) -> None:
    """Levels as the largest maxima have them, and frequencies of bins that have these levels."""
    values = spectrum(ALL[name], power=True)
    got = computed([*stages_for(True), PeaksSpec(3)], ALL[name])
    loudest = values.max(initial=1e-12)
    for column, row in zip(values, got, strict=True):
        places = scipy.signal.argrelextrema(column, np.greater)[0]
        order = places[np.argsort(-column[places], kind="stable")][:3]
        for peak, place in enumerate(order):
            if column[place] < 1e-5 * loudest:
                break
            assert row[2 * peak + 1] == pytest.approx(10 * np.log10(column[place]), abs=0.1)
            assert row[2 * peak] % BIN == pytest.approx(0, abs=1e-3)
            assert column[round(row[2 * peak] / BIN)] == pytest.approx(column[place], rel=0.025)


def test_silence_has_no_peaks_and_no_shape() -> None:
    both = np.concatenate([ALL["silence"], ALL["noise"]])
    assert (computed([*stages_for(True), SpectralSpec(tuple(Shape))], both)[:20] == 0).all()
    peaks = computed([*stages_for(True), PeaksSpec(2)], both)[:20]
    assert (peaks[:, 0::2] == 0).all()
    assert len(np.unique(peaks[:, 1::2])) == 1


def test_stacked_columns_are_the_newest() -> None:
    levels = computed([*stages_for(True), BandsSpec((0, 100, 500)), LogSpec()], ALL["voice"])
    got = computed([*stages_for(True), BandsSpec((0, 100, 500)), LogSpec(), StackSpec(4)], ALL["voice"])
    want = np.stack([levels[i : i + 4].ravel() for i in range(len(levels) - 3)])
    np.testing.assert_array_equal(got, want)


def heart(seconds: float, times: Floats) -> Floats:
    """A pulse of 80 ms at each time, over a slow wave and noise."""
    t = np.arange(int(seconds * 360)) / 360
    beats = sum(np.exp(-(((t - time) / 0.012) ** 2)) for time in times)
    noise = np.random.default_rng(6).normal(0, 0.005, len(t))
    return np.asarray(0.5 * beats + 0.1 * np.sin(2 * np.pi * 0.3 * t) + noise)[:, None]


ECG: list[StageSpec] = [
    FilterSpec(FilterType.BAND_PASS, (5, 15), 2),
    SquaredSlopeSpec(),
    MovingMeanSpec(54),
    FrameSpec(3600, 360),
]


def test_times_between_beats_of_an_ecg() -> None:
    """Within a sample each, of a heart that changes its rhythm."""
    times = 0.4 + np.cumsum(np.random.default_rng(3).uniform(0.55, 1.1, 28))
    signal = heart(22, times)
    got = computed([*ECG, RrSpec(tuple(Rr), 72, 0.3)], signal, SignalSpec(360, ("ecg",), "mV", "int16", 14))
    judged = 0
    for row, end in zip(got, 10 + np.arange(len(got)), strict=True):
        inside = times[(times > end - 10) & (times < end)]
        fits = [np.diff(inside[a : len(inside) - b]) for a in (0, 1, 2) for b in (0, 1, 2)]
        want = np.array([[d.mean(), d.std(), np.sqrt((np.diff(d) ** 2).mean()), d.min(), d.max()] for d in fits])
        judged += bool(np.abs(want - row).max(axis=1).min() <= 4 / 360)
    assert judged >= len(got) - 1  # the filter settles in the first frame


def rr_reference(x: Floats, refractory: int, threshold: float) -> Floats:
    """The definition, over all of a frame at once."""
    inner = x[1:-1]
    maxima = 1 + np.flatnonzero((inner > x[:-2]) & (inner >= x[2:]) & (inner > threshold * max(x.max(), 0)))
    beats: list[int] = []
    for place in maxima:
        if beats and place - beats[-1] < refractory:
            beats[-1] = int(place) if x[place] > x[beats[-1]] else beats[-1]
        else:
            beats.append(int(place))
    d = np.diff(beats)
    if len(d) < 2:
        return np.zeros(5)
    return np.array([d.mean(), d.std(), np.sqrt((np.diff(d) ** 2).mean()), d.min(), d.max()]) / RATE


@pytest.mark.parametrize("name", ALL)
def test_times_are_those_of_the_definition(name: str) -> None:
    frames, x = floats.frames(stored(ALL[name]), 500, 250), ALL[name]
    got = computed([FrameSpec(500, 250), RrSpec(tuple(Rr), 10, 0.25)], x)
    want = np.stack([rr_reference(frame[:, 0], 10, 0.25) for frame in frames])
    np.testing.assert_allclose(got, want, atol=1e-6)


def test_rate_of_change_has_the_unit_of_the_signal_per_second() -> None:
    minutes = np.cumsum(np.random.default_rng(1).normal(0, 0.1, (900, 1)), axis=0)
    pipeline = fit([RateOfChangeSpec(10, 2)], [minutes], SignalSpec(2, ("t",), "K"))
    got = extract_float(pipeline, minutes)[0, :, 0, 0]
    np.testing.assert_allclose(got[10:], (minutes[10:, 0] - minutes[:-10, 0]) / 5, atol=1e-6)


def test_bands_without_a_bin_are_refused() -> None:
    with pytest.raises(DataError, match="has no bin") as caught:
        fit([*stages_for(True), BandsSpec((100, 101, 200))], [ALL["noise"]], MIC)
    assert "a longer frame" in (caught.value.hint or "")


def test_json() -> None:
    for stages in ([BandsSpec((0, 100)), LogSpec(), StackSpec(2)], [SpectralSpec(tuple(Shape))], [PeaksSpec(2)]):
        pipeline = fit([*stages_for(True), *stages, StandardiseSpec()], [ALL["noise"]], MIC)
        assert Pipeline.from_json(pipeline.to_json()) == pipeline
