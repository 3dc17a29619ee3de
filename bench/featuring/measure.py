"""Counts of one column of features on an emulated core, by stage."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from featuring.cmsis import COEFFICIENTS, peer_sources
from mlforge.contract import StageSpec
from mlforge.contract.stages import DctSpec, FftSpec, FrameSpec, LogSpec, MelSpec, SignalSpec, WindowSpec
from mlforge.errors import ForgeError
from mlforge.features import Pipeline, emit, fit
from mlforge.measure.elf_image import read_image
from mlforge.records.program import Firmware
from mlforge.targets.counting import functions
from mlforge.targets.registry import target_named
from mlforge.targets.target import Profile
from tests.programs import tiny
from tests.unit.features import floats
from tests.unit.features.signals import signals, stored

CORES = {
    "cortex-m4": "mps2/an386",
    "cortex-m55": "mps3/corstone300/an547",
    "cortex-m0": "mps2/an385@cortex-m0",
}
MIC = SignalSpec(16_000, ("mic",), "", "int16", 15)
BITS = (32, 16)  # of the transform
SIGNAL = signals(8_000, 16_000)["noise"]
STEP_DB = 0.25  # of the int8 coefficients: how fine errors are seen
NEPERS = math.log(10) / 20  # in a decibel of magnitude
COLUMNS = 12
STAGES = {
    "frame": ("mlforge_framer", "memcpy", "memmove"),
    "taper": (
        "mlforge_fft_load",
        "mlforge_load",
        "mlforge_clear",
        "mlforge_fft_clear",
        "mlforge_fft16_load",
        "mlforge_fft16_scan",
        "mlforge_fft16_taper",
    ),
    "fft": (
        "mlforge_fft_passes",
        "mlforge_pass_vectors",
        "mlforge_first",
        "mlforge_split",
        "mlforge_fft_butterflies",
        "mlforge_fft_split",
        "mlforge_fft_pass",
        "mlforge_fft_first_of",
        "mlforge_fft16_butterfly",
        "mlforge_fft16_reverse",
        "mlforge_fft16_pass",
        "mlforge_fft16_first",
    ),
    "power": (
        "mlforge_fft_powers",
        "mlforge_powers",
        "mlforge_fft_magnitudes",
        "mlforge_fft_process",
        "mlforge_fft16_powers",
        "mlforge_fft16_magnitudes",
        "mlforge_fft16_process",
    ),
    "mel": ("mlforge_mel", "mlforge_bands"),
    "log": ("mlforge_log",),
    "dct": ("mlforge_dct",),
    "quantise": ("mlforge_quantise",),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """Of one column: `instructions` from the last sample's block on, `stages` by name. RAM is without the ring that the
    model reads; tables are constants. `error_db` is the largest difference of a coefficient's levels to floating point,
    of columns that are not silent."""

    instructions: float
    stages: dict[str, float]
    ram_bytes: int
    table_bytes: int
    code_bytes: int
    stack_bytes: int
    error_db: float


def chain(bits: int) -> list[StageSpec]:
    frames: list[StageSpec] = [FrameSpec(480, 320), FftSpec(512, bits=bits)]
    return [*frames, MelSpec(40, 20, 8000), LogSpec(), DctSpec(COEFFICIENTS)]


def measure_ours(core: str, bits: int) -> Measured:
    pipeline = fit([*chain(bits), WindowSpec(1, 1)], [SIGNAL], MIC).with_quantisation(STEP_DB, 0)
    return _measure(core, emit(pipeline, "ours"), "ours_pipeline", pipeline)


def measure_peer(core: str) -> Measured:
    pipeline = fit([*chain(32), WindowSpec(1, 1)], [SIGNAL], MIC)
    return _measure(core, peer_sources(STEP_DB * NEPERS), "peer_pipeline", pipeline)


def _measure(core: str, sources: dict[str, str], symbol: str, pipeline: Pipeline) -> Measured:
    plain = tiny()
    header = next(name for name in sources if name.endswith("_pipeline.h"))
    program = replace(plain, sources={**plain.sources, **sources}, pipeline_symbol=symbol, pipeline_header=header)
    target = target_named(CORES[core])
    firmware = target.build(program)
    frames = pipeline.to_frames(SIGNAL)[: pipeline.frames_for(COLUMNS)]
    profile = target.profile(firmware, np.zeros((1, firmware.program.input_bytes), np.int8), frames)
    if not isinstance(profile, Profile):
        raise ForgeError(f"{core} counts nothing")
    counts = _counts(firmware, profile)
    got = target.extract(firmware, frames).astype(float) * STEP_DB
    sizes = _sizes(firmware, symbol)
    return Measured(
        instructions=sum(counts.values()),
        stages=dict(counts),
        ram_bytes=sizes[0],
        table_bytes=sizes[1],
        code_bytes=sizes[2],
        stack_bytes=profile.feature_stack_bytes,
        error_db=_error(got, power=not symbol.startswith("peer")),
    )


def _counts(firmware: Firmware, profile: Profile) -> Counter[str]:
    """The mean of all columns but the first, which has more samples."""
    image = functions(firmware.elf)
    starts = [function.start for function in image]
    found: Counter[str] = Counter()
    windows = profile.features[1:]
    for block in (block for window in windows for block in window.blocks):
        name = image[bisect_right(starts, block.address) - 1].name
        found[_stage(name)] += block.instructions * block.executed
    return Counter({name: count / len(windows) for name, count in found.items()})


def _stage(function: str) -> str:
    if function.startswith("arm_"):
        return function
    return next((stage for stage, starts in STAGES.items() if function.startswith(starts)), "between")


def _sizes(firmware: Firmware, symbol: str) -> tuple[int, int, int]:
    """RAM, tables and code that the features add to the image, but for ring and model."""
    assert firmware.baseline_elf is not None
    before = {(one.name, one.size_bytes) for one in read_image(firmware.baseline_elf).symbols}
    added = [one for one in read_image(firmware.elf).symbols if (one.name, one.size_bytes) not in before]
    added = [one for one in added if not one.name.startswith(("tiny", "mlforge_app"))]
    ram = sum(one.size_bytes for one in added if one.in_ram and not one.name.endswith("_ring"))
    code = {function.name for function in functions(firmware.elf)}
    tables = sum(one.size_bytes for one in added if one.in_flash and not one.in_ram and one.name not in code)
    return ram, tables, sum(one.size_bytes for one in added if one.name in code)


def _error(got: np.ndarray, power: bool) -> float:
    """The largest difference to floating point, in dB, of coefficients [columns, coefficients] that int8 holds: of
    filters over powers, or over magnitudes."""
    spectrum = np.abs(floats.spectrum(floats.frames(stored(SIGNAL), 480, 320), "hann", 512))[: len(got), :, 0]
    weights = floats.mel_weights(40, 20, 8000, 16_000, 257, "htk", "none")
    levels = 10 * np.log10(spectrum**2 @ weights.T) if power else 20 * np.log10(spectrum @ weights.T)
    held = np.abs(got) < 127 * STEP_DB
    return float(np.abs(got - levels @ floats.cosines(COEFFICIENTS, 40).T)[held].max())
