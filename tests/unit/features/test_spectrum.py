"""The spectral stages against their formulas in floating point. The bounds are those that docs/features.md states."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.contract.stages import (
    DctSpec,
    DeltaSpec,
    FftSpec,
    FrameSpec,
    LogScale,
    LogSpec,
    MelNorm,
    MelScale,
    MelSpec,
    SignalSpec,
    Spectrum,
    StageSpec,
    StandardiseSpec,
    Taper,
    WindowSpec,
)
from mlforge.errors import DataError
from mlforge.features import Pipeline, extract_float, fit

from . import floats
from .signals import signals, stored

RATE = 16_000
SIGNAL = SignalSpec(RATE, ("mic",), "", "int16", 15)
ALL = signals(4_000, RATE)
GRAIN = 6e-5  # of a bin, of the largest of its frame: what powers of 31 bits and factors of 16 leave
NARROW = 6e-3  # the same where the transform has 16 bits
NARROW_OF = {"tone": 4e-4, "tone between bins": 4e-4, "tone at half the rate": 4e-4, "voice": 4e-4, "step": 4e-4}
NARROW_SAMPLE = 2e-5  # of the largest sample, for each of the root of as many: what samples of 15 bits leave
ROOT = 1.3e-4  # of a magnitude: the table's chords
LOG_DB = 0.012  # the table's chords, and half a step of the values
DCT_DB = 0.02


def features(spec: list[StageSpec], signal: NDArray[np.float64], what: SignalSpec = SIGNAL) -> NDArray[np.float64]:
    """[columns, rows, channels] of the first recording."""
    return np.asarray(extract_float(fit(spec, [signal], what), signal)[0], dtype=np.float64)


def reference(signal: NDArray[np.float64], length: int, hop: int, size: int, taper: str = "hann") -> floats.Floats:
    return np.abs(floats.spectrum(floats.frames(stored(signal), length, hop), taper, size))


def near(real: floats.Floats, size: int) -> floats.Floats:
    """How far a magnitude [columns, bins, ...] may be off: a share of the largest, and units of the fixed point."""
    off: floats.Floats = GRAIN * real.max(axis=1, keepdims=True) + 40 * size / 2.0**30 + 0 * real
    return off


def decibels(relative: floats.Floats) -> floats.Floats:
    """What a relative error of magnitudes is in decibels, at most."""
    return 20 * np.log10(1 + relative) + np.where(relative < 0.9, -20 * np.log10(1 - np.minimum(relative, 0.9)), 1e9)


@pytest.mark.parametrize("size", [32, 64, 128, 256, 512, 1024, 2048])
@pytest.mark.parametrize("name", ALL)
def test_magnitudes(name: str, size: int) -> None:
    length, hop = size - size // 16, size // 2
    got = features([FrameSpec(length, hop), FftSpec(size, output=Spectrum.MAGNITUDE)], ALL[name])
    real = reference(ALL[name], length, hop, size)
    bound = near(real, size) + ROOT * real
    assert (np.abs(got - real) <= bound).all(), (np.abs(got - real) / bound).max()


def near_in_16_bits(name: str, signal: floats.Floats, real: floats.Floats, size: int) -> floats.Floats:
    """The same for a transform of 16 bits."""
    largest = np.abs(stored(signal)).max()
    share: floats.Floats = NARROW_OF.get(name, NARROW) * real.max(axis=1, keepdims=True)
    off: floats.Floats = share + NARROW_SAMPLE * np.sqrt(size) * largest + ROOT * real
    return off


@pytest.mark.parametrize("size", [32, 64, 128, 256, 512, 1024, 2048])
@pytest.mark.parametrize("name", ALL)
def test_magnitudes_in_16_bits(name: str, size: int) -> None:
    length, hop = size - size // 16, size // 2
    got = features([FrameSpec(length, hop), FftSpec(size, output=Spectrum.MAGNITUDE, bits=16)], ALL[name])
    real = reference(ALL[name], length, hop, size)
    bound = near_in_16_bits(name, ALL[name], real, size)
    assert (np.abs(got - real) <= bound).all(), (np.abs(got - real) / bound).max()


@pytest.mark.parametrize("taper", list(Taper))
@pytest.mark.parametrize(("length", "hop"), [(480, 320), (441, 441), (1, 1), (33, 7), (512, 1), (257, 100)])
def test_lengths_and_tapers_in_16_bits(taper: Taper, length: int, hop: int) -> None:
    signal = ALL["voice"][:1500]
    got = features([FrameSpec(length, hop), FftSpec(512, taper, Spectrum.MAGNITUDE, bits=16)], signal)
    real = reference(signal, length, hop, 512, taper.value)
    assert (np.abs(got - real) <= near_in_16_bits("voice", signal, real, 512)).all()


def test_16_bits_see_what_is_quiet_as_well_as_what_is_loud() -> None:
    """Samples of three bits: they have an exponent of their own, so that no step leaves the last of them behind."""
    chain: list[StageSpec] = [FrameSpec(480, 320), FftSpec(512, bits=16), MelSpec(20, 100, 8000), LogSpec()]
    quiet = np.random.default_rng(6).normal(0, 2 / 32768, (4000, 1))
    levels = features(chain, quiet)[..., 0]
    power = reference(quiet, 480, 320, 512)[..., 0] ** 2
    real = 10 * np.log10(power @ floats.mel_weights(20, 100, 8000, RATE, 257, "htk", "none").T)
    assert np.abs(levels - real).max() < 0.2


def test_extremes_of_16_bits() -> None:
    """Each part of each number as large as it can be: squares of every length, and noise of full scale."""
    random = np.random.default_rng(8)
    parts = [np.where(np.arange(512) // width % 2, 1.0, -1.0) for width in (1, 2, 3, 4, 8, 64, 128, 256)]
    parts += [random.choice([-1.0, 1.0], 512) for _ in range(40)] + [np.full(512, -1.0)]
    signal = np.concatenate(parts)[:, None]
    got = features([FrameSpec(512, 512), FftSpec(512, Taper.NONE, Spectrum.MAGNITUDE, bits=16)], signal)
    real = reference(signal, 512, 512, 512, "none")
    assert (np.abs(got - real) <= NARROW * real.max(axis=1, keepdims=True) + ROOT * real).all()


@pytest.mark.parametrize("taper", list(Taper))
@pytest.mark.parametrize(("length", "hop"), [(480, 320), (441, 441), (1, 1), (33, 7), (512, 1), (257, 100)])
def test_lengths_and_tapers(taper: Taper, length: int, hop: int) -> None:
    signal = ALL["voice"][:1500]
    got = features([FrameSpec(length, hop), FftSpec(512, taper, Spectrum.MAGNITUDE)], signal)
    real = reference(signal, length, hop, 512, taper.value)
    assert got.shape == real.shape
    assert (np.abs(got - real) <= near(real, 512) + ROOT * real).all()


@pytest.mark.parametrize("name", ALL)
def test_powers_in_decibels(name: str) -> None:
    got = features([FrameSpec(480, 320), FftSpec(512), LogSpec()], ALL[name])
    real = reference(ALL[name], 480, 320, 512)
    if name == "silence":
        assert (got == got.min()).all() and got.min() < -120
        return
    bound = decibels(near(real, 512) / np.maximum(real, 1e-30)) + LOG_DB
    floor = got.min()  # below the resolution of the transform
    wanted = np.maximum(20 * np.log10(np.maximum(real, 1e-30)), floor)
    assert (np.abs(got - wanted) <= bound).all(), (np.abs(got - wanted) / bound).max()


@pytest.mark.parametrize("scale", list(MelScale))
@pytest.mark.parametrize("norm", list(MelNorm))
@pytest.mark.parametrize("name", ["voice", "noise", "loud noise", "quiet noise", "step", "tone between bins"])
def test_mel_levels(name: str, scale: MelScale, norm: MelNorm) -> None:
    spec = MelSpec(40, 20, 8000, scale, norm)
    got = features([FrameSpec(480, 320), FftSpec(512), spec, LogSpec()], ALL[name])
    power = reference(ALL[name], 480, 320, 512)[..., 0] ** 2
    weights = floats.mel_weights(40, 20, 8000, RATE, 257, scale.value, norm.value)
    real = power @ weights.T
    off = near(np.sqrt(power), 512)
    slack = ((2 * off * np.sqrt(power) + off**2) @ weights.T) / real  # of powers
    assert (np.abs(got[..., 0] - 10 * np.log10(real)) <= decibels(slack) / 2 + LOG_DB).all()


def test_cepstrum() -> None:
    chain: list[StageSpec] = [
        FrameSpec(480, 320),
        FftSpec(512),
        MelSpec(40, 20, 8000),
        LogSpec(LogScale.DB),
        DctSpec(13),
    ]
    got = features(chain, ALL["noise"])[..., 0]
    power = reference(ALL["noise"], 480, 320, 512)[..., 0] ** 2
    levels = 10 * np.log10(power @ floats.mel_weights(40, 20, 8000, RATE, 257, "htk", "none").T)
    assert np.abs(got - levels @ floats.cosines(13, 40).T).max() < DCT_DB


def test_log2_is_a_scale_of_decibels() -> None:
    chain: list[StageSpec] = [FrameSpec(480, 320), FftSpec(512)]
    octaves = features([*chain, LogSpec(LogScale.LOG2)], ALL["noise"])
    decibels = features([*chain, LogSpec(LogScale.DB)], ALL["noise"])
    np.testing.assert_allclose(decibels, octaves * 10 * np.log10(2), atol=2 * LOG_DB)


def test_magnitudes_and_powers_have_the_same_decibels() -> None:
    frame = FrameSpec(480, 320)
    powers = features([frame, FftSpec(512), LogSpec()], ALL["noise"])
    magnitudes = features([frame, FftSpec(512, output=Spectrum.MAGNITUDE), LogSpec()], ALL["noise"])
    loud = powers > powers.max() - 60
    np.testing.assert_allclose(magnitudes[loud], powers[loud], atol=0.05)


def test_floor() -> None:
    got = features([FrameSpec(480, 320), FftSpec(512), LogSpec(floor=1e-4)], ALL["silence"])
    np.testing.assert_allclose(got, -40, atol=0.01)


def test_powers_without_a_logarithm_are_one_fixed_point() -> None:
    got = features([FrameSpec(480, 320), FftSpec(512)], ALL["voice"])
    real = reference(ALL["voice"], 480, 320, 512) ** 2
    assert np.abs(got - real).max() <= 1e-4 * real.max()
    assert (features([FrameSpec(480, 320), FftSpec(512)], ALL["silence"]) == 0).all()


def test_accelerometer_with_a_transform_for_each_axis() -> None:
    random = np.random.default_rng(3)
    seconds = np.arange(300)[:, None] / 50
    signal = 9.81 * np.array([[0, 0, 1]]) + np.sin(2 * np.pi * np.array([[1.5, 3, 6]]) * seconds)
    signal = (signal + random.normal(0, 0.05, signal.shape)).astype(np.float32)
    what = SignalSpec(50, ("x", "y", "z"), "m/s^2")
    chain: list[StageSpec] = [FrameSpec(32, 16), FftSpec(32, output=Spectrum.MAGNITUDE)]
    got = features(chain, signal, what)
    real = np.abs(floats.spectrum(floats.frames(signal.astype(float), 32, 16), "hann", 32))
    assert got.shape == (17, 17, 3)
    assert (np.abs(got - real) <= near(real, 32) + ROOT * real + 1e-4).all()
    levels = features([FrameSpec(32, 16), FftSpec(32), LogSpec()], signal, what)
    assert (np.abs(levels - 20 * np.log10(real)) <= decibels((near(real, 32) + 1e-4) / real) + LOG_DB).all()
    full = features([FrameSpec(32, 16), FftSpec(32), MelSpec(4, 0, 25), LogSpec(), DctSpec(3)], signal, what)
    weights = floats.mel_weights(4, 0, 25, 50, 17, "htk", "none")
    expected = np.einsum("kb,cbx->ckx", floats.cosines(3, 4), 10 * np.log10(np.einsum("bf,cfx->cbx", weights, real**2)))
    np.testing.assert_allclose(full, expected, atol=0.15)


def test_standardised_where_it_stands_and_windowed_in_columns() -> None:
    recordings = [ALL["voice"], ALL["noise"], ALL["voice"][::-1]]
    mel: list[StageSpec] = [FrameSpec(480, 320), FftSpec(512), MelSpec(20, 0, 8000), LogSpec()]
    pipeline = fit([*mel, StandardiseSpec(), WindowSpec(3, 1)], recordings, SIGNAL)
    assert pipeline.input_shape == (3, 20, 1)
    assert pipeline.frames_for(1) == 480 + 2 * 320
    values = np.concatenate([features(mel, signal)[..., 0] for signal in recordings])
    got = extract_float(pipeline, recordings[0])
    expected = (features(mel, recordings[0])[..., 0] - values.mean(axis=0)) / values.std(axis=0)
    assert len(got) == len(expected) - 2 == pipeline.inputs_of(4000)
    for index in range(len(got)):
        np.testing.assert_allclose(got[index, :, :, 0], expected[index : index + 3], atol=0.01)


@pytest.mark.parametrize("width", [3, 5, 7, 9])
def test_slopes_of_columns(width: int) -> None:
    chain: list[StageSpec] = [FrameSpec(256, 128), FftSpec(256), MelSpec(10, 0, 8000), LogSpec()]
    levels = features(chain, ALL["voice"])[..., 0]
    got = features([*chain, DeltaSpec(width)], ALL["voice"])[..., 0]
    half = width // 2
    times = np.arange(-half, half + 1)
    middles = range(half, len(levels) - half)
    slopes = [times @ levels[middle - half : middle + half + 1] / np.square(times).sum() for middle in middles]
    np.testing.assert_array_equal(got[:, :10], levels[half : len(levels) - half])
    np.testing.assert_allclose(got[:, 10:], slopes, atol=0.5 / 128 + 1e-6)


def test_accelerometer_in_16_bits() -> None:
    """Samples of 32 bits, axes of different size, each with an exponent of its own."""
    seconds = np.arange(300)[:, None] / 50
    signal = np.array([[9.0, 0.1, 1e-4]]) * np.sin(2 * np.pi * np.array([[1.5, 3, 6]]) * seconds)
    what = SignalSpec(50, ("x", "y", "z"), "m/s^2")
    got = features([FrameSpec(32, 16), FftSpec(32, bits=16), LogSpec()], signal, what)
    real = np.abs(floats.spectrum(floats.frames(signal.astype(float), 32, 16), "hann", 32))
    loud = real > real.max(axis=1, keepdims=True) / 10
    assert np.abs(got - 20 * np.log10(real))[loud].max() < 0.1


def test_one_band_and_an_empty_one() -> None:
    assert features([FrameSpec(480, 320), FftSpec(512), MelSpec(1, 0, 8000), LogSpec()], ALL["voice"]).shape[1] == 1
    with pytest.raises(DataError, match=r"mel filter \d+ of 200 .* has no bin"):
        fit([FrameSpec(480, 320), FftSpec(512), MelSpec(200, 0, 8000), LogSpec()], [ALL["voice"]], SIGNAL)


def test_json_keeps_every_stage() -> None:
    chain: list[StageSpec] = [
        FrameSpec(480, 320),
        FftSpec(512),
        MelSpec(20, 0, 8000),
        LogSpec(),
        DctSpec(5),
        StandardiseSpec(),
    ]
    pipeline = fit([*chain, WindowSpec(3, 1)], [ALL["voice"]], SIGNAL).with_quantisation(0.05, 3)
    assert Pipeline.from_json(pipeline.to_json()) == pipeline
    for old, new in (('"size":512', '"size":500'), ('"Fft"', '"Fast"'), ('"length":480', '"length":900')):
        assert old in pipeline.to_json()
        with pytest.raises(DataError):
            Pipeline.from_json(pipeline.to_json().replace(old, new))
