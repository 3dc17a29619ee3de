"""What to use in place of an operator that the engine does not have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from mlforge.errors import UnsupportedOperatorError

QUANTISE: Final = (
    "quantise all of the model: convert it with a representative data set and supported_ops = [TFLITE_BUILTINS_INT8], "
    "or give its source: west mlforge compile NET.keras --representative INPUTS.npz"
)
# Operators that floats get through unchanged, or that begin and end them.
FLOATS_MAY_PASS: Final = frozenset(
    {
        "ASSIGN_VARIABLE",
        "BATCH_TO_SPACE_ND",
        "BROADCAST_TO",
        "CAST",
        "CONCATENATION",
        "DEPTH_TO_SPACE",
        "DEQUANTIZE",
        "EXPAND_DIMS",
        "FILL",
        "GATHER",
        "GATHER_ND",
        "MIRROR_PAD",
        "PACK",
        "PAD",
        "PADV2",
        "QUANTIZE",
        "READ_VARIABLE",
        "RESHAPE",
        "RESIZE_NEAREST_NEIGHBOR",
        "REVERSE_V2",
        "SELECT_V2",
        "SHAPE",
        "SLICE",
        "SPACE_TO_BATCH_ND",
        "SPACE_TO_DEPTH",
        "SPLIT",
        "SPLIT_V",
        "SQUEEZE",
        "STRIDED_SLICE",
        "TRANSPOSE",
        "UNPACK",
    }
)
_TFLM_HAS_NEITHER: Final = "TensorFlow Lite Micro does not have it for int8 either; "

_INSTEAD: Final[Mapping[str, str]] = {
    "BIDIRECTIONAL_SEQUENCE_LSTM": "use two UNIDIRECTIONAL_SEQUENCE_LSTM, or a convolution over time",
    "BIDIRECTIONAL_SEQUENCE_RNN": "use two UNIDIRECTIONAL_SEQUENCE_LSTM, or a convolution over time",
    "CONV_3D": "use CONV_2D with the third dimension among the channels",
    "COS": "work it out before the model, or put its values into a constant",
    "EXP": "use LOGISTIC or SOFTMAX, of which it is mostly a part",
    "GELU": "use RELU, HARD_SWISH or x * LOGISTIC(1.702 x)",
    "L2_POOL_2D": "use AVERAGE_POOL_2D or MAX_POOL_2D",
    "LOCAL_RESPONSE_NORMALIZATION": "leave it out, or use a batch normalisation, which the converter folds",
    "LSTM": "convert with a fixed number of steps: it becomes UNIDIRECTIONAL_SEQUENCE_LSTM",
    "NEG": "use SUB from a constant of 0, or MUL by a constant of -1",
    "POW": "use MUL of the value with itself",
    "RNN": "use UNIDIRECTIONAL_SEQUENCE_LSTM or SVDF",
    "SELECT": "use SELECT_V2",
    "SIN": "work it out before the model, or put its values into a constant",
    "SQRT": "use RSQRT and MUL",
    "SQUARE": "use MUL of the value with itself",
    "TILE": "use BROADCAST_TO or CONCATENATION",
    "TOPK_V2": "take the model's scores as the output, and pick the largest in the application",
    "UNIDIRECTIONAL_SEQUENCE_RNN": "use UNIDIRECTIONAL_SEQUENCE_LSTM or SVDF",
    "WHERE": "use SELECT_V2, or multiply by a mask",
    "WHILE": "convert with a fixed number of steps: loops are unrolled then (unroll=True in Keras)",
}
_ABSENT_FROM_TFLM: Final = frozenset({"CONV_3D", "GELU", "LSTM", "POW", "RNN", "TILE", "TOPK_V2", "WHERE"})


def unknown_operator(kind: str) -> UnsupportedOperatorError:
    """The error for an operator without a kernel, with the nearest accepted way."""
    hint = _INSTEAD.get(kind, "see docs/supported-ops.md for what it has; TensorFlow Lite Micro itself: engine: tflm")
    known = _TFLM_HAS_NEITHER if kind in _ABSENT_FROM_TFLM else ""
    return UnsupportedOperatorError(kind, "the engine does not have this operator", hint=known + hint)


def unknown_custom_operator(name: str, accepted: Iterable[str]) -> UnsupportedOperatorError:
    """The error for a custom operator without a kernel; `accepted`: those that have one."""
    if name == "ethos-u":
        hint = "the file was compiled for an Ethos-U: give the one that Vela was given"
    elif name.startswith("Flex"):
        hint = "it is TensorFlow's own: convert with supported_ops = [TFLITE_BUILTINS_INT8] alone"
    else:
        hint = f"build the model of built-in operators; accepted of custom ones: {', '.join(accepted)}"
    return UnsupportedOperatorError(f"CUSTOM {name}", "the engine does not have this operator", hint=hint)


def computes_in_floats(kind: str, dtype: str) -> UnsupportedOperatorError:
    """The error for an operator that is left in floats, with the cure."""
    return UnsupportedOperatorError(kind, f"it computes in {dtype}, and the engine in int8 and int16", hint=QUANTISE)
