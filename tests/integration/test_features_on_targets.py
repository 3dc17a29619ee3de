"""Training and serving cannot differ: every target computes the model inputs of the host, byte for byte."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

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
from mlforge.contract.stages_tflm import Like
from mlforge.features import Pipeline, emit, extract_float, extract_int8, fit
from mlforge.features.chain import FittedStage
from mlforge.features.native import run_native
from mlforge.records.program import Program
from mlforge.targets.registry import all_targets, target_named
from mlforge.targets.target import Target
from tests.programs import tiny
from tests.programs.require import require
from tests.unit.features import chains, speech

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
XYZ = SignalSpec(1000, ("x", "y", "z"), "", "int16", 15)
CHAINS: dict[str, tuple[SignalSpec, list[StageSpec]]] = {
    "cepstrum": (MIC, [*BANDS, DctSpec(2), DeltaSpec(3), WindowSpec(1, 1)]),
    "slaney": (MIC, [FrameSpec(64, 64), FftSpec(64), MelSpec(4, 0, 8000, MelScale.SLANEY, MelNorm.SLANEY)]),
    "narrow": (MIC, [FrameSpec(300, 200), FftSpec(512, bits=16), MelSpec(20, 20, 8000), LogSpec()]),
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


# What else there is: every stage stands in one of them.
OTHERS = {name: (XYZ, stages) for name, stages in chains.CHAINS.items()} | {
    like.value: (MIC, speech.chain(like, 60, 30, 64, 6)) for like in (Like.TFLM, Like.MICROFRONTEND)
}
CORES = ["mps2/an386", "mps3/corstone300/an547", "mps2/an385@cortex-m0", "qemu_riscv32"]


@pytest.mark.parametrize("board", CORES)
@pytest.mark.parametrize("name", OTHERS)
def test_every_stage_makes_the_same_integers_on_all_cores(board: str, name: str) -> None:
    target = target_named(board)
    require(target)
    what, stages = OTHERS[name]
    channels = max(1, len(what.channels))
    calm = np.random.default_rng(8).normal(0, 0.2, (1200, channels)).clip(-0.99, 0.99)
    pipeline = fit([*stages, StandardiseSpec(), WindowSpec(1, 1)], [calm], what).with_quantisation(0.05, 3)
    frames = pipeline.to_frames(np.concatenate([calm[:400], np.tile(loud(channels), (2, 1))]))
    got = target.extract(target.build(program(pipeline)), frames)
    np.testing.assert_array_equal(got, run_native(pipeline, pipeline.all_stages, frames).reshape(len(got), -1))
    assert len(np.unique(got)) > 2


@pytest.mark.parametrize("board", CORES)
@pytest.mark.parametrize("stages", [[], [StandardiseSpec()]], ids=["raw", "standard"])
def test_windows_of_int16(board: str, stages: list[StageSpec]) -> None:
    target = target_named(board)
    require(target)
    pipeline = fit([*stages, WindowSpec(30, 20)], [loud(1)], MIC).with_quantisation(0.011, -5)
    got = target.extract(target.build(program(pipeline)), pipeline.to_frames(loud(1)))
    np.testing.assert_array_equal(got, extract_int8(pipeline, loud(1)).reshape(len(got), -1))


def test_every_stage_stands_in_a_chain() -> None:
    seen: set[type] = set()
    for what, stages in (*CHAINS.values(), *OTHERS.values()):
        calm = np.random.default_rng(8).normal(0, 0.2, (1200, max(1, len(what.channels))))
        seen |= {type(one) for one in fit([*stages, StandardiseSpec(), WindowSpec(1, 1)], [calm], what).stages}
    assert {one.__name__ for one in get_args(FittedStage)} - {one.__name__ for one in seen} <= {"TflmScale"}
