"""Fits a pipeline to the training split: statistics by value, and a fixed point that its values fit into."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.contract.stages import (
    BranchesSpec,
    FrameSpec,
    Layout,
    LogSpec,
    MelSpec,
    SignalSpec,
    StageSpec,
    StandardiseSpec,
    Statistics,
    WindowSpec,
    each_spec,
)
from mlforge.contract.stages_signal import EnvelopeSpec, PreEmphasisSpec, SquaredSlopeSpec
from mlforge.contract.stages_spectrum import BandsSpec, PeaksSpec, SpectralSpec
from mlforge.contract.stages_tflm import NoiseReductionSpec, PcanSpec
from mlforge.errors import DataError
from mlforge.features.chain import Branches, FittedStage, each_stage
from mlforge.features.fixed_range import HEADROOM_BITS, frac_bits_for, frac_bits_of_int16, wide_frac_bits
from mlforge.features.flow import Element, Flow
from mlforge.features.framer import Framer
from mlforge.features.level import Level
from mlforge.features.makers import MAKERS
from mlforge.features.native import run_native
from mlforge.features.noise_reduction import make_noise_reduction
from mlforge.features.pipeline import Pipeline
from mlforge.features.pre_emphasis import make_pre_emphasis
from mlforge.features.rectify import Rectify
from mlforge.features.squared_slope import SquaredSlope
from mlforge.features.standardise import Standardise, fit_standardise
from mlforge.features.window import Window

EVERY_BLOCK: Final = Window(1, 1)
TAKING_EXPONENTS: Final = (MelSpec, LogSpec, BandsSpec, SpectralSpec, PeaksSpec, BranchesSpec)
MAD_TO_DEVIATION: Final = 1.4826  # 1 / the normal distribution's third quartile


def fit(spec: Sequence[StageSpec], signals: Sequence[NDArray[Any]], signal: SignalSpec | None = None) -> Pipeline:
    """The pipeline for the contract's `features`, fitted to training recordings and nothing else.

    With a window stage, recordings are [frames, channels] and a model input is (length, 1, channels), or behind a frame
    stage (columns, rows, channels). Without one, each recording is one example: [features] gives (features,),
    [frames, channels] gives (frames, 1, channels), and [height, width, channels] keeps its shape.

    Raises:
        DataError: no recordings, shapes that do not go together or with the stages, none as long as the window.
    """
    if not signals:
        raise DataError("no training recordings to fit the features to")
    window = next((stage for stage in spec if isinstance(stage, WindowSpec)), None)
    transforming = [stage for stage in spec if not isinstance(stage, WindowSpec | StandardiseSpec)]
    framed = any(isinstance(stage, FrameSpec) for stage in each_spec(spec))
    if window is not None or transforming:
        what = "window" if window else "frame" if framed else type(transforming[0]).__name__.removesuffix("Spec")
        _check_series(signals, f"a {what}" if window or framed else f"{what} of the signal")
    draft = _Draft(_source(signals, signal, bool(transforming)), signals, framed)
    for index, stage in enumerate(spec):
        if not isinstance(stage, WindowSpec):
            draft.add(stage, spec[index + 1 : index + 2])
    draft.end()
    return _with_window(draft.pipeline(), window, signals)


def _check_series(signals: Sequence[NDArray[Any]], what: str) -> None:
    first = signals[0].shape
    if any(len(signal.shape) != 2 or signal.shape[1] != first[1] for signal in signals):
        raise DataError(f"{what} needs recordings of [frames, channels], found shape {first}")


def _source(signals: Sequence[NDArray[Any]], signal: SignalSpec | None, transformed: bool) -> Pipeline:
    """The pipeline of no stages: how frames are stored."""
    if any(math.prod(each.shape) == 0 for each in signals):
        raise DataError(f"an empty recording, of shape {next(each.shape for each in signals if 0 in each.shape)}")
    channels = signals[0].shape[-1] if signals[0].shape else 1
    if signal is not None and signal.channels and len(signal.channels) != channels:
        raise DataError(
            f"the data have {channels} channels, data.signal.channels names {len(signal.channels)}",
            hint="name each column of the recordings, in their order",
        )
    rate_hz = signal.rate_hz if signal else 0
    _, deviation, largest = float_statistics(signals, channels)
    samples = Element.INT16 if signal is not None and signal.samples == "int16" else Element.INT32
    if signal is not None and samples is Element.INT16:
        bits = frac_bits_of_int16(largest) if signal.frac_bits is None else signal.frac_bits
    else:
        bits = wide_frac_bits(largest) if transformed else frac_bits_for(largest, deviation)
    return Pipeline(channels, (1, 1, channels), bits, (), EVERY_BLOCK, samples=samples, rate_hz=rate_hz)


@dataclass(slots=True)
class _Draft:
    """A chain that grows: what comes next depends on what the stages so far make of the training recordings."""

    source: Pipeline
    signals: Sequence[NDArray[Any]]
    framed: bool = False  # whether there is a frame stage, now or later
    stages: tuple[FittedStage, ...] = ()

    @property
    def flow(self) -> Flow:
        flow = self.source.source
        for stage in self.stages:
            flow = stage.output(flow)
        return flow

    def add(self, spec: StageSpec, following: Sequence[StageSpec] = ()) -> None:
        """The stage for `spec`, which the stage `following` stands behind, where there is one."""
        if self.flow.exponents is not None and not isinstance(spec, TAKING_EXPONENTS):
            self.level()
        if isinstance(spec, EnvelopeSpec):
            self.stages = (*self.stages, Rectify())
        elif isinstance(spec, SquaredSlopeSpec):
            self.square()
            return
        flow = self.flow
        stage: FittedStage
        if isinstance(spec, StandardiseSpec):
            stage = fit_standardise(*self._statistics(spec.statistics), flow.frac_bits, spec.clip)
        elif isinstance(spec, BranchesSpec):
            stage = Branches(tuple(self._branch(branch) for branch in spec.branches))
        elif isinstance(spec, PreEmphasisSpec):
            stage = make_pre_emphasis(spec, flow, self.framed)
        elif isinstance(spec, NoiseReductionSpec):
            stage = make_noise_reduction(spec, isinstance(next(iter(following), None), PcanSpec))
        elif type(spec) in MAKERS:
            stage = MAKERS[type(spec)](spec, flow)
        else:
            raise DataError(f"a feature stage {type(spec).__name__} here")
        self.stages = (*self.stages, stage)

    def _branch(self, spec: Sequence[StageSpec]) -> tuple[FittedStage, ...]:
        """Fitted like a chain that goes on alone."""
        alone = _Draft(self.source, self.signals, self.framed, self.stages)
        for index, stage in enumerate(spec):
            alone.add(stage, spec[index + 1 : index + 2])
        if alone.flow.exponents is not None:
            alone.level()
        return alone.stages[len(self.stages) :]

    def end(self) -> None:
        if self.flow.exponents is not None:
            self.level()
        if self.flow.row_bits:
            raise DataError("statistics of several units cannot be a model's input", hint="put `standardise` behind")

    def level(self) -> None:
        """One fixed point for values with exponents: as fine as the training recordings leave headroom for."""
        high = 31 + (self.flow.exponents or (0, 0))[1]
        bits = 31 - (high - self.flow.frac_bits)
        for _ in range(3):  # so coarse at first that all values may round to 0
            largest = self._largest(Level(bits))
            bits += max(0, 31 - HEADROOM_BITS - largest.bit_length())
        self.stages = (*self.stages, Level(bits))

    def square(self) -> None:
        """Squares as fine as the training recordings leave headroom for."""
        after = 31
        for _ in range(2):  # so coarse at first that all values may round to 0
            largest = self._largest(SquaredSlope(after))
            after = max(0, after - max(0, 31 - HEADROOM_BITS - largest.bit_length()))
        self.stages = (*self.stages, SquaredSlope(after))

    def _largest(self, stage: FittedStage) -> int:
        return max((int(values.max()) for values in self._values((*self.stages, stage))), default=0)

    def _values(self, stages: tuple[FittedStage, ...]) -> list[NDArray[np.int32]]:
        """All blocks that the stages make, int32 [blocks, length] for each recording that is long enough."""
        flow = self.source.source
        for stage in stages:
            flow = stage.output(flow)
        shape = (flow.rows, 1, flow.channels)
        made = Pipeline(
            self.source.channels,
            shape,
            self.source.input_frac_bits,
            stages,
            EVERY_BLOCK,
            samples=self.source.samples,
            rate_hz=self.source.rate_hz,
        )
        found = (run_native(made, stages, made.to_frames(signal)) for signal in self.signals)
        return [values.reshape(len(values), -1) for values in found if len(values)]

    def _statistics(self, kind: Statistics) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Middle and deviation, float64 [length]: of the recordings themselves where no stage comes before."""
        measure = robust_statistics if kind is Statistics.ROBUST else float_statistics
        if not self.stages:
            return measure(self.signals, self.source.channels)[:2]
        values = self._values(self.stages)
        if not values:
            raise DataError("no training recording is as long as one frame")
        mean, deviation, _ = measure(values, self.flow.length)
        return np.ldexp(mean, -self.flow.frac_bits), np.ldexp(deviation, -self.flow.frac_bits)

    def pipeline(self) -> Pipeline:
        source = self.source
        return Pipeline(
            source.channels,
            source.input_shape,
            source.input_frac_bits,
            self.stages,
            source.window,
            samples=source.samples,
            rate_hz=source.rate_hz,
        )


def _with_window(draft: Pipeline, window: WindowSpec | None, signals: Sequence[NDArray[Any]]) -> Pipeline:
    """The pipeline with its collector, for the shapes of the recordings."""
    last = draft.flows[-1]
    shapes = [signal.shape for signal in signals]
    if window is not None:
        cut = Window(window.length, window.hop)
        needed = math.ceil(last.span + (window.length - 1) * last.hop)
        if all(shape[0] < needed for shape in shapes):
            longest = max(shape[0] for shape in shapes)
            raise DataError(f"the longest recording has {longest} frames, the window needs {needed}")
        shape = _input_shape(window.length, last, window.layout if _framed(draft) else Layout.SERIES)
    else:
        cut, shape = _whole(draft, shapes)
    if (cut.hop * last.hop).denominator != 1:
        raise DataError(
            f"model inputs would come every {float(cut.hop * last.hop):g} frames of the signal",
            hint="a window with a hop that is a whole number of the signal's frames",
        )
    return Pipeline(
        draft.channels, shape, draft.input_frac_bits, draft.stages, cut, samples=draft.samples, rate_hz=draft.rate_hz
    )


def _framed(draft: Pipeline) -> bool:
    return any(isinstance(stage, Framer) for stage in each_stage(draft.stages))


def _input_shape(columns: int, flow: Flow, layout: Layout) -> tuple[int, ...]:
    if layout is Layout.SERIES:
        return (columns, 1, flow.length)
    return (columns, flow.rows, flow.channels)


def _whole(draft: Pipeline, shapes: Sequence[tuple[int, ...]]) -> tuple[Window, tuple[int, ...]]:
    """Each recording is one example."""
    first, last = shapes[0], draft.flows[-1]
    for shape in shapes:
        if shape != first:
            hint = "add a `window` stage to cut recordings into inputs of one length"
            raise DataError(f"recordings of different shapes, {shape} and {first}", hint=hint)
    if _transforms(draft):
        columns = last.blocks(first[0])
        if columns == 0:
            raise DataError(
                f"recordings of {first[0]} frames are shorter than the {math.ceil(last.span)} that one column takes"
            )
        layout = Layout.PICTURE if _framed(draft) else Layout.SERIES
        return Window(columns, columns), _input_shape(columns, last, layout)
    length = math.prod(first) // draft.channels
    return Window(length, length), (first if len(first) != 2 else (first[0], 1, first[1]))


def _transforms(draft: Pipeline) -> bool:
    """Whether some stage makes other values than one for each of the recording."""
    return any(not isinstance(stage, Standardise) for stage in draft.stages)


def float_statistics(
    signals: Sequence[NDArray[Any]], channels: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Mean and deviation by channel, float64 [channels], and the largest magnitude (two passes, for precision)."""
    frames = [np.asarray(signal, dtype=np.float64).reshape(-1, channels) for signal in signals]
    largest = max(float(np.abs(part).max()) for part in frames)
    if not math.isfinite(largest):
        raise DataError("a training recording with values that are not finite")
    count = sum(len(part) for part in frames)
    mean = sum((part.sum(axis=0) for part in frames), np.zeros(channels)) / count
    square = sum((np.square(part - mean).sum(axis=0) for part in frames), np.zeros(channels)) / count
    return mean, np.sqrt(square), largest


def robust_statistics(
    signals: Sequence[NDArray[Any]], channels: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """As `float_statistics`, with the median for the mean and the median absolute deviation, as a normal distribution's
    standard deviation, for the deviation; a channel of which more than half does not move keeps the plain one."""
    _, plain, largest = float_statistics(signals, channels)
    frames = np.concatenate([np.asarray(signal, dtype=np.float32).reshape(-1, channels) for signal in signals])
    middle, spread = np.empty(channels), np.empty(channels)
    for channel in range(channels):
        column = frames[:, channel].astype(np.float64)
        middle[channel] = np.median(column)
        spread[channel] = MAD_TO_DEVIATION * np.median(np.abs(column - middle[channel]))
    return middle, np.where(spread > 0, spread, plain), largest
