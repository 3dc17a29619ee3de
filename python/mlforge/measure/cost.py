"""`Cost`: everything that a firmware takes from its target, in one measurement."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import RunError
from mlforge.measure.cycles import CycleModel, WindowCycles
from mlforge.measure.elf_image import read_image
from mlforge.measure.footprint import added_by_model
from mlforge.records.cost import Cost, OperatorCost, StreamCost
from mlforge.records.program import Firmware
from mlforge.records.waits import NO_WAITS, FlashWaits
from mlforge.targets.target import Target, Timing, Window


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Of a stream: `first_frames` complete the first model input, and `hop_frames` each further one."""

    rate_hz: int
    hop_frames: int
    first_frames: int

    @property
    def period_us(self) -> float:
        """Between two inferences."""
        return self.hop_frames * 1e6 / self.rate_hz


def measure_cost(
    target: Target,
    firmware: Firmware,
    inputs: NDArray[np.int8],
    clock_hz: int,
    frames: NDArray[np.int32] | None = None,
    rhythm: Rhythm | None = None,
    waits: FlashWaits = NO_WAITS,
) -> Cost:
    """Runs inputs int8 [N, input_bytes], N at least 1, and raw frames int32 [F, frame_length] where there are features:
    with a `rhythm`, as many as complete at least two model inputs, the last with the last frame.

    Instructions are counted, cycles estimated; both are the worst of the measured windows. A board that counts nothing
    times itself instead, at its own clock. The stack is the deeper one of inference and features.

    Raises:
        RunError: the firmware crashed or hung, or nothing was measured.
        BuildError: an image cannot be accounted for.
        TargetUnavailableError: the target measures nothing.
    """
    profile = target.profile(firmware, inputs, frames)
    if isinstance(profile, Timing):
        return _timed(target, firmware, profile, rhythm)
    if not profile.inferences or (frames is not None and not profile.features):
        raise RunError("nothing was measured: too few inputs, or too few frames for one model input")
    model = CycleModel(firmware.elf, firmware.core, waits)
    operators = firmware.program.operators
    worst, cycles = _worst(model, profile.inferences, len(operators))
    behind = (profile.last_sample,) if profile.last_sample else profile.features
    features, feature_cycles = _worst(model, behind, 0) if behind else (Window(()), None)
    feature_total = feature_cycles.total if feature_cycles else 0
    feature_fast = feature_cycles.without_waits if feature_cycles else 0
    flash, ram = added_by_model(firmware)
    return Cost(
        target=target.name,
        core=firmware.core,
        method=f"instructions {profile.method}; cycles estimated, {model.timing.method}{_said(waits)}",
        flash=flash,
        ram=ram,
        stack_bytes=max(profile.stack_bytes, profile.feature_stack_bytes),
        instructions=worst.instructions,
        cycles=cycles.total,
        latency_us=cycles.total / clock_hz * 1e6,
        feature_instructions=features.instructions,
        feature_cycles=feature_total,
        feature_latency_us=feature_total / clock_hz * 1e6,
        operators=_operators(firmware, worst, cycles),
        period_us=rhythm.period_us if rhythm else None,
        stream=_stream(model, profile.features, clock_hz, rhythm),
        fast_latency_us=(cycles.without_waits + feature_fast) / clock_hz * 1e6 if waits.states else None,
    )


def _said(waits: FlashWaits) -> str:
    if not waits.states:
        return ""
    prefetch = "with" if waits.prefetch else "without"
    return f"; flash of {waits.states} wait states, {8 * waits.line_bytes} bits, {prefetch} prefetch, no cache"


def _stream(model: CycleModel, windows: tuple[Window, ...], clock_hz: int, rhythm: Rhythm | None) -> StreamCost | None:
    """Of the second model input and those behind it, which take one hop of samples each: the first fills the window."""
    if rhythm is None or len(windows) < 2:
        return None
    hop, cycles = _worst(model, windows[1:], 0)
    return StreamCost(rhythm.rate_hz, rhythm.hop_frames, cycles.total / clock_hz * 1e6, hop.instructions)


def _timed(target: Target, firmware: Firmware, timing: Timing, rhythm: Rhythm | None) -> Cost:
    """A board's clock sees the longest input only, which fills the window: a hop takes its share of that."""
    flash, ram = added_by_model(firmware)
    stream = None
    if rhythm is not None:
        share = rhythm.hop_frames / rhythm.first_frames
        stream = StreamCost(rhythm.rate_hz, rhythm.hop_frames, timing.feature_us * share, None)
    return Cost(
        target=target.name,
        core=firmware.core,
        method=timing.method,
        flash=flash,
        ram=ram,
        stack_bytes=max(timing.stack_bytes, timing.feature_stack_bytes),
        instructions=None,
        cycles=None,
        latency_us=timing.inference_us,
        feature_instructions=None,
        feature_cycles=None,
        feature_latency_us=timing.feature_us if timing.last_sample_us is None else timing.last_sample_us,
        operators=(),
        period_us=rhythm.period_us if rhythm else None,
        stream=stream,
    )


def _worst(model: CycleModel, windows: tuple[Window, ...], operators: int) -> tuple[Window, WindowCycles]:
    """The window of the most cycles."""
    weighed = [(window, model.window(window, operators)) for window in windows]
    return max(weighed, key=lambda pair: (pair[1].total, pair[0].instructions))


def _operators(firmware: Firmware, window: Window, cycles: WindowCycles) -> tuple[OperatorCost, ...]:
    functions = sorted(
        {(symbol.address & ~1, symbol.size_bytes) for symbol in read_image(firmware.elf).symbols if symbol.in_flash}
    )
    return tuple(
        OperatorCost(
            operator.index,
            operator.kind,
            operator.name,
            operator.macs,
            operator.weight_bytes,
            window.operator_instructions(position),
            cycles.operators[position],
            _code_bytes(functions, (block.address for block in window.blocks if block.operator == position)),
        )
        for position, operator in enumerate(firmware.program.operators)
    )


def _code_bytes(functions: Sequence[tuple[int, int]], addresses: Iterable[int]) -> int:
    """Sizes of the functions, (address, bytes) by address, that the executed addresses lie in."""
    entered = set()
    for address in addresses:
        position = bisect_right(functions, (address, sys.maxsize)) - 1
        if position >= 0 and address < sum(functions[position]):
            entered.add(functions[position])
    return sum(size_bytes for _, size_bytes in entered)
