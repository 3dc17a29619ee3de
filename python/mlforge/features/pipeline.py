"""`Pipeline`: the fitted features as frozen data, in whole numbers only, with JSON in and out and a digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from math import prod
from typing import Any, ClassVar, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import DataError
from mlforge.features.quantise import Quantisation, Quantise, make_quantise
from mlforge.features.standardise import Standardise
from mlforge.features.window import Window
from mlforge.records.serial import new_converter, structure

PointStage: TypeAlias = Standardise  # a union, once there are more

MAX_INPUT_VALUES: Final = 1 << 24  # of one model input; beyond any microcontroller
FRAC_BITS_RANGE: Final = (-24, 30)  # of raw frames; runtime/ relies on it

_CONVERTER: Final = new_converter()


class EmittedStage(Protocol):
    """What emission and the host need of a stage, point-wise or not."""

    template: ClassVar[str]  # in features/templates: its tables as C
    function: ClassVar[str]  # of runtime/features
    output_type: ClassVar[str]  # of the block that it makes

    def native_tables(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Frames to model inputs, fitted to the training split.

    Raw frames are int32 [frames, channels]: `value * 2^input_frac_bits`. They pass `stages`, one frame at a time, and
    `window.length` of them make one model input of `input_shape`. `quantisation` is unknown until there is a model.
    """

    channels: int
    input_shape: tuple[int, ...]
    input_frac_bits: int
    stages: tuple[PointStage, ...]
    window: Window
    quantisation: Quantisation | None = None

    @property
    def value_frac_bits(self) -> int:
        """Fraction bits of the values in front of quantisation."""
        return self.stages[-1].output_frac_bits if self.stages else self.input_frac_bits

    @property
    def output_bytes(self) -> int:
        """Of one int8 model input."""
        return prod(self.input_shape)

    @property
    def digest(self) -> str:
        """SHA-256 of the JSON."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def with_quantisation(self, scale: float, zero_point: int) -> Pipeline:
        """The pipeline for a model whose input has these parameters. Raises DataError for impossible ones."""
        quantisation = Quantisation(float(scale), int(zero_point))
        make_quantise(quantisation, self.value_frac_bits)
        return replace(self, quantisation=quantisation)

    def quantise_stage(self) -> Quantise:
        """Raises DataError where the quantisation is still unknown."""
        if self.quantisation is None:
            raise DataError("the feature pipeline has no quantisation yet: it comes from the model's input")
        return make_quantise(self.quantisation, self.value_frac_bits)

    def to_frames(self, signal: NDArray[Any]) -> NDArray[np.int32]:
        """A recording as raw frames, int32 [frames, channels]: rounded to nearest (ties to even), saturated.

        Raises:
            DataError: the recording has other channels, or values that are not finite.
        """
        values = np.asarray(signal, dtype=np.float64)
        if values.size == 0 or values.size % self.channels or (values.ndim > 1 and values.shape[-1] != self.channels):
            raise DataError(f"a recording of shape {values.shape}: expected {self.channels} channels")
        if not np.isfinite(values).all():
            raise DataError("a recording with values that are not finite")
        scaled = np.rint(np.ldexp(values, self.input_frac_bits))
        limits = np.iinfo(np.int32)
        return np.clip(scaled, limits.min, limits.max).astype(np.int32).reshape(-1, self.channels)

    def to_json(self) -> str:
        return json.dumps(_CONVERTER.unstructure(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Pipeline:
        """Raises DataError for anything that is not a pipeline."""
        try:
            pipeline = structure(_CONVERTER, json.loads(text), cls)
        except (ValueError, RecursionError) as error:
            raise DataError(f"not a feature pipeline: {error}") from error
        _check(pipeline)
        return pipeline


def _check(pipeline: Pipeline) -> None:
    """What the C code relies on. Raises DataError."""
    window, channels = pipeline.window, pipeline.channels
    sound = (
        min(channels, window.length, window.hop, *pipeline.input_shape) >= 1
        and pipeline.output_bytes == window.length * channels <= MAX_INPUT_VALUES
        and FRAC_BITS_RANGE[0] <= pipeline.input_frac_bits <= FRAC_BITS_RANGE[1]
        and all(stage.is_sound(channels) for stage in pipeline.stages)
    )
    if not sound:
        raise DataError("not a feature pipeline: its parts contradict each other")
    if pipeline.quantisation is not None:
        make_quantise(pipeline.quantisation, pipeline.value_frac_bits)
