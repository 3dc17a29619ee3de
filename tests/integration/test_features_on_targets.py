"""Training and serving cannot differ: every target computes the model inputs of the host, byte for byte."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.contract.stages import (
    DctSpec,
    DeltaSpec,
    FftSpec,
    FrameSpec,
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
from mlforge.features import Pipeline, emit, extract_float, extract_int8, fit
from mlforge.records.program import Program
from mlforge.targets.registry import all_targets
from mlforge.targets.target import Target
from tests.programs import tiny
from tests.programs.require import require

SIGNAL = (np.random.default_rng(5).normal(size=(120, 2)) * [3, 0.2]).astype(np.float32)


def program(pipeline: Pipeline) -> Program:
    """A model of four input bytes behind the pipeline."""
    plain = tiny()
    sources = {**plain.sources, **emit(pipeline, "tiny")}
    return replace(plain, sources=sources, pipeline_symbol="tiny_pipeline", pipeline_header="tiny_pipeline.h")


@pytest.mark.parametrize("target", all_targets(), ids=lambda target: target.name)
@pytest.mark.parametrize("stages", [[WindowSpec(2, 1)], [WindowSpec(2, 3), StandardiseSpec()]], ids=["raw", "standard"])
def test_inputs_are_those_of_the_host(target: Target, stages: list[StageSpec]) -> None:
    require(target)
    pipeline = fit(stages, [SIGNAL]).with_quantisation(0.03, -4)
    limits = np.iinfo(np.int32)
    loud = SIGNAL.copy()
    loud[::9] *= 1e9  # saturates the frames
    frames = pipeline.to_frames(loud)
    assert frames.min() == limits.min
    got = target.extract(target.build(program(pipeline)), frames)
    np.testing.assert_array_equal(got, extract_int8(pipeline, loud).reshape(len(got), -1))
    assert len(got) == pipeline.window.count(len(SIGNAL))


MIC = SignalSpec(16_000, ("mic",), "", "int16", 15)
AXES = SignalSpec(50, ("x", "y", "z"), "m/s^2")
BANDS: list[StageSpec] = [FrameSpec(300, 200), FftSpec(512), MelSpec(20, 20, 8000), LogSpec()]
CHAINS: dict[str, tuple[SignalSpec, list[StageSpec]]] = {
    "cepstrum": (MIC, [*BANDS, DctSpec(2), DeltaSpec(3), WindowSpec(1, 1)]),
    "slaney": (MIC, [FrameSpec(64, 64), FftSpec(64), MelSpec(4, 0, 8000, MelScale.SLANEY, MelNorm.SLANEY)]),
    "axes": (AXES, [FrameSpec(33, 16), FftSpec(64, Taper.HAMMING, Spectrum.MAGNITUDE), MelSpec(4, 0, 25), LogSpec()]),
}


def loud(channels: int) -> NDArray[np.float32]:
    """Noise of all sizes, full scale, silence and the least value, one after the other."""
    random, shape = np.random.default_rng(9), (310 // channels, channels)  # the smallest machine holds no more
    parts = [random.normal(0, size, shape) for size in (0.1, 0.001, 3e-5)]
    parts += [np.full(shape, value) for value in (-1.0, 1.0, 0.0)]
    return np.concatenate([*parts, random.choice([-1.0, 1.0], shape)]).astype(np.float32)


@pytest.mark.parametrize("target", all_targets(), ids=lambda target: target.name)
@pytest.mark.parametrize("name", CHAINS)
def test_spectral_chains_are_the_same_integers_on_all_cores(target: Target, name: str) -> None:
    require(target)
    what, chain = CHAINS[name]
    signal = loud(max(1, len(what.channels)))
    pipeline = fit([*chain, *([] if name == "cepstrum" else [WindowSpec(1, 1)])], [signal], what)
    scale = float(np.abs(extract_float(pipeline, signal)).max()) / 100
    plain = tiny()
    pipeline = pipeline.with_quantisation(max(scale, 1e-6), 3)
    program = replace(
        plain,
        sources={**plain.sources, **emit(pipeline, "tiny")},
        pipeline_symbol="tiny_pipeline",
        pipeline_header="tiny_pipeline.h",
    )
    got = target.extract(target.build(program), pipeline.to_frames(signal))
    expected = extract_int8(pipeline, signal)
    np.testing.assert_array_equal(got, expected.reshape(len(expected), -1))
    assert len(np.unique(expected)) > 10
