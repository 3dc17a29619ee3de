"""Stages on the signal against scipy and their formulas. The bounds are those that docs/features-signal.md states."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import scipy.signal
from numpy.typing import NDArray

from mlforge.contract.build_resample import usual_taps
from mlforge.contract.build_signal_stages import MAX_STOP_ORDER
from mlforge.contract.stages import FftSpec, FrameSpec, SignalSpec, Spectrum, StageSpec, StandardiseSpec, WindowSpec
from mlforge.contract.stages_signal import (
    DecimateSpec,
    DifferenceSpec,
    EnvelopeSpec,
    FilterSpec,
    FilterType,
    MagnitudeSpec,
    MovingMeanSpec,
    PreEmphasisSpec,
    ResampleSpec,
    SmoothSpec,
    SquaredSlopeSpec,
)
from mlforge.errors import DataError
from mlforge.features import Pipeline, extract_float, extract_int8, fit
from mlforge.features.biquad import bounds
from mlforge.features.filter import Filter
from mlforge.features.flow import Element
from mlforge.features.resample import make_resample, prototype

from .signals import signals

RATE = 1000
INT16 = SignalSpec(RATE, ("a",), "", "int16", 15)
INT32 = SignalSpec(RATE, ("a",))
ALL = signals(3000, RATE)
STEP = 2.0**-15  # of int16 samples
Floats = NDArray[np.float64]


def made(spec: StageSpec, signal: Floats, what: SignalSpec = INT32) -> tuple[Floats, Floats, Pipeline]:
    """What the stage makes of a recording, that recording as the device has it, and the pipeline."""
    pipeline = fit([spec], [signal], what)
    stored = pipeline.to_frames(signal) / 2.0**pipeline.input_frac_bits
    return np.asarray(extract_float(pipeline, signal)[0, :, 0, :], dtype=float), stored, pipeline


def design(spec: FilterSpec) -> Floats:
    edges = spec.cutoffs_hz if spec.type.is_band else spec.cutoffs_hz[0]
    return np.asarray(scipy.signal.butter(spec.order, edges, spec.type.replace("_", ""), fs=RATE, output="sos"))


def settled(sections: Floats, signal: Floats) -> Floats:
    """scipy's filter, begun as though the first sample had always been there."""
    start = scipy.signal.sosfilt_zi(sections)[:, :, None] * signal[0]
    return np.asarray(scipy.signal.sosfilt(sections, signal, axis=0, zi=start)[0])


def rounding_of(pipeline: Pipeline) -> float:
    """What rounding states adds at most, in the signal's unit."""
    (stage,) = pipeline.stages
    assert isinstance(stage, Filter)
    return float(np.ldexp(bounds(stage.sections, stage.bits).rounding[-1], -pipeline.flows[-1].frac_bits))


FILTERS = [
    FilterSpec(FilterType.LOW_PASS, (40,), 4),
    FilterSpec(FilterType.LOW_PASS, (0.2,), 1),
    FilterSpec(FilterType.LOW_PASS, (499,), 8),
    FilterSpec(FilterType.LOW_PASS, (5,), 7),
    FilterSpec(FilterType.HIGH_PASS, (0.5,), 2),
    FilterSpec(FilterType.HIGH_PASS, (100,), 5),
    FilterSpec(FilterType.HIGH_PASS, (20,), 1),
    FilterSpec(FilterType.BAND_PASS, (5, 15), 2),
    FilterSpec(FilterType.BAND_PASS, (0.5, 40), 3),
    FilterSpec(FilterType.BAND_PASS, (100, 400), 5),
    FilterSpec(FilterType.BAND_STOP, (49, 51), 2),
    FilterSpec(FilterType.BAND_STOP, (100, 300), 3),
]


@pytest.mark.parametrize("spec", FILTERS, ids=lambda spec: f"{spec.type}-{spec.cutoffs_hz}-{spec.order}")
@pytest.mark.parametrize("what", [INT16, INT32], ids=["int16", "int32"])
def test_filters_as_scipy_computes_them(spec: FilterSpec, what: SignalSpec) -> None:
    for name, signal in ALL.items():
        got, stored, pipeline = made(spec, signal, what)
        bound = 1e-4 * np.abs(stored).max() + STEP / 1000 + rounding_of(pipeline)
        assert np.abs(got - settled(design(spec), stored)).max() <= bound, name


@pytest.mark.parametrize("spec", FILTERS, ids=lambda spec: f"{spec.type}-{spec.cutoffs_hz}-{spec.order}")
def test_no_signal_exceeds_the_proven_range(spec: FilterSpec) -> None:
    """The worst signal for a filter is the sign of its impulse response, backwards, at full scale."""
    pulse = np.zeros((4000, 1))
    pulse[0] = 1
    response = scipy.signal.sosfilt(design(spec), pulse, axis=0)
    pipeline = fit([spec], [ALL["noise"]], INT16)
    worst = np.where(response[::-1] >= 0, 32767, -32768) / 32768.0
    values = extract_float(fit([spec], [worst], INT16), worst)
    last = fit([spec], [worst], INT16).flows[-1]
    reached = float(np.abs(values).max()) * 2.0**last.frac_bits
    assert last == pipeline.flows[-1], "the range is of the type, not of the data"
    assert reached <= last.high < 2**31
    assert reached >= 0.9 * last.high, "the bound is not far from what happens"


@pytest.mark.parametrize("order", range(1, 9))
@pytest.mark.parametrize("kind", list(FilterType))
def test_all_that_the_contract_allows_is_stable(kind: FilterType, order: int) -> None:
    if kind is FilterType.BAND_STOP:
        order = min(order, MAX_STOP_ORDER)
    bands = [(1.0, 2.0), (1.0, 15.0), (400.0, 499.0), (100.0, 490.0), (480.0, 499.0)]
    for edges in bands if kind.is_band else [(0.2,), (499.0,)]:
        spec = FilterSpec(kind, edges, order)
        if order in (1, 8) or max(edges) > 100:
            assert fit([spec], [ALL["noise"]], INT32).flows[-1].high < 2**31


def test_constants_start_no_transient() -> None:
    constant = np.full((500, 1), 0.75)
    for spec in FILTERS:
        got, _, _ = made(spec, constant)
        passed = spec.type in (FilterType.LOW_PASS, FilterType.BAND_STOP)
        np.testing.assert_allclose(got, 0.75 if passed else 0.0, atol=1e-6)


def test_unsound_filters() -> None:
    for edges in ((600.0,), (500.0,)):
        with pytest.raises(DataError, match="an edge at"):
            fit([FilterSpec(FilterType.LOW_PASS, edges, 2)], [ALL["noise"]], INT32)
    with pytest.raises(DataError, match="not accurate in 32-bit fixed point"):
        fit([FilterSpec(FilterType.HIGH_PASS, (0.001,), 4)], [ALL["noise"]], INT32)
    with pytest.raises(DataError, match="needs the signal's rate"):
        fit([FilterSpec(FilterType.LOW_PASS, (40,), 2)], [ALL["noise"]])
    text = fit([FILTERS[0]], [ALL["noise"]], INT32).to_json()
    a2 = text.split('"sections":[[')[1].split("]")[0].split(",")[4]
    with pytest.raises(DataError, match="unstable in fixed point"):
        Pipeline.from_json(text.replace(a2, str(2**30), 1))


def test_pre_emphasis() -> None:
    for name, signal in ALL.items():
        for what in (INT16, INT32):
            got, stored, _ = made(PreEmphasisSpec(0.97), signal, what)
            before = np.concatenate([stored[:1], stored[:-1]])
            assert np.abs(got - (stored - 0.97 * before)).max() <= 4e-5, name


def test_pre_emphasis_in_front_of_frames_stays_narrow() -> None:
    chain: list[StageSpec] = [PreEmphasisSpec(0.97), FrameSpec(64, 32), FftSpec(64, output=Spectrum.MAGNITUDE)]
    flows = fit(chain, [ALL["voice"]], INT16).flows
    assert flows[1].element is flows[2].element is Element.INT16


def test_difference() -> None:
    for over in (1, 7, 100):
        for what in (INT16, INT32):
            got, stored, _ = made(DifferenceSpec(over), ALL["voice"], what)
            before = np.concatenate([np.repeat(stored[:1], over, axis=0), stored[:-over]])
            assert np.abs(got - (stored - before)).max() <= 1e-7


@pytest.mark.parametrize("samples", [1, 5, 1000, 8192])
def test_exponential_average(samples: int) -> None:
    share = 1 - np.exp(-1 / samples)
    got, stored, _ = made(SmoothSpec(samples), ALL["step"])
    want = np.empty_like(stored)
    value = stored[0]
    for index, x in enumerate(stored):
        value = value + share * (x - value)
        want[index] = value
    assert np.abs(got - want).max() <= 2e-5


@pytest.mark.parametrize(("factor", "taps"), [(2, 41), (4, 81), (10, 201), (3, 3), (64, 1281)])
@pytest.mark.parametrize("what", [INT16, INT32], ids=["int16", "int32"])
def test_decimation(factor: int, taps: int, what: SignalSpec) -> None:
    weights = scipy.signal.firwin(taps, 1 / factor)
    for name, signal in ALL.items():
        got, stored, pipeline = made(DecimateSpec(factor, taps), signal, what)
        padded = np.concatenate([np.repeat(stored[:1], taps, axis=0), stored])[:, 0]
        want = np.convolve(padded, weights)[taps : taps + len(stored)][factor - 1 :: factor]
        assert got.shape == (3000 // factor, 1)
        assert pipeline.frames_for(1) == len(got) * factor
        assert np.abs(got[:, 0] - want).max() <= taps * 2.0**-16 + 1e-4, name  # taps rounded to 16 bits


RATIOS = [ResampleSpec(1, 2, 44), ResampleSpec(2, 5, 56), ResampleSpec(160, 441, 62), ResampleSpec(147, 160, 24)]


def resampled(spec: ResampleSpec, signal: Floats, what: SignalSpec = INT32) -> tuple[Floats, Floats, Pipeline]:
    """As `made`, of a recording that is cut to whole periods of the ratio: it is one model input."""
    return made(spec, signal[: len(signal) // spec.down * spec.down], what)


@pytest.mark.parametrize("spec", RATIOS, ids=lambda spec: f"{spec.up} for {spec.down}")
@pytest.mark.parametrize("what", [INT16, INT32], ids=["int16", "int32"])
def test_resampling_as_scipy_computes_it(spec: ResampleSpec, what: SignalSpec) -> None:
    filter_ = prototype(spec)
    phases = [filter_[phase :: spec.up].sum() for phase in range(spec.up)]
    filter_ = filter_ / np.resize(phases, len(filter_))
    assert np.allclose(filter_, filter_[::-1])
    for name, signal in ALL.items():
        got, stored, pipeline = resampled(spec, signal, what)
        padded = np.concatenate([np.repeat(stored[:1], spec.taps, axis=0), stored])[:, 0]
        want = scipy.signal.upfirdn(filter_, padded, spec.up, 1)
        want = want[spec.taps * spec.up :][spec.down - 1 :: spec.down][: len(got)]
        assert got.shape == (len(stored) * spec.up // spec.down, 1)
        assert pipeline.frames_for(1) == len(stored)
        assert pipeline.flows[-1].sample_rate * spec.down == RATE * spec.up
        assert np.abs(got[:, 0] - want).max() <= spec.taps * 2.0**-16 + 1e-4, name  # taps rounded to 16 bits


@pytest.mark.parametrize("spec", RATIOS, ids=lambda spec: f"{spec.up} for {spec.down}")
def test_what_resampling_passes_and_stops(spec: ResampleSpec) -> None:
    """With 22 taps for each unit of the ratio: flat to 0.4 of the new rate, and 60 dB less from 0.6 of it on."""
    new_rate = RATE * spec.up / spec.down
    seconds = np.arange(8 * spec.down * max(1, 500 // spec.down)) / RATE
    for share in (0.02, 0.2, 0.4, 0.6, 0.8):
        frequency = share * new_rate
        if frequency >= RATE / 2:
            continue
        signal = 0.9 * np.sin(2 * np.pi * frequency * seconds)[:, None]
        got, _, _ = resampled(spec, signal)
        times = ((np.arange(len(got)) + 1) * spec.down - 1 - (spec.taps * spec.up - 1) / 2) / spec.up / RATE
        want = 0.9 * np.sin(2 * np.pi * frequency * times) if share <= 0.4 else 0 * times
        error = np.abs(got[:, 0] - want)[spec.taps + 2 :]
        assert error.max() <= (2e-3 if share <= 0.4 else 1e-3), share


@pytest.mark.parametrize("ratio", ["1/2", "2/5", "160/441", "80/441", "147/160", "1/16", "499/500", "5/64"])
def test_the_low_pass_of_resampling(ratio: str) -> None:
    """Of 16-bit taps: within 0.1 % up to 0.4 of the new rate, and 60 dB less from 0.6 of it on; constants pass."""
    up, down = map(int, ratio.split("/"))
    spec = ResampleSpec(up, down, usual_taps(Fraction(down, up)))
    stage = make_resample(spec, fit([], [ALL["noise"]], INT32).source)
    half = [np.array(stage.taps[start : start + spec.taps]) for start in range(0, len(stage.taps), spec.taps)]
    phases = [half[phase] if phase < len(half) else half[up - 1 - phase][::-1] for phase in range(up)]
    assert {int(phase.sum()) for phase in phases} == {1 << 15}
    whole = np.stack(phases, axis=1)[::-1].ravel()
    response = np.abs(np.fft.rfft(whole / 2**15 / up, 1 << 16))
    share = np.arange(len(response)) / (1 << 16) * down
    assert np.abs(response[share <= 0.4] - 1).max() <= 1e-3
    assert response[share >= 0.6].max() <= 1e-3


def test_resampling_agrees_with_resample_poly() -> None:
    """scipy's own filter is another one; of what both pass, they make the same but for their delays."""
    spec = RATIOS[2]
    seconds = np.arange(4410) / RATE
    tones = [0.3 * np.sin(2 * np.pi * f * seconds + f) for f in (11, 37, 103)]
    signal = np.sum(tones, axis=0)[:, None]
    got, _, _ = resampled(spec, signal)
    # Ours is (length - 1) / 2 units of 1 / up late, and output 0 is at unit down - 1.
    delay = (spec.up * spec.taps - 1) // 2 - (spec.down - 1)
    fine = scipy.signal.resample_poly(signal[:, 0], spec.up, 1)
    at = np.arange(len(got)) * spec.down - delay
    inner = (at > 40 * spec.up) & (at < len(fine) - 40 * spec.up)
    between = (fine[at[inner] - 1] + fine[at[inner]]) / 2
    assert np.abs(got[inner, 0] - between).max() <= 4e-3


def test_unsound_resampling() -> None:
    with pytest.raises(DataError, match="at its own rate"):
        fit([DecimateSpec(2, 41), ResampleSpec(2, 5, 50)], [ALL["noise"]], INT32)
    with pytest.raises(DataError, match=r"every 12\.5 frames"):
        fit([ResampleSpec(2, 5, 50), WindowSpec(20, 5)], [ALL["noise"]], INT32)
    assert fit([ResampleSpec(2, 5, 50), WindowSpec(20, 4)], [ALL["noise"]], INT32).input_hop == 10


def test_mel_and_frames_behind_decimation_know_the_rate() -> None:
    tone = np.sin(2 * np.pi * 31.25 * np.arange(4000) / RATE)[:, None]
    chain: list[StageSpec] = [DecimateSpec(4, 81), FrameSpec(64, 32), FftSpec(64, output=Spectrum.MAGNITUDE)]
    pipeline = fit(chain, [tone], INT32)
    assert pipeline.flows[-1].sample_rate == 250
    assert extract_float(pipeline, tone)[0].mean(axis=0)[:, 0].argmax() == 31.25 / (250 / 64)


def test_magnitudes() -> None:
    random = np.random.default_rng(2)
    signal = random.normal(0, 3, (500, 6))
    signal[::50] = -7.9
    what = SignalSpec(RATE, tuple("abcdef"))
    got, stored, _ = made(MagnitudeSpec(((0, 1, 2), (5, 3))), signal, what)
    want = np.stack([np.linalg.norm(stored[:, :3], axis=1), np.linalg.norm(stored[:, [5, 3]], axis=1)], axis=1)
    assert np.abs(got - want).max() <= 4e-7 * 16
    kept, stored, _ = made(MagnitudeSpec(keep=True), signal, what)
    np.testing.assert_allclose(kept[:, :6], stored, atol=1e-6)
    np.testing.assert_allclose(kept[:, 6], np.linalg.norm(stored, axis=1), rtol=1e-6)
    with pytest.raises(DataError, match="takes channel 7"):
        fit([MagnitudeSpec(((0, 7),))], [signal], what)


def test_envelope() -> None:
    seconds = np.arange(3000) / RATE
    signal = ((1 + 0.5 * np.sin(2 * np.pi * 3 * seconds)) * 0.5 * np.sin(2 * np.pi * 120 * seconds))[:, None]
    got, stored, _ = made(EnvelopeSpec(10.0, 2), signal)
    want = settled(design(FilterSpec(FilterType.LOW_PASS, (10.0,), 2)), np.abs(stored))
    assert np.abs(got - want).max() <= 1e-5


def test_squared_slope_and_moving_mean() -> None:
    for name in ("voice", "step", "noise", "quiet noise"):
        got, stored, pipeline = made(SquaredSlopeSpec(), ALL[name])
        x = np.concatenate([np.repeat(stored[:1], 4, axis=0), stored])
        want = ((2 * x[4:] + x[3:-1] - x[1:-3] - 2 * x[:-4]) / 8) ** 2
        assert np.abs(got - want).max() <= 2e-6 * want.max(), name  # the headroom for what was not seen
        assert want.max() < pipeline.flows[-1].high / 2.0 ** pipeline.flows[-1].frac_bits / 4, "headroom"
    for length in (1, 2, 15, 150):
        got, stored, _ = made(MovingMeanSpec(length), ALL["voice"])
        x = np.concatenate([np.repeat(stored[:1], length - 1, axis=0), stored])[:, 0]
        want = np.convolve(x, np.ones(length) / length, "valid")
        assert np.abs(got[:, 0] - want).max() <= 1e-7


EVERY: list[StageSpec] = [
    FilterSpec(FilterType.BAND_PASS, (5, 100), 2),
    PreEmphasisSpec(0.95),
    DifferenceSpec(3),
    SmoothSpec(4),
    MagnitudeSpec(((0, 1), (2,)), keep=True),
    DecimateSpec(2, 41),
    EnvelopeSpec(20, 1),
    SquaredSlopeSpec(),
    MovingMeanSpec(9),
    StandardiseSpec(),
]


def test_blocks_json_and_resets_change_nothing() -> None:
    """The host gives whole recordings, frame by frame behind the first stage that gathers; a second recording begins
    anew."""
    random = np.random.default_rng(5)
    signal = random.normal(0, 1, (600, 3))
    what = SignalSpec(RATE, tuple("xyz"))
    pipeline = fit([*EVERY, WindowSpec(40, 20)], [signal], what).with_quantisation(0.05, 3)
    assert Pipeline.from_json(pipeline.to_json()) == pipeline
    first, second = extract_int8(pipeline, signal), extract_int8(pipeline, signal)
    np.testing.assert_array_equal(first, second)
    without = fit([*EVERY[:5], StandardiseSpec(), WindowSpec(40, 20)], [signal], what)
    assert extract_float(without, signal).shape == (29, 40, 1, 5)
