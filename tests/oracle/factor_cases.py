"""Graphs of one operator whose factors are made of scales, with scales for which the precision of a factor shows.

Some value comes to lie so near the middle between two results that a factor rounded to float32 makes another one of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.fixed_point import Activation, float32
from mlforge.compiler.graph import ABSENT, Attributes, DType, Graph, Node, Quantization, Shape, Tensor
from mlforge.compiler.ops.add import AddAttributes
from mlforge.compiler.ops.batch_matmul import BatchMatMulAttributes
from mlforge.compiler.ops.fully_connected import FullyConnectedAttributes
from mlforge.compiler.ops.leaky_relu import LeakyReluAttributes
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.scaled_pair import ArithmeticAttributes
from mlforge.compiler.ops.shared.window import Padding, WindowAttributes
from mlforge.compiler.ops.svdf import SvdfAttributes
from mlforge.compiler.ops.unidirectional_sequence_lstm import LstmAttributes

Values = NDArray[np.generic]
Case = tuple[Graph, list[Values]]  # and one vector for each input
Scales = tuple[float, ...]
NARROW = np.arange(-128, 128, dtype=np.int8)  # all values of int8
WEIGHTS = np.array([-127, -111, -77, -35, 39, 80, 113, 127], np.int8)

ATTRIBUTES: dict[str, Attributes] = {
    "ADD": AddAttributes(),
    "BATCH_MATMUL": BatchMatMulAttributes(),
    "CONV_2D": WindowAttributes((1, 1), Padding.VALID, (1, 1), Activation.NONE),
    "DIV": ArithmeticAttributes(),
    "FULLY_CONNECTED": FullyConnectedAttributes(),
    "LEAKY_RELU": LeakyReluAttributes(float32(0.3)),
    "MUL": ArithmeticAttributes(),
    "SUB": ArithmeticAttributes(),
}


def all_values(dtype: DType) -> Values:
    """Of int8, or every 16th of int16."""
    return NARROW if dtype is DType.INT8 else np.arange(-32768, 32768, 16).astype(np.int16)


@dataclass(slots=True)
class Builder:
    """Tensors are numbered in the order of the calls."""

    tensors: list[Tensor]

    def add(self, shape: Shape, dtype: DType, scale: float, data: Values | None = None, variable: bool = False) -> int:
        quantization = Quantization((float32(scale),), (0,))
        values = None if data is None else data.reshape(shape)
        self.tensors.append(Tensor(f"t{len(self.tensors)}", shape, dtype, quantization, values, is_variable=variable))
        return len(self.tensors) - 1

    def graph(self, kind: str, operands: tuple[int, ...], inputs: tuple[int, ...], attributes: Attributes) -> Graph:
        """The last tensor is the output."""
        output = (len(self.tensors) - 1,)
        return Graph(tuple(self.tensors), (Node(kind, operands, output, attributes),), inputs, output)


def unary(kind: str, dtype: DType, scales: Scales) -> Case:
    b, x = Builder([]), all_values(dtype)
    x = np.maximum(x, 1) if kind == "RSQRT" else x
    for scale in scales:
        b.add((1, x.size), dtype, scale)
    return b.graph(kind, (0,), (0,), ATTRIBUTES.get(kind, ElementwiseAttributes())), [x.reshape(1, -1)]


def pair(kind: str, dtype: DType, scales: Scales) -> Case:
    """All values, with random ones; PRELU has int8 for the second, and a divisor is small."""
    b, x, numbers = Builder([]), all_values(dtype), np.random.default_rng(5)
    other = DType.INT8 if kind == "PRELU" else dtype
    y: Values = numbers.integers(1, 10, x.shape) if kind == "DIV" else numbers.permutation(np.resize(x, x.size))
    y = (y if other is dtype else numbers.integers(-128, 128, x.shape)).astype(other.value)
    for scale, own in zip(scales, (dtype, other, dtype), strict=True):
        b.add((1, x.size), own, scale)
    attributes = ATTRIBUTES.get(kind, ElementwiseAttributes())
    return b.graph(kind, (0, 1), (0, 1), attributes), [x.reshape(1, -1), y.reshape(1, -1)]


def layer(kind: str, dtype: DType, scales: Scales) -> Case:
    """Each of many values times each of eight weights."""
    b, x = Builder([]), all_values(dtype)[-256:]
    rows, columns = x.size, WEIGHTS.size
    if kind == "BATCH_MATMUL":
        shapes: tuple[Shape, Shape, Shape] = ((1, rows, 1), (1, 1, columns), (1, rows, columns))
    elif kind == "CONV_2D":
        shapes = ((1, rows, 1, 1), (columns, 1, 1, 1), (1, rows, 1, columns))
    else:
        shapes = ((rows, 1), (columns, 1), (rows, columns))
    given = [x.reshape(shapes[0])]
    b.add(shapes[0], dtype, scales[0])
    if kind == "BATCH_MATMUL":
        given.append(WEIGHTS.astype(dtype.value).reshape(shapes[1]))
        b.add(shapes[1], dtype, scales[1])
    else:
        b.add(shapes[1], DType.INT8, scales[1], WEIGHTS)
    b.add(shapes[2], dtype, scales[2])
    return b.graph(kind, (0, 1), tuple(range(len(given))), ATTRIBUTES[kind]), given


def svdf(kind: str, dtype: DType, scales: Scales) -> Case:
    """Scales of input, feature weights, time weights, state and output; `dtype` is the state's. No memory."""
    b, units = Builder([]), NARROW.size - 1
    b.add((1, 1), DType.INT8, scales[0])
    b.add((units, 1), DType.INT8, scales[1], NARROW[1:])
    b.add((units, 1), dtype, scales[2], np.full(units, np.iinfo(dtype.value).max // 2, dtype.value))
    b.add((units,), DType.INT32, float(np.float32(scales[2]) * np.float32(scales[3])), np.zeros(units, np.int32))
    b.add((1, units), dtype, scales[3], variable=True)
    b.add((1, units), DType.INT8, scales[4])
    return b.graph(kind, (0, 1, 2, 3, 4), (0,), SvdfAttributes(1)), [np.array([[101]], np.int8)]


def lstm(kind: str, dtype: DType, scales: Scales) -> Case:
    """Scales of input and weights. Gates are open, so that the output is what comes into the cell."""
    b, units = Builder([]), 127
    zeros, rows = np.zeros((units, units), np.int8), NARROW[1 : units + 1]
    b.add((1, 1, 1), DType.INT8, scales[0])
    for gate in range(4):
        b.add((units, 1), DType.INT8, scales[1], rows if gate == 2 else zeros[:, 0])
    for _ in range(4):
        b.add((units, units), DType.INT8, 0.01, zeros)
    unit = float(np.float32(scales[0]) * np.float32(scales[1]))
    for gate in range(4):
        b.add((units,), DType.INT32, unit, np.full(units, 0 if gate == 2 else int(16 / unit), np.int32))
    b.add((1, units), DType.INT8, 2.0**-12, variable=True)
    b.add((1, units), DType.INT16, 2.0**-15, variable=True)
    b.add((1, 1, units), DType.INT8, 2.0**-12)
    operands = (*range(9), *[ABSENT] * 3, *range(9, 13), ABSENT, ABSENT, 13, 14, *[ABSENT] * 4)
    return b.graph(kind, operands, (0,), LstmAttributes(0.0, False)), [np.array([[[101]]], np.int8)]


BUILDERS: dict[str, Callable[[str, DType, Scales], Case]] = {
    **dict.fromkeys(("ABS", "HARD_SWISH", "LEAKY_RELU", "QUANTIZE", "RELU", "RSQRT"), unary),
    **dict.fromkeys(("ADD", "DIV", "MUL", "PRELU", "SQUARED_DIFFERENCE", "SUB"), pair),
    **dict.fromkeys(("BATCH_MATMUL", "CONV_2D", "FULLY_CONNECTED"), layer),
    "SVDF": svdf,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": lstm,
}

# As the builders take them.
SCALES: dict[tuple[str, DType], tuple[Scales, ...]] = {
    ("ABS", DType.INT8): (
        (0.00279605272, 0.00450370926),
        (0.0107808765, 0.017075751),
    ),
    ("ABS", DType.INT16): (
        (0.00279605272, 0.00449807011),
        (0.0107808765, 0.0171735436),
    ),
    ("ADD", DType.INT8): ((0.0224961862, 0.0224961862, 0.0406382717),),
    ("ADD", DType.INT16): ((0.00279605272, 0.00179280934, 0.00738220103),),
    ("BATCH_MATMUL", DType.INT8): (
        (0.00522224, 0.01250437, 0.00187777472),
        (0.0657896549, 0.00508575048, 0.0214137454),
    ),
    ("BATCH_MATMUL", DType.INT16): ((0.0514023416, 0.0262036249, 0.0947238356),),
    ("CONV_2D", DType.INT8): ((0.00335591473, 0.0109691788, 0.00344772334),),
    ("CONV_2D", DType.INT16): ((0.00279605272, 0.00505084405, 0.00114251615),),
    ("DIV", DType.INT8): (
        (0.00924091414, 0.0471988022, 0.0956787392),
        (0.0197335072, 0.0239253398, 0.30153805),
    ),
    ("FULLY_CONNECTED", DType.INT8): (
        (0.00522224, 0.01250437, 0.00187777472),
        (0.0657896549, 0.00508575048, 0.0214137454),
    ),
    ("FULLY_CONNECTED", DType.INT16): ((0.0514023416, 0.0262036249, 0.0947238356),),
    ("HARD_SWISH", DType.INT8): (
        (0.026497189, 0.00411911448),
        (0.00642096251, 0.00048532529),
    ),
    ("LEAKY_RELU", DType.INT8): ((0.0107808765, 0.017075751),),
    ("LEAKY_RELU", DType.INT16): ((0.00279605272, 0.0013494211),),
    ("MUL", DType.INT8): ((0.0132706678, 0.0258655436, 0.02795952),),
    ("MUL", DType.INT16): ((0.00279605272, 0.00505084405, 0.69574821),),
    ("PRELU", DType.INT8): ((0.00279605272, 0.00505084405, 0.00450370926),),
    ("PRELU", DType.INT16): ((0.00279605272, 0.00505084405, 0.00449807011),),
    ("QUANTIZE", DType.INT8): ((0.00279605272, 0.00450370926),),
    ("QUANTIZE", DType.INT16): ((0.00279605272, 0.00449807011),),
    ("RELU", DType.INT8): (
        (0.00279605272, 0.00450370926),
        (0.0107808765, 0.017075751),
    ),
    ("RELU", DType.INT16): (
        (0.00279605272, 0.00449807011),
        (0.0107808765, 0.0171735436),
    ),
    ("RSQRT", DType.INT8): (
        (0.00497593731, 0.0435237475),
        (0.00502968673, 0.0432905667),
        (0.0264091045, 0.00868152827),
    ),
    ("SQUARED_DIFFERENCE", DType.INT8): ((0.00312000536, 0.00312000536, 0.00100366492),),
    ("SUB", DType.INT8): ((0.0224961862, 0.0224961862, 0.0406382717),),
    ("SUB", DType.INT16): ((0.00279605272, 0.00179280934, 0.00738220103),),
    ("SVDF", DType.INT8): (
        (0.0278551225, 0.00381262391, 0.0156331342, 0.0140508413, 0.00831609219),
        (0.0326072946, 0.00613185996, 0.0474392995, 0.0217662901, 0.0558839291),
    ),
    ("SVDF", DType.INT16): (
        (0.0651217997, 0.0757572129, 1.70623043e-05, 0.0021105716, 0.0973169953),
        (0.0125933345, 0.0245975275, 4.11477049e-05, 0.00012031509, 0.0256298594),
    ),
    ("UNIDIRECTIONAL_SEQUENCE_LSTM", DType.INT8): (
        (0.0783496425, 3.59135192e-05),
        (0.0105466042, 0.000327677903),
    ),
}
