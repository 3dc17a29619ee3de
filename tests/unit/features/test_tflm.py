"""The microfrontend's bytes, from its wheel; tables of TensorFlow Lite Micro's own front end; the stages alone."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.contract.stages import FftSpec, FrameSpec, LogSpec, MelSpec, SignalSpec, Spectrum, StageSpec
from mlforge.contract.stages_tflm import Like, NoiseReductionSpec, PcanSpec
from mlforge.errors import DataError
from mlforge.features import Pipeline, extract_float, extract_int8, fit
from mlforge.features.pcan import Pcan
from mlforge.features.tflm_bands import TflmBands
from mlforge.features.tflm_spectrum import TflmSpectrum

from .speech import MIC, chain, scaled, streams

STREAMS = streams()


def microfrontend(samples: NDArray[np.int16]) -> NDArray[np.int64]:
    """Logarithms [columns, 40]; the wheel makes features of them, over 25.6."""
    from pymicro_features import MicroFrontend

    front_end, columns = MicroFrontend(), []
    for start in range(0, len(samples) - 159, 160):
        made = front_end.process_samples(samples[start : start + 160].tobytes()).features
        columns += [made] if made else []
    return np.rint(np.array(columns) * 25.6).astype(np.int64)


@pytest.mark.requires(packages=["pymicro_features"])
@pytest.mark.parametrize("name", STREAMS)
def test_bytes_of_the_microfrontend(name: str) -> None:
    samples = STREAMS[name]
    levels = microfrontend(samples)
    expected = np.minimum((levels * 256 + 333) // 666, 255) - 128
    got = extract_int8(scaled(Like.MICROFRONTEND, 160, 1, 1), samples[:, None] / 32768)
    np.testing.assert_array_equal(got.reshape(-1, 40), expected)
    assert name in ("silence", "last bit") or len(np.unique(expected)) > 1


def digest(*tables: tuple[int, ...]) -> str:
    return hashlib.sha256(str(tables).encode()).hexdigest()[:16]


def test_tables_of_the_published_front_end() -> None:
    """Hashes of those of audio_preprocessor_int8.tflite, TensorFlow Lite Micro's example, without its padding."""
    fitted = fit(chain(Like.TFLM), [np.zeros((4000, 1))], MIC).stages
    spectrum, bands, pcan = fitted[1], fitted[2], fitted[4]
    assert isinstance(spectrum, TflmSpectrum) and isinstance(bands, TflmBands) and isinstance(pcan, Pcan)
    assert digest(spectrum.taper_table) == TAPER
    assert (bands.first, digest(bands.widths, bands.weights, bands.rests)) == (5, BANK)
    assert digest(pcan.gains) == GAINS


TAPER, BANK, GAINS = "873a2eab0929ec24", "570c598cc1971c28", "cd8160284c661e00"


def test_samples_must_have_16_bits() -> None:
    with pytest.raises(DataError, match="takes 16-bit samples") as caught:
        fit(chain(Like.TFLM), [np.zeros((4000, 1))], SignalSpec(16_000, ("mic",)))
    assert "samples: int16" in (caught.value.hint or "")


def test_filters_end_below_half_the_rate() -> None:
    stages: list[StageSpec] = [
        FrameSpec(480, 320),
        FftSpec(512, like=Like.TFLM),
        MelSpec(40, 125, 8000, like=Like.TFLM),
    ]
    with pytest.raises(DataError, match="behind the last bin"):
        fit(stages, [np.zeros((4000, 1))], MIC)


FREE: list[StageSpec] = [FrameSpec(480, 320), FftSpec(512, output=Spectrum.POWER), MelSpec(20, 60, 7000)]


def free(*stages: StageSpec, samples: NDArray[np.float64]) -> tuple[Pipeline, NDArray[np.float64]]:
    pipeline = fit([*FREE, *stages], [samples], MIC)
    return pipeline, extract_float(pipeline, samples)[0, :, :, 0].astype(np.float64)


def noisy(seconds: float) -> NDArray[np.float64]:
    """A steady hum under noise, and beeps."""
    t = np.arange(int(16_000 * seconds)) / 16_000
    beeps = 0.3 * np.sin(2 * np.pi * 1500 * t) * (t % 1 > 0.8)
    return (0.1 * np.sin(2 * np.pi * 400 * t) + beeps + np.random.default_rng(2).normal(0, 0.005, len(t)))[:, None]


def reduced(bands: NDArray[np.float64], spec: NoiseReductionSpec) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Less the noise, and the noise."""
    share = np.where(np.arange(bands.shape[1]) % 2, spec.odd, spec.even)
    estimate, out, noise = np.zeros(bands.shape[1]), [], []
    for column in bands:
        estimate = estimate + share * (column - estimate)
        out.append(np.maximum(column - np.minimum(estimate, column), spec.remaining * column))
        noise.append(estimate)
    return np.array(out), np.array(noise)


def test_noise_reduction_behind_filters_of_our_own() -> None:
    spec, samples = NoiseReductionSpec(), noisy(4)
    _, bands = free(samples=samples)
    _, got = free(spec, samples=samples)
    want, _ = reduced(bands, spec)
    assert np.abs(got - want).max() <= 2e-3 * bands.max()
    hum = bands[:, 3] > 0.5 * bands[:, 3].max()
    assert got[-30:, 3].max() < 0.1 * bands[hum, 3].mean()


def test_pcan_behind_filters_of_our_own() -> None:
    spec, gain, samples = NoiseReductionSpec(), PcanSpec(0.9, 20.0), noisy(4)
    _, bands = free(samples=samples)
    _, got = free(spec, gain, samples=samples)
    left, noise = reduced(bands, spec)
    x = left * (noise + gain.offset) ** -gain.strength
    want = np.where(x < 2, x * x / 4, x - 1)
    assert (np.abs(got - want) <= 0.02 * want + 2**-6 + 1e-4 * want.max()).all()


def test_gains_that_leave_32_bits_are_refused() -> None:
    with pytest.raises(DataError, match="leaves 32 bits"):
        free(NoiseReductionSpec(), PcanSpec(2.0, 1e-6), samples=noisy(1))


def test_estimates_do_not_wrap() -> None:
    """The largest values that 32 bits hold, for long: the estimate ends there, and nothing is left of them."""
    pipeline, _ = free(NoiseReductionSpec(0.5, 0.5, 0.0), samples=noisy(1))
    loud = np.tile(np.where(np.arange(16_000) // 8 % 2, 1.0, -1.0), 4)[:, None]
    values = extract_float(pipeline, loud)[-1, -1, :, 0]
    assert math.isfinite(values.max()) and values.min() >= 0
    assert values.max() < 1e-3 * 2.0**31 / 2.0**pipeline.value_frac_bits


def test_logarithms_of_the_own_scale_behind_pcan() -> None:
    _, got = free(NoiseReductionSpec(), PcanSpec(), LogSpec(), samples=noisy(2))
    assert got.min() >= 20 * math.log10(2**-6) - 0.1


def test_models_of_about_that_scale_get_the_bytes_themselves() -> None:
    pipeline, samples = scaled(Like.TFLM, 320, 1, 1), STREAMS["voice"][:, None] / 32768
    bytes_of = extract_int8(pipeline, samples)
    near = extract_int8(pipeline.with_quantisation(0.10171568393707275, -128), samples)  # micro_speech's
    np.testing.assert_array_equal(near, bytes_of)
    other = extract_int8(pipeline.with_quantisation(0.1, -128), samples)
    np.testing.assert_array_equal(other, np.clip(np.floor((bytes_of + 128.0) * 26 / 25.5 + 0.5) - 128, -128, 127))


def test_json() -> None:
    pipeline = scaled(Like.TFLM, 320, 49, 1)
    assert Pipeline.from_json(pipeline.to_json()) == pipeline
