"""SVDF: filters over a window of time that moves on by one with each inference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tflite.SVDFOptions import SVDFOptions

from mlforge.compiler.fixed_point import INT8_MAX, INT8_MIN, Multiplier, quantize_multiplier
from mlforge.compiler.graph import MAX_DIMENSION, Attributes, DType, Tensor
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import (
    Constant,
    Lowered,
    Operator,
    Options,
    View,
    input_is_int8,
    output_is_int8,
    output_stage,
    stage_shift,
    without_options,
)
from mlforge.compiler.ops.shared.weights import constant_array

_FEATURE, _TIME, _BIAS, _STATE = 1, 2, 3, 4
_LARGEST_SCALE = 1e30  # well within float32


@dataclass(frozen=True, slots=True)
class SvdfAttributes(Attributes):
    rank: int = 1


def weights_are_constant(view: View) -> str:
    """Feature weights are constant int8, time weights constant int8 or int16; one scale each, and the zero point 0."""
    accepted = {_FEATURE: (DType.INT8,), _TIME: (DType.INT8, DType.INT16)}
    for position, dtypes in accepted.items():
        tensor = view.input(position)
        if not tensor.is_constant or tensor.dtype not in dtypes or not _has_one_scale(tensor, zero=True):
            return f'the weights "{tensor.name}" are {"" if tensor.is_constant else "not constant "}{tensor}'
    return ""


def state_is_variable(view: View) -> str:
    """The state is a variable of the time weights' type, quantised per tensor; int16 with the zero point 0."""
    tensor = view.input(_STATE)
    if not tensor.is_variable or tensor.dtype is not view.input(_TIME).dtype:
        return f'the state "{tensor.name}" is {"" if tensor.is_variable else "not variable "}{tensor}'
    symmetric = tensor.dtype is DType.INT16
    return "" if _has_one_scale(tensor, symmetric) else f'the quantisation of the state "{tensor.name}"'


def shapes_fit(view: View) -> str:
    """Input [1, inputs], feature weights [units * rank, inputs], time weights [units * rank, memory], output
    [1, units], state of units * rank * memory elements; each dimension at most 32767."""
    rank = view.node.attributes_as(SvdfAttributes).rank
    feature, time = view.input(_FEATURE).shape, view.input(_TIME).shape
    found = [view.input().shape, feature, time, view.output.shape]
    if rank < 1 or any(len(shape) != 2 or max(shape) > MAX_DIMENSION for shape in found):
        return f"rank {rank}, shapes {[list(shape) for shape in found]}"
    filters, memory = time
    expected = [(1, feature[1]), (filters, feature[1]), (filters, memory), (1, filters // rank)]
    if filters % rank or found != expected or view.input(_STATE).elements != filters * memory:
        return f"rank {rank}, shapes {[list(shape) for shape in found]}, state {view.input(_STATE)}"
    return ""


def bias_fits(view: View) -> str:
    """The bias, where there is one, is constant int32 [units]."""
    if not view.has_input(_BIAS):
        return ""
    tensor = view.input(_BIAS)
    if tensor.is_constant and tensor.dtype is DType.INT32 and tensor.shape == view.output.shape[1:]:
        return ""
    return f'the bias "{tensor.name}" is {"" if tensor.is_constant else "not constant "}{tensor}'


def scales_are_moderate(view: View) -> str:
    """The scales of input and feature weights make at most 2^30 times the state's, those of state and time weights at
    most 2^30 times the output's."""
    source, feature, time, state = (view.input_quantization(p).scale for p in (0, _FEATURE, _TIME, _STATE))
    result, most = view.output_quantization.scale, float(1 << 30)
    moderate = max(source * feature, state * time) < _LARGEST_SCALE
    if moderate and source * feature <= most * state and state * time <= most * result:
        return ""
    return f"the scales are {source:.9g}, {feature:.9g}, {time:.9g}, {state:.9g} and {result:.9g}"


def _has_one_scale(tensor: Tensor, zero: bool) -> bool:
    quantization = tensor.quantization
    if quantization is None or quantization.per_channel or quantization.scale == 0:
        return False
    return not zero or quantization.zero_point == 0


class Svdf(Operator):
    """The reference ignores the fused activation for int8; converters express it by the output's zero point."""

    kind = "SVDF"
    options = "SVDFOptions"
    inputs = (5, 5)
    states = (_STATE,)
    constraints = (
        input_is_int8,
        output_is_int8,
        weights_are_constant,
        state_is_variable,
        shapes_fit,
        bias_fits,
        scales_are_moderate,
    )

    def read(self, options: Options) -> Attributes:
        if options is None:
            raise without_options(self.kind, "a rank")
        table = SVDFOptions()
        table.Init(options.Bytes, options.Pos)
        return SvdfAttributes(table.Rank())

    def lower(self, view: View, isa: Isa) -> Lowered:
        feature, time = constant_array(view, _FEATURE), constant_array(view, _TIME)
        rank = view.node.attributes_as(SvdfAttributes).rank
        units, memory = feature.shape[0] // rank, time.shape[1]
        state = view.input_quantization(_STATE)
        inner, outer = _multipliers(view)
        bias = constant_array(view, _BIAS) if view.has_input(_BIAS) else np.zeros(units, np.int64)
        wide = view.input(_TIME).dtype is DType.INT16
        return Lowered(
            kernel="mlforge_svdf_s8_state_s16" if wide else "mlforge_svdf_s8",
            parameters_type="mlforge_svdf",
            parameters={
                "inputs": feature.shape[1],
                "units": units,
                "rank": rank,
                "memory": memory,
                "stage": output_stage(INT8_MIN, INT8_MAX, view.output_quantization.zero_point),
                "feature_shift": inner.shift,
                "shift": stage_shift(outer, INT8_MIN, INT8_MAX),
                "state_zero_point": state.zero_point,
                "feature_multiplier": inner.value,
                "multiplier": outer.value,
                "feature_weights": Constant("feature", feature.astype(np.int8)),
                "feature_bias": _wrapped("feature_bias", -view.input_quantization().zero_point * feature.sum(axis=1)),
                "time_weights": Constant("time", time.astype(np.int16 if wide else np.int8)),
                "bias": _wrapped("bias", bias - state.zero_point * time.reshape(units, -1).sum(axis=1)),
            },
            inputs=view.node.inputs[:1],
            states=view.node.inputs[_STATE:],
            outputs=view.node.outputs,
            macs=feature.size + time.size,
            note=f"rank {rank}, memory {memory}",
            overlap={view.node.inputs[0]: 0},
        )


def _wrapped(suffix: str, values: NDArray[np.int64]) -> Constant:
    return Constant(suffix, values.astype(np.uint32).astype(np.int32))


def _multipliers(view: View) -> tuple[Multiplier, Multiplier]:
    """From input to state, and from state to output, in doubles (PrepareSvdf in micro/kernels/svdf_common.cc)."""
    source, feature, time, state = (
        view.input_quantization(position).scale for position in (0, _FEATURE, _TIME, _STATE)
    )
    result = view.output_quantization.scale
    return quantize_multiplier(source * feature / state), quantize_multiplier(state * time / result)
