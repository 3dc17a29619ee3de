"""Blocks of samples: of any length, int16 or int32, they give the model inputs of single frames, and nothing is read
or computed beyond its bounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.contract.stages import (
    BranchesSpec,
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
from mlforge.contract.stages_signal import DifferenceSpec
from mlforge.features import Pipeline, emit, extract_int8, fit
from mlforge.toolchain.process import run
from mlforge.toolchain.sources import runtime_includes, runtime_sources

from . import chains
from .signals import signals
from .test_branches import OF_FRAMES, OF_THE_SIGNAL

MIC = SignalSpec(16_000, ("mic",), "", "int16", 15)
AXES = SignalSpec(50, ("x", "y", "z"), "m/s^2")
FAST = SignalSpec(1000, ("x", "y", "z"), "m/s^2")
LOUDEST = np.concatenate([part[:700] for part in signals(1500, 16_000).values()]).astype(np.float32)
FRONT: list[StageSpec] = [FrameSpec(480, 320), FftSpec(512), MelSpec(40, 20, 8000)]
CHAINS: dict[str, tuple[SignalSpec, list[StageSpec]]] = {
    "cepstrum": (
        MIC,
        [
            FrameSpec(480, 320),
            FftSpec(512),
            MelSpec(40, 20, 8000),
            LogSpec(),
            DctSpec(10),
            DeltaSpec(5),
            StandardiseSpec(),
        ],
    ),
    "slaney": (
        MIC,
        [FrameSpec(441, 441), FftSpec(1024, Taper.HAMMING), MelSpec(9, 0, 8000, MelScale.SLANEY, MelNorm.SLANEY)],
    ),
    "power": (MIC, [FrameSpec(33, 1), FftSpec(2048)]),
    "narrow": (MIC, [FrameSpec(480, 320), FftSpec(512, bits=16), MelSpec(40, 20, 8000), LogSpec(), DctSpec(10)]),
    "narrow and long": (MIC, [FrameSpec(701, 300), FftSpec(1024, Taper.NONE, bits=16), LogSpec()]),
    "narrow axes": (AXES, [FrameSpec(33, 16), FftSpec(64, Taper.HAMMING, Spectrum.MAGNITUDE, bits=16)]),
    "axes": (AXES, [FrameSpec(32, 16), FftSpec(32, Taper.NONE, Spectrum.MAGNITUDE), LogSpec()]),
    "raw": (MIC, [StandardiseSpec()]),
    "branches": (FAST, [*chains.CHAINS["branches"], StandardiseSpec()]),
    "branches of frames": (MIC, [*OF_FRAMES, StandardiseSpec()]),
    "branches of the signal": (FAST, [*OF_THE_SIGNAL, StandardiseSpec()]),
    "branches of samples": (MIC, [BranchesSpec(((), (DifferenceSpec(2),))), StandardiseSpec()]),
}
SANITIZED = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def made(name: str) -> tuple[Pipeline, NDArray[np.float32]]:
    what, chain = CHAINS[name]
    signal = np.repeat(LOUDEST, len(what.channels), axis=1)
    signal = signal[: 2500 if name == "power" else len(signal)]
    pipeline = fit([*chain, WindowSpec(2, 3)], [signal], what)
    return pipeline.with_quantisation(0.5, -7), signal


INCLUDES = [f"-I{directory}" for directory in runtime_includes()]


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """runtime/features with sanitizers, as objects."""
    place = tmp_path_factory.mktemp("runtime")
    sources = [source.resolve() for source in runtime_sources("features", "decision")]
    done = run(["cc", "-std=c11", *SANITIZED, *INCLUDES, "-c", *sources], timeout_s=300, cwd=place)
    assert done.status == 0, done.output
    return sorted(place.glob("*.o"))


def feed(
    runtime: list[Path], pipeline: Pipeline, frames: NDArray[np.int32], place: Path, narrow: bool
) -> NDArray[np.int8]:
    for file, text in emit(pipeline, "tested").items():
        (place / file).write_text(text)
    samples = "MLFORGE_SAMPLES_INT16" if narrow else "MLFORGE_SAMPLES_INT32"
    command = ["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", *SANITIZED, *INCLUDES, f"-I{place}"]
    command += [f"-DSAMPLES={samples}", "-DPIPELINE=tested_pipeline", '-DPIPELINE_HEADER="tested_pipeline.h"']
    sources = [place / "tested_pipeline.c", Path(__file__).parent / "block_driver.c"]
    done = run([*command, *sources, *runtime, "-o", place / "driver"], timeout_s=120)
    assert done.status == 0, done.output
    frames.astype("<i2" if narrow else "<i4").tofile(place / "frames")
    done = run([place / "driver", place / "frames", place / "inputs"], timeout_s=120)
    assert (done.status, done.output) == (0, "")
    return np.fromfile(place / "inputs", dtype=np.int8)


@pytest.mark.parametrize("narrow", [True, False], ids=["int16", "int32"])
@pytest.mark.parametrize("name", CHAINS)
def test_blocks_of_any_length_and_type(runtime: list[Path], tmp_path: Path, name: str, narrow: bool) -> None:
    pipeline, signal = made(name)
    frames = pipeline.to_frames(signal)
    if narrow:
        frames = np.clip(frames, -32768, 32767)
    got = feed(runtime, pipeline, frames, tmp_path, narrow)
    expected = extract_int8(pipeline, np.ldexp(frames.astype(float), -pipeline.input_frac_bits))
    np.testing.assert_array_equal(got, expected.ravel())
    assert len(got) > 0


def test_extremes_of_int32_do_not_overflow(runtime: list[Path], tmp_path: Path) -> None:
    pipeline, _ = made("axes")
    limits = np.iinfo(np.int32)
    frames = np.random.default_rng(5).choice([limits.min, limits.max, 0, -1], (3000, 3)).astype(np.int32)
    frames[:500], frames[500:1000] = limits.min, limits.max
    frames[1000:1500:2] = limits.min
    got = feed(runtime, pipeline, frames, tmp_path, narrow=False)
    expected = extract_int8(pipeline, np.ldexp(frames.astype(float), -pipeline.input_frac_bits))
    np.testing.assert_array_equal(got, expected.ravel())
