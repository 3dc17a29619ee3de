"""`Pipeline`: the fitted features as frozen data, in whole numbers only, with JSON in and out and a digest."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import DataError
from mlforge.features.chain import FittedStage, flows_of
from mlforge.features.flow import Element, Flow
from mlforge.features.quantise import Quantisation, Quantise, make_quantise
from mlforge.features.serial import pipeline_converter
from mlforge.features.stage import Stage
from mlforge.features.standardise import Standardise
from mlforge.features.tflm_levels import TflmScale
from mlforge.features.window import Window
from mlforge.records.serial import structure

MAX_INPUT_VALUES: Final = 1 << 24  # of one model input; beyond any microcontroller
FRAC_BITS_RANGE: Final = (-24, 30)  # of raw frames; runtime/ relies on it


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Frames to model inputs, fitted to the training split.

    Raw frames are [frames, channels] of `samples` (int32, or int16): `value * 2^input_frac_bits`. They pass `stages`,
    and `window.length` of the blocks that the last one makes are one model input of `input_shape`. `quantisation` is
    unknown until there is a model, `rate_hz` is 0 where the contract names no signal.
    """

    channels: int
    input_shape: tuple[int, ...]
    input_frac_bits: int
    stages: tuple[FittedStage, ...]
    window: Window
    quantisation: Quantisation | None = None
    samples: Element = Element.INT32
    rate_hz: int = 0

    @property
    def source(self) -> Flow:
        """The signal."""
        low, high = self.samples.range
        return Flow(1, self.channels, self.samples, self.input_frac_bits, low, high, rate=Fraction(self.rate_hz))

    @property
    def flows(self) -> tuple[Flow, ...]:
        """What each stage takes, and at the end what the last one makes. Raises DataError; see `flows_of`."""
        return flows_of(self.source, self.stages)

    @property
    def limit(self) -> int:
        """The largest magnitude in front of quantisation that is trained with, in its fixed point; 0 for none."""
        last = self.stages[-1] if self.stages else None
        return last.limit if isinstance(last, Standardise) else 0

    @property
    def value_frac_bits(self) -> int:
        """Fraction bits of the values in front of quantisation."""
        return self.flows[-1].frac_bits

    @property
    def block_length(self) -> int:
        """Values in one block of the window."""
        return self.flows[-1].length

    def frames_for(self, inputs: int) -> int:
        """How many raw frames so many model inputs take, from a reset on."""
        last = self.flows[-1]
        blocks = self.window.length + (inputs - 1) * self.window.hop
        return math.ceil(last.span + (blocks - 1) * last.hop)

    @property
    def input_hop(self) -> int:
        """Raw frames from one model input to the next."""
        return math.ceil(self.window.hop * self.flows[-1].hop)

    def inputs_of(self, frames: int) -> int:
        """How many model inputs so many raw frames give."""
        return self.window.count(self.flows[-1].blocks(frames))

    @property
    def output_bytes(self) -> int:
        """Of one int8 model input."""
        return prod(self.input_shape)

    @property
    def digest(self) -> str:
        """SHA-256 of the JSON."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def of_hops(self) -> Pipeline:
        """The pipeline that makes the new columns of each window alone."""
        hop = self.window.hop
        return replace(self, window=Window(hop, hop), input_shape=(hop, *self.input_shape[1:]))

    def with_quantisation(self, scale: float, zero_point: int) -> Pipeline:
        """The pipeline for a model whose input has these parameters. Raises DataError for impossible ones."""
        quantisation = Quantisation(float(scale), int(zero_point))
        make_quantise(quantisation, self.value_frac_bits)
        return replace(self, quantisation=quantisation)

    def quantise_stage(self) -> Quantise:
        """Raises DataError where the quantisation is still unknown."""
        if self.quantisation is None:
            raise DataError("the feature pipeline has no quantisation yet: it comes from the model's input")
        last = self.stages[-1] if self.stages else None
        found = last.quantisation(self.quantisation) if isinstance(last, TflmScale) else self.quantisation
        return make_quantise(found, self.value_frac_bits)

    @property
    def all_stages(self) -> tuple[Stage, ...]:
        """With quantisation. Raises DataError where it is still unknown."""
        return (*self.stages, self.quantise_stage())

    def to_frames(self, signal: NDArray[Any]) -> NDArray[np.int32]:
        """A recording as raw frames, int32 [frames, channels]: rounded to nearest (ties to even), saturated to
        the range of `samples`.

        Raises:
            DataError: the recording has other channels, or values that are not finite.
        """
        values = np.asarray(signal, dtype=np.float64)
        if values.size == 0 or values.size % self.channels or (values.ndim > 1 and values.shape[-1] != self.channels):
            raise DataError(f"a recording of shape {values.shape}: expected {self.channels} channels")
        if not np.isfinite(values).all():
            raise DataError("a recording with values that are not finite")
        scaled = np.rint(np.ldexp(values, self.input_frac_bits))
        return np.clip(scaled, *self.samples.range).astype(np.int32).reshape(-1, self.channels)

    def to_json(self) -> str:
        return json.dumps(_CONVERTER.unstructure(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Pipeline:
        """Raises DataError for anything that is not a pipeline."""
        try:
            pipeline = structure(_CONVERTER, json.loads(text), cls)
        except (ValueError, RecursionError) as error:
            hint = "one of another version of MLForge: `west mlforge optimise` locks a model for this one"
            raise DataError(f"not a feature pipeline: {error}", hint=hint) from error
        _check(pipeline)
        return pipeline


_CONVERTER: Final = pipeline_converter(Pipeline)


def _check(pipeline: Pipeline) -> None:
    """What the C code relies on. Raises DataError."""
    window = pipeline.window
    sound = (
        min(pipeline.channels, window.length, window.hop, *pipeline.input_shape) >= 1
        and pipeline.samples is not Element.INT8
        and FRAC_BITS_RANGE[0] <= pipeline.input_frac_bits <= FRAC_BITS_RANGE[1]
        and 0 <= pipeline.rate_hz < 2**31
        and not pipeline.flows[-1].row_bits
        and pipeline.window.hop * pipeline.flows[-1].hop == pipeline.input_hop
        and pipeline.output_bytes == window.length * pipeline.block_length <= MAX_INPUT_VALUES
    )
    if not sound:
        raise DataError("not a feature pipeline: its parts contradict each other")
    if pipeline.quantisation is not None:
        make_quantise(pipeline.quantisation, pipeline.value_frac_bits)
