"""UNIDIRECTIONAL_SEQUENCE_LSTM: int8 or int16 activations, int8 weights, int16 cell state; no variants.

The inputs stand in the order of micro/kernels/lstm_shared.h; the arithmetic is that of micro/kernels/lstm_eval.{h,cc}
and lstm_eval_common.cc. Between the gates' sums and their functions, values have the scale 2^-12; after them, 2^-15. Of
int16, sums have 64 bits and are rounded once, as in FULLY_CONNECTED (int16_sums.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import frexp, isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray
from tflite.UnidirectionalSequenceLSTMOptions import UnidirectionalSequenceLSTMOptions

from mlforge.compiler.fixed_point import Multiplier, quantize_multiplier
from mlforge.compiler.graph import MAX_DIMENSION, Attributes, DType, Tensor
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import (
    Constant,
    Field,
    Lowered,
    Operator,
    Options,
    View,
    without_options,
)
from mlforge.compiler.ops.shared.int16_sums import ACCUMULATOR_BITS, MAX_EXPONENT, wide_step
from mlforge.compiler.ops.shared.integers import input_is_integer, is_int8, output_is_alike
from mlforge.compiler.ops.shared.tables import logistic_table
from mlforge.compiler.ops.shared.weights import constant_array
from mlforge.errors import UnsupportedOperatorError

# Of the gates in the order of the kernel: forget, input, cell, output.
_INPUT_WEIGHTS: Final = (2, 1, 3, 4)
_RECURRENT_WEIGHTS: Final = (6, 5, 7, 8)
_BIASES: Final = (13, 12, 14, 15)
_UNUSED: Final = (9, 10, 11, 16, 17, 20, 21, 22, 23)
_HIDDEN, _CELL = 18, 19
_SUM_SCALE: Final = 2.0**-12
_GATE_SCALE: Final = 2.0**-15
_TANH: Final = 4  # ActivationFunctionType
_MAX_FACTOR: Final = 1 << 30
_MAX_WIDE_FACTOR: Final = (1 << MAX_EXPONENT) * (1 - 2**-20)


@dataclass(frozen=True, slots=True)
class LstmAttributes(Attributes):
    cell_clip: float = 0.0
    time_major: bool = False


def variants_are_absent(view: View) -> str:
    """There are all four gates, but no peepholes, projection, and layer norm."""
    found = [position for position in _UNUSED if view.has_input(position)]
    return f"it has the inputs {found}" if found else ""


def weights_are_alike(view: View) -> str:
    """The weights are constant int8 [units, inputs] and [units, units], each with one scale and the zero point 0."""
    units, inputs = view.output.shape[-1], view.input().shape[-1]
    for positions, shape in ((_INPUT_WEIGHTS, (units, inputs)), (_RECURRENT_WEIGHTS, (units, units))):
        for position in positions:
            tensor = view.input(position)
            if not tensor.is_constant or tensor.dtype is not DType.INT8 or tensor.shape != shape:
                return f'the weights "{tensor.name}" are {"" if tensor.is_constant else "not constant "}{tensor}'
            if not _is_symmetric(tensor):
                return f'the quantisation of the weights "{tensor.name}"'
    return ""


def biases_fit(view: View) -> str:
    """The biases are constant int32 [units] (int16 activations: int64, below 2^46)."""
    dtype = DType.INT32 if is_int8(view) else DType.INT64
    for position in _BIASES:
        tensor = view.input(position)
        if not tensor.is_constant or tensor.dtype is not dtype or tensor.shape != view.output.shape[-1:]:
            return f'the bias "{tensor.name}" is {"" if tensor.is_constant else "not constant "}{tensor}'
        bias = constant_array(view, position)
        if max(int(bias.max()), -int(bias.min())) >= 1 << (ACCUMULATOR_BITS - 1):
            return f'the bias "{tensor.name}" goes from {bias.min()} to {bias.max()}'
    return ""


def shapes_fit(view: View) -> str:
    """Input and output are [1, steps, inputs] and [1, steps, units], or time first; each dimension at most 32767."""
    source, result = view.input().shape, view.output.shape
    batch = 1 if view.node.attributes_as(LstmAttributes).time_major else 0
    if len(source) != 3 or len(result) != 3 or source[:2] != result[:2] or source[batch] != 1:
        return f"the shapes are {view.input()} and {view.output}"
    return f"the shapes are {view.input()} and {view.output}" if max(source + result) > MAX_DIMENSION else ""


def states_are_variable(view: View) -> str:
    """The hidden state is a variable [units] of the input's type, of int16 with the zero point 0; the cell state int16
    with the zero point 0 and a scale of 2^-27 to 1 that is a power of 2."""
    for position, dtype in ((_HIDDEN, view.output.dtype), (_CELL, DType.INT16)):
        tensor = view.input(position)
        if not tensor.is_variable or tensor.dtype is not dtype or tensor.elements != view.output.shape[-1]:
            return f'the state "{tensor.name}" is {"" if tensor.is_variable else "not variable "}{tensor}'
        if tensor.quantization is None or tensor.quantization.per_channel:
            return f'the state "{tensor.name}" has no quantisation, or several scales'
    if not is_int8(view) and view.input_quantization(_HIDDEN).zero_point:
        return f"the hidden state has the zero point {view.input_quantization(_HIDDEN).zero_point}"
    cell = view.input_quantization(_CELL)
    fraction, exponent = frexp(cell.scale)
    if cell.zero_point == 0 and fraction == 0.5 and -26 <= exponent <= 1:
        return ""
    return f"the cell state has the scale {cell.scale:.9g} and the zero point {cell.zero_point}"


def scales_are_moderate(view: View) -> str:
    """Input or hidden state times weights have a scale of at most 2^18 (int16: below a 32nd); the hidden state has one
    above 2^-30."""
    hidden = view.input_quantization(_HIDDEN).scale
    for source, positions in ((view.input_quantization().scale, _INPUT_WEIGHTS), (hidden, _RECURRENT_WEIGHTS)):
        for position in positions:
            scale = view.input_quantization(position).scale
            if source * scale > _SUM_SCALE * (_MAX_FACTOR if is_int8(view) else _MAX_WIDE_FACTOR):
                return f"the scales are {source:.9g} and {scale:.9g}"
    return "" if hidden > 2.0**-30 else f"the hidden state has the scale {hidden:.9g}"


def clip_is_finite(view: View) -> str:
    """The limit of the cell state is finite."""
    clip = view.node.attributes_as(LstmAttributes).cell_clip
    return "" if isfinite(clip) else f"the limit is {clip}"


def _is_symmetric(tensor: Tensor) -> bool:
    quantization = tensor.quantization
    return quantization is not None and not quantization.per_channel and quantization.zero_point == 0


class UnidirectionalSequenceLstm(Operator):
    kind = "UNIDIRECTIONAL_SEQUENCE_LSTM"
    options = "UnidirectionalSequenceLSTMOptions"
    inputs = (24, 24)
    states = (_HIDDEN, _CELL)
    constraints = (
        input_is_integer,
        output_is_alike,
        variants_are_absent,
        shapes_fit,
        weights_are_alike,
        biases_fit,
        states_are_variable,
        scales_are_moderate,
        clip_is_finite,
    )

    def read(self, options: Options) -> Attributes:
        if options is None:
            raise without_options(self.kind, "TANH as activation")
        table = UnidirectionalSequenceLSTMOptions()
        table.Init(options.Bytes, options.Pos)
        if table.FusedActivationFunction() != _TANH:
            found = f"the activation has the code {table.FusedActivationFunction()}"
            raise UnsupportedOperatorError(self.kind, found, hint="accepted: TANH")
        return LstmAttributes(float(table.CellClip()), bool(table.TimeMajor()))

    def lower(self, view: View, isa: Isa) -> Lowered:
        units, inputs = view.output.shape[-1], view.input().shape[-1]
        steps = view.output.elements // units
        weights, recurrent = _interleaved(view, _INPUT_WEIGHTS), _interleaved(view, _RECURRENT_WEIGHTS)
        return Lowered(
            kernel="mlforge_lstm_s8" if is_int8(view) else "mlforge_lstm_s16",
            parameters_type="mlforge_lstm",
            parameters={
                "steps": steps,
                "inputs": inputs,
                "units": units,
                "hidden_zero_point": view.input_quantization(_HIDDEN).zero_point,
                **_clip(view),
                **_cell_scale(view.input_quantization(_CELL).scale),
                **_gate_scales(view),
                "input_weights": Constant("input", weights),
                "recurrent_weights": Constant("recurrent", recurrent),
                **(_folded_biases(view, weights, recurrent) if is_int8(view) else _wide_bias(_biases(view))),
                "table": Constant("table", logistic_table()),
            },
            inputs=view.node.inputs[:1],
            states=(view.node.inputs[_HIDDEN], view.node.inputs[_CELL]),
            outputs=view.node.outputs,
            macs=steps * (weights.size + recurrent.size),
            note=f"{steps} steps of {units} units",
        )


def _interleaved(view: View, positions: tuple[int, ...]) -> NDArray[np.int8]:
    """int8[units, gates, inputs]"""
    gates = [constant_array(view, position) for position in positions]
    return np.stack(gates, axis=1).astype(np.int8)


def _biases(view: View) -> NDArray[np.int64]:
    """int64[units, gates]"""
    return np.stack([constant_array(view, position) for position in _BIASES], axis=1)


def _folded_biases(view: View, weights: NDArray[np.int8], recurrent: NDArray[np.int8]) -> Mapping[str, Field]:
    """The zero points of int8 become part of the biases."""
    nothing = np.zeros(recurrent.shape[:2], np.int64)
    hidden = view.input_quantization(_HIDDEN).zero_point
    return {
        "input_bias": _bias("input_bias", _biases(view), view.input_quantization().zero_point, weights),
        "recurrent_bias": _bias("recurrent_bias", nothing, hidden, recurrent),
    }


def _wide_bias(bias: NDArray[np.int64]) -> Mapping[str, Field]:
    if np.array_equal(bias, bias.astype(np.int32)):
        return {"input_bias": Constant("input_bias", bias.astype(np.int32))}
    return {"wide_bias": Constant("input_bias", bias)}


def _bias(suffix: str, bias: NDArray[np.int64], zero_point: int, weights: NDArray[np.int8]) -> Constant:
    folded = bias - zero_point * weights.sum(axis=2, dtype=np.int64)
    return Constant(suffix, folded.astype(np.uint32).astype(np.int32))


def _clip(view: View) -> Mapping[str, Field]:
    clip = view.node.attributes_as(LstmAttributes).cell_clip
    limit = min(max(clip / view.input_quantization(_CELL).scale, -32768.0), 32767.0)
    return {"clip": int(limit), "clips": 1} if clip > 0 else {"clip": 32767, "clips": 0}


def _cell_scale(scale: float) -> Mapping[str, Field]:
    """To the scale that the table of tanh wants, a third of 2^-12."""
    left = frexp(scale)[1] - 1 + 12
    return {"cell_multiplier": 3 << max(left, 0), "cell_shift": max(-left, 0)}


def _gate_scales(view: View) -> Mapping[str, Field]:
    hidden, cell = view.input_quantization(_HIDDEN).scale, view.input_quantization(_CELL).scale
    return {
        **dict(_sum_scales(view, "input_scale", view.input_quantization().scale, _INPUT_WEIGHTS)),
        **dict(_sum_scales(view, "recurrent_scale", hidden, _RECURRENT_WEIGHTS)),
        "forget": _scale(quantize_multiplier(_GATE_SCALE * cell / cell)),
        "admit": _scale(quantize_multiplier(_GATE_SCALE * _GATE_SCALE / cell)),
        "emit": _scale(quantize_multiplier(_GATE_SCALE * _GATE_SCALE / hidden)),
    }


def _sum_scales(
    view: View, name: str, source: float, positions: tuple[int, ...]
) -> Iterator[tuple[str, Mapping[str, Field]]]:
    """In doubles, as for FULLY_CONNECTED."""
    for gate, position in enumerate(positions):
        multiplier = quantize_multiplier(source * view.input_quantization(position).scale / _SUM_SCALE)
        if is_int8(view):
            yield f"{name}[{gate}]", _scale(multiplier)
        else:
            value, shift = wide_step(multiplier)
            yield f"{name}[{gate}]", {"multiplier": value, "shift": shift}


def _scale(multiplier: Multiplier) -> Mapping[str, Field]:
    return {"multiplier": multiplier.value, "shift": multiplier.shift}
