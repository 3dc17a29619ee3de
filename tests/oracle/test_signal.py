"""The signal library's operators, as TensorFlow Lite Micro's interpreter runs them, beside our stages."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.contract.stages import WindowSpec
from mlforge.contract.stages_tflm import Like
from mlforge.features import Pipeline, fit
from mlforge.features.native import run_native
from mlforge.features.pcan import Pcan
from mlforge.features.tflm_bands import TflmBands
from mlforge.features.tflm_spectrum import TflmSpectrum
from mlforge.features.window import Window
from tests.oracle.signal_graph import Tables, frames_of, speech_front_end
from tests.oracle.wheel import Oracle, Refusal
from tests.unit.features.speech import MIC, chain, streams

STREAMS = streams()
SIZES = {512: (480, 320, 40), 256: (200, 100, 20), 1024: (1000, 400, 64), 128: (128, 128, 8), 2048: (1600, 800, 40)}


def tables_of(fitted: Pipeline) -> Tables:
    spectrum, bands, pcan = fitted.stages[1], fitted.stages[2], fitted.stages[4]
    assert isinstance(spectrum, TflmSpectrum) and isinstance(bands, TflmBands) and isinstance(pcan, Pcan)
    half = spectrum.taper_table
    taper = (*half, *half[::-1])[: spectrum.length]
    return Tables(taper, bands.bins, bands.offsets, bands.widths, bands.weights, bands.rests, pcan.gains)


def first_stages(fitted: Pipeline, count: int, samples: NDArray[np.int16]) -> NDArray[np.int32]:
    """What the first stages make, [columns, values]."""
    flow = fitted.flows[count]
    raw = Pipeline(
        1,
        (flow.rows, 1, 1),
        fitted.input_frac_bits,
        fitted.stages[:count],
        Window(1, 1),
        samples=fitted.samples,
        rate_hz=fitted.rate_hz,
    )
    return run_native(raw, raw.stages, samples[:, None].astype(np.int32)).reshape(-1, flow.rows)


@pytest.mark.parametrize("size", SIZES)
def test_same_integers(newest: Oracle, size: int) -> None:
    length, hop, bands = SIZES[size]
    specs = [*chain(Like.TFLM, length, hop, size, bands), WindowSpec(1, 1)]
    fitted = fit(specs, [np.zeros((4000, 1))], MIC)
    model = speech_front_end(size, tables_of(fitted))
    streams_now = STREAMS if size == 512 else {"all": STREAMS["all"]}
    frames = [frames_of(samples, length, hop) for samples in streams_now.values()]
    answers = newest.answers([(model, [one]) for one in frames])
    for name, answer in zip(streams_now, answers, strict=True):
        assert not isinstance(answer, Refusal), answer
        levels, roots, _ = answer
        np.testing.assert_array_equal(first_stages(fitted, 3, streams_now[name]), roots.astype(np.int64), name)
        np.testing.assert_array_equal(first_stages(fitted, 6, streams_now[name]), levels.astype(np.int64), name)
