"""The signal library's operators, as TensorFlow Lite Micro's interpreter runs them, beside our stages."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.compiler import compile_graph, read_tflite
from mlforge.compiler.graph import DType, Tensor
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
from tests.unit.compiler.cases import Maker, inputs_for
from tests.unit.compiler.cases_signal import CASES
from tests.unit.compiler.cases_signal import graph as signal_graph
from tests.unit.compiler.harness import run_models
from tests.unit.compiler.registry import Reference
from tests.unit.compiler.tflite_writer import write_tflite
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


@pytest.mark.parametrize("kind", ["SignalFramer", "SignalStacker"])
def test_frames_where_they_are_valid(newest: Oracle, kind: str) -> None:
    """Before, and between them, the interpreter leaves what was there."""
    vectors, seeds = 12, range(20)
    graphs = [CASES[kind](Maker(seed)) for seed in seeds]
    inputs = [inputs_for(graph, vectors, seed) for seed, graph in enumerate(graphs)]
    answers = newest.answers([(write_tflite(graph), one) for graph, one in zip(graphs, inputs, strict=True)])
    compared = 0
    for graph, given, answer in zip(graphs, inputs, answers, strict=True):
        assert not isinstance(answer, Refusal), answer
        reference = Reference(graph)
        for vector in range(vectors):
            frame, valid = reference.run([array[vector] for array in given])
            assert answer[1][vector] == valid
            if valid:
                np.testing.assert_array_equal(answer[0][vector], frame)
                compared += 1
    assert vectors * len(graphs) // 3 < compared < vectors * len(graphs)


LONG = {"int16": (DType.INT16, 7), "int32": (DType.INT32, 2)}


@pytest.mark.parametrize("name", LONG)
def test_long_transforms(newest: Oracle, name: str) -> None:
    """More than the reference of the unit tests can do in their time; there, and back."""
    dtype, code = LONG[name]
    limits = np.iinfo(dtype.value)
    cases = []
    for size in (8, 1 << 11, 1 << 12, 1 << 13, 1 << 14):
        for kind, more in (("SignalRfft", (0, 2)), ("SignalIrfft", (2, 0))):
            maker = Maker(size)
            ends = [maker.add(Tensor(f"s{at}", (size + at_end,), dtype)) for at, at_end in enumerate(more)]
            graph = signal_graph(maker, kind, ends[:1], ends[1:], T=code, fft_length=size)
            loud = limits.max / 11 * math.sqrt(size / 8)
            values = maker.numbers.normal(0, loud, (2, size + more[0])).clip(limits.min, limits.max)
            cases.append((graph, [values.astype(dtype.value)]))
    answers = newest.answers([(write_tflite(graph), inputs) for graph, inputs in cases])
    models = {f"m{at}": (compile_graph(read_tflite(write_tflite(g)), f"m{at}"), x) for at, (g, x) in enumerate(cases)}
    with tempfile.TemporaryDirectory() as place:
        ours = run_models(Path(place), models)
    for at, answer in enumerate(answers):
        assert not isinstance(answer, Refusal), answer
        np.testing.assert_array_equal(ours[f"m{at}"][0], answer[0])


def test_front_end_in_a_graph(newest: Oracle) -> None:
    """All of it compiled: the interpreter's bytes, over many frames."""
    length, hop, bands = SIZES[512]
    fitted = fit([*chain(Like.TFLM, length, hop, 512, bands), WindowSpec(1, 1)], [np.zeros((4000, 1))], MIC)
    model = speech_front_end(512, tables_of(fitted))
    frames = [frames_of(STREAMS["all"], length, hop)]
    (answer,) = newest.answers([(model, frames)])
    assert not isinstance(answer, Refusal), answer
    with tempfile.TemporaryDirectory() as place:
        ours = run_models(Path(place), {"m": (compile_graph(read_tflite(model), "m"), frames)})["m"]
    for got, want in zip(ours, answer, strict=True):
        np.testing.assert_array_equal(got, want)
