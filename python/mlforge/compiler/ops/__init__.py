"""The operators that the engine has, one file each. To add one, see TEMPLATE.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mlforge.compiler.ops.abs import Abs
from mlforge.compiler.ops.add import Add
from mlforge.compiler.ops.arg_max import ArgMax
from mlforge.compiler.ops.arg_min import ArgMin
from mlforge.compiler.ops.average_pool_2d import AveragePool2D
from mlforge.compiler.ops.contract import Operator, sentence
from mlforge.compiler.ops.conv_2d import Conv2D
from mlforge.compiler.ops.depthwise_conv_2d import DepthwiseConv2D
from mlforge.compiler.ops.div import Div
from mlforge.compiler.ops.elu import Elu
from mlforge.compiler.ops.fully_connected import FullyConnected
from mlforge.compiler.ops.hard_swish import HardSwish
from mlforge.compiler.ops.leaky_relu import LeakyRelu
from mlforge.compiler.ops.logistic import Logistic
from mlforge.compiler.ops.max_pool_2d import MaxPool2D
from mlforge.compiler.ops.maximum import Maximum
from mlforge.compiler.ops.mean import Mean
from mlforge.compiler.ops.minimum import Minimum
from mlforge.compiler.ops.mul import Mul
from mlforge.compiler.ops.pad import Pad
from mlforge.compiler.ops.prelu import Prelu
from mlforge.compiler.ops.quantize import Quantize
from mlforge.compiler.ops.reduce_max import ReduceMax
from mlforge.compiler.ops.reduce_min import ReduceMin
from mlforge.compiler.ops.relu import Relu
from mlforge.compiler.ops.relu6 import Relu6
from mlforge.compiler.ops.reshape import Reshape
from mlforge.compiler.ops.rsqrt import Rsqrt
from mlforge.compiler.ops.softmax import Softmax
from mlforge.compiler.ops.squared_difference import SquaredDifference
from mlforge.compiler.ops.sub import Sub
from mlforge.compiler.ops.sum import Sum
from mlforge.compiler.ops.tanh import Tanh
from mlforge.compiler.ops.transpose_conv import TransposeConv
from mlforge.errors import UnsupportedOperatorError

_ALL: Final[tuple[Operator, ...]] = (
    Abs(),
    Add(),
    ArgMax(),
    ArgMin(),
    AveragePool2D(),
    Conv2D(),
    DepthwiseConv2D(),
    Div(),
    Elu(),
    FullyConnected(),
    HardSwish(),
    LeakyRelu(),
    Logistic(),
    MaxPool2D(),
    Maximum(),
    Mean(),
    Minimum(),
    Mul(),
    Pad(),
    Prelu(),
    Quantize(),
    ReduceMax(),
    ReduceMin(),
    Relu(),
    Relu6(),
    Reshape(),
    Rsqrt(),
    Softmax(),
    SquaredDifference(),
    Sub(),
    Sum(),
    Tanh(),
    TransposeConv(),
)

OPERATORS: Final[Mapping[str, Operator]] = {operator.kind: operator for operator in _ALL}


def operator_for(kind: str) -> Operator:
    """Raises UnsupportedOperatorError for an operator that the engine does not have."""
    if kind not in OPERATORS:
        raise UnsupportedOperatorError(
            kind, "the engine does not have this operator", hint=f"accepted: {', '.join(OPERATORS)}"
        )
    return OPERATORS[kind]


def supported_ops_markdown() -> str:
    """The text of docs/supported-ops.md, made of the very checks that refuse a model."""
    lines = [
        "# Supported operators",
        "",
        "<!-- Generated from the checks in python/mlforge/compiler/ops; do not edit. -->",
        "",
        "What the static engine accepts of a `.tflite` model. Anything else is refused by name before anything is",
        "built, with the line below that does not hold. Every operator has exactly one output. The batch is 1.",
        "",
    ]
    for kind, operator in OPERATORS.items():
        low, high = operator.inputs
        inputs = f"{low}" if low == high else f"{low} to {high}"
        lines += [f"## {kind}", "", f"Inputs: {inputs}.", ""]
        lines += [f"- {sentence(constraint)}" for constraint in operator.constraints]
        lines.append("")
    return "\n".join(lines)
