"""The operators that the engine has, one file each. To add one, see TEMPLATE.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mlforge.compiler.ops.abs import Abs
from mlforge.compiler.ops.add import Add
from mlforge.compiler.ops.add_n import AddN
from mlforge.compiler.ops.arg_max import ArgMax
from mlforge.compiler.ops.arg_min import ArgMin
from mlforge.compiler.ops.assign_variable import AssignVariable
from mlforge.compiler.ops.average_pool_2d import AveragePool2D
from mlforge.compiler.ops.batch_matmul import BatchMatMul
from mlforge.compiler.ops.batch_to_space_nd import BatchToSpaceNd
from mlforge.compiler.ops.broadcast_to import BroadcastTo
from mlforge.compiler.ops.cast import Cast
from mlforge.compiler.ops.concatenation import Concatenation
from mlforge.compiler.ops.conv_2d import Conv2D
from mlforge.compiler.ops.cumsum import Cumsum
from mlforge.compiler.ops.depth_to_space import DepthToSpace
from mlforge.compiler.ops.depthwise_conv_2d import DepthwiseConv2D
from mlforge.compiler.ops.dequantize import Dequantize
from mlforge.compiler.ops.div import Div
from mlforge.compiler.ops.elu import Elu
from mlforge.compiler.ops.equal import Equal
from mlforge.compiler.ops.expand_dims import ExpandDims
from mlforge.compiler.ops.fill import Fill
from mlforge.compiler.ops.fully_connected import FullyConnected
from mlforge.compiler.ops.gather import Gather
from mlforge.compiler.ops.gather_nd import GatherNd
from mlforge.compiler.ops.greater import Greater
from mlforge.compiler.ops.greater_equal import GreaterEqual
from mlforge.compiler.ops.hard_swish import HardSwish
from mlforge.compiler.ops.l2_normalization import L2Normalization
from mlforge.compiler.ops.leaky_relu import LeakyRelu
from mlforge.compiler.ops.less import Less
from mlforge.compiler.ops.less_equal import LessEqual
from mlforge.compiler.ops.log_softmax import LogSoftmax
from mlforge.compiler.ops.logical_and import LogicalAnd
from mlforge.compiler.ops.logical_not import LogicalNot
from mlforge.compiler.ops.logical_or import LogicalOr
from mlforge.compiler.ops.logistic import Logistic
from mlforge.compiler.ops.max_pool_2d import MaxPool2D
from mlforge.compiler.ops.maximum import Maximum
from mlforge.compiler.ops.mean import Mean
from mlforge.compiler.ops.minimum import Minimum
from mlforge.compiler.ops.mirror_pad import MirrorPad
from mlforge.compiler.ops.mul import Mul
from mlforge.compiler.ops.nearest import unknown_operator
from mlforge.compiler.ops.not_equal import NotEqual
from mlforge.compiler.ops.operator import Operator, sentence, span
from mlforge.compiler.ops.pack import Pack
from mlforge.compiler.ops.pad import Pad
from mlforge.compiler.ops.padv2 import PadV2
from mlforge.compiler.ops.prelu import Prelu
from mlforge.compiler.ops.quantize import Quantize
from mlforge.compiler.ops.read_variable import ReadVariable
from mlforge.compiler.ops.reduce_max import ReduceMax
from mlforge.compiler.ops.reduce_min import ReduceMin
from mlforge.compiler.ops.relu import Relu
from mlforge.compiler.ops.relu6 import Relu6
from mlforge.compiler.ops.reshape import Reshape
from mlforge.compiler.ops.resize_bilinear import ResizeBilinear
from mlforge.compiler.ops.resize_nearest_neighbor import ResizeNearestNeighbor
from mlforge.compiler.ops.reverse_v2 import ReverseV2
from mlforge.compiler.ops.rsqrt import Rsqrt
from mlforge.compiler.ops.scale_features import ScaleFeatures
from mlforge.compiler.ops.select_v2 import SelectV2
from mlforge.compiler.ops.shape import Shape
from mlforge.compiler.ops.signal.bands import (
    SignalFilterBank,
    SignalFilterBankLog,
    SignalFilterBankSpectralSubtraction,
    SignalFilterBankSquareRoot,
    SignalPcan,
)
from mlforge.compiler.ops.signal.frames import SignalDelay, SignalFramer, SignalOverlapAdd, SignalStacker
from mlforge.compiler.ops.signal.operator import RememberingOperator
from mlforge.compiler.ops.signal.spectrum import SignalEnergy, SignalFftAutoScale, SignalIrfft, SignalRfft, SignalWindow
from mlforge.compiler.ops.slice import Slice
from mlforge.compiler.ops.softmax import Softmax
from mlforge.compiler.ops.space_to_batch_nd import SpaceToBatchNd
from mlforge.compiler.ops.space_to_depth import SpaceToDepth
from mlforge.compiler.ops.split import Split
from mlforge.compiler.ops.split_v import SplitV
from mlforge.compiler.ops.squared_difference import SquaredDifference
from mlforge.compiler.ops.squeeze import Squeeze
from mlforge.compiler.ops.stream.columns import AllColumns, CountHops, KeepColumns, PutColumns
from mlforge.compiler.ops.stream.running_sum import RunningSum
from mlforge.compiler.ops.strided_slice import StridedSlice
from mlforge.compiler.ops.sub import Sub
from mlforge.compiler.ops.sum import Sum
from mlforge.compiler.ops.svdf import Svdf
from mlforge.compiler.ops.tanh import Tanh
from mlforge.compiler.ops.transpose import Transpose
from mlforge.compiler.ops.transpose_conv import TransposeConv
from mlforge.compiler.ops.trees import Trees
from mlforge.compiler.ops.unidirectional_sequence_lstm import UnidirectionalSequenceLstm
from mlforge.compiler.ops.unpack import Unpack

_ALL: Final[tuple[Operator, ...]] = (
    Abs(),
    Add(),
    AddN(),
    ArgMax(),
    ArgMin(),
    AssignVariable(),
    AveragePool2D(),
    BatchMatMul(),
    BatchToSpaceNd(),
    BroadcastTo(),
    Cast(),
    Concatenation(),
    Conv2D(),
    Cumsum(),
    DepthToSpace(),
    DepthwiseConv2D(),
    Dequantize(),
    Div(),
    Elu(),
    Equal(),
    ExpandDims(),
    Fill(),
    FullyConnected(),
    Gather(),
    GatherNd(),
    Greater(),
    GreaterEqual(),
    HardSwish(),
    L2Normalization(),
    LeakyRelu(),
    Less(),
    LessEqual(),
    LogSoftmax(),
    LogicalAnd(),
    LogicalNot(),
    LogicalOr(),
    Logistic(),
    MaxPool2D(),
    Maximum(),
    Mean(),
    Minimum(),
    MirrorPad(),
    Mul(),
    NotEqual(),
    Pack(),
    Pad(),
    PadV2(),
    Prelu(),
    Quantize(),
    ReadVariable(),
    ReduceMax(),
    ReduceMin(),
    Relu(),
    Relu6(),
    Reshape(),
    ResizeBilinear(),
    ResizeNearestNeighbor(),
    ReverseV2(),
    Rsqrt(),
    SelectV2(),
    Shape(),
    Slice(),
    Softmax(),
    SpaceToBatchNd(),
    SpaceToDepth(),
    Split(),
    SplitV(),
    SquaredDifference(),
    Squeeze(),
    StridedSlice(),
    Sub(),
    Sum(),
    Svdf(),
    Tanh(),
    Transpose(),
    TransposeConv(),
    UnidirectionalSequenceLstm(),
    Unpack(),
)

# Of TensorFlow Lite Micro's signal library; files have them as custom operators.
_SIGNAL: Final[tuple[Operator, ...]] = (
    SignalDelay(),
    SignalEnergy(),
    SignalFftAutoScale(),
    SignalFilterBank(),
    SignalFilterBankLog(),
    SignalFilterBankSpectralSubtraction(),
    SignalFilterBankSquareRoot(),
    SignalFramer(),
    SignalIrfft(),
    SignalOverlapAdd(),
    SignalPcan(),
    SignalRfft(),
    SignalStacker(),
    SignalWindow(),
)

_OF_MLFORGE: Final[tuple[Operator, ...]] = (ScaleFeatures(), Trees())  # custom operators that MLForge itself writes

_OF_STREAMS: Final[tuple[Operator, ...]] = (AllColumns(), CountHops(), KeepColumns(), PutColumns(), RunningSum())

CUSTOM_OPERATORS: Final[Mapping[str, Operator]] = {operator.kind: operator for operator in (*_SIGNAL, *_OF_MLFORGE)}
REMEMBERING: Final = {operator.kind: operator for operator in _SIGNAL if isinstance(operator, RememberingOperator)}
OPERATORS: Final[Mapping[str, Operator]] = {operator.kind: operator for operator in (*_ALL, *_SIGNAL, *_OF_MLFORGE)}
_EVERY: Final[Mapping[str, Operator]] = {**OPERATORS, **{operator.kind: operator for operator in _OF_STREAMS}}

_OF_SUBGRAPHS: Final = (  # see control.py, whose errors say the same
    "## IF",
    "",
    "- The condition is one bool.",
    "- Both branches have as many inputs and outputs as the operator has (inputs without the condition), of one type.",
    "- Results of both have one shape, of int8, int16, int32, float32 or bool. No branch reads or assigns a variable.",
    "",
    "## WHILE",
    "",
    "- The number of rounds follows from constants, such as a counter.",
    "- With all rounds the model has at most 4096 operators. No round reads or assigns a variable, or keeps a state.",
)


def operator_for(kind: str) -> Operator:
    """Raises UnsupportedOperatorError for an operator that the engine does not have."""
    if kind not in _EVERY:
        raise unknown_operator(kind)
    return _EVERY[kind]


def supported_ops_markdown() -> str:
    """The text of docs/supported-ops.md, made of the very checks that refuse a model."""
    lines = [
        "# Supported operators",
        "",
        "<!-- Generated from the checks in python/mlforge/compiler/ops; do not edit. -->",
        "",
        "What the static engine accepts of a `.tflite` model. Anything else is refused by name before anything is",
        "built, with the line below that does not hold. The batch is 1. Floats exist at the border only: QUANTIZE",
        "takes them in, DEQUANTIZE hands them out. A state of an operator whose name begins with Signal is one of its",
        "inputs here, the last, and in no file.",
        "",
    ]
    for kind, operator in OPERATORS.items():
        lines += [f"## {kind}", "", f"{span(operator.inputs, 'input')}, {span(operator.outputs, 'output')}.", ""]
        lines += [f"- {sentence(constraint)}" for constraint in operator.constraints]
        lines.append("")
    lines += [*_OF_SUBGRAPHS, ""]
    return "\n".join(lines)
