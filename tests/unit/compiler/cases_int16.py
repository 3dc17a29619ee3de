"""Random graphs of the operators with int16 activations that have kernels of their own, and of those with a state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mlforge.compiler.fixed_point import float32
from mlforge.compiler.graph import ABSENT, DType, Graph, Quantization, Tensor
from mlforge.compiler.ops.svdf import SvdfAttributes
from mlforge.compiler.ops.unidirectional_sequence_lstm import LstmAttributes
from tests.unit.compiler import cases, cases_arithmetic
from tests.unit.compiler.cases import Maker
from tests.unit.compiler.known import told

Case = Callable[[Maker], Graph]

SHARE = 0.4  # of int16 among the cases


def activations_are_int16(graph: Graph) -> Graph:
    """The same with int16 for the activations, and the zero point 0."""

    def changed(tensor: Tensor) -> Tensor:
        if tensor.data is not None or tensor.dtype is not DType.INT8 or tensor.quantization is None:
            return tensor
        return replace(tensor, dtype=DType.INT16, quantization=Quantization(tensor.quantization.scales, (0,)))

    return replace(graph, tensors=tuple(changed(tensor) for tensor in graph.tensors))


def wide(case: Case) -> Case:
    def make(m: Maker) -> Graph:
        graph = case(m)
        return activations_are_int16(graph) if m.random.random() < SHARE else graph

    return make


def sums(case: Case, biases: tuple[DType, ...] = (DType.INT64,), position: int = 2) -> Case:
    """The bias, if any, gets one of these types."""

    def make(m: Maker) -> Graph:
        graph = case(m)
        if m.random.random() > SHARE:
            return graph
        graph = activations_are_int16(graph)
        tensors = list(graph.tensors)
        if len(graph.nodes[0].inputs) > position:
            bias, dtype = graph.nodes[0].inputs[position], m.random.choice(biases)
            size = min(m.random.choice([1, 1000, 10**7, 2**45]), np.iinfo(dtype.value).max)
            data = m.numbers.integers(-size, size, tensors[bias].shape, dtype.value)
            tensors[bias] = replace(tensors[bias], dtype=dtype, data=data)
        elif DType.INT32 in biases and m.random.random() < 0.3:
            node = graph.nodes[0]
            attributes = replace(told(node), bias_type=DType.INT32)
            graph = replace(graph, nodes=(replace(node, attributes=attributes),))
        return replace(graph, tensors=tuple(tensors))

    return make


def svdf(m: Maker) -> Graph:
    dtype = m.random.choice([DType.INT8, DType.INT16])
    rank, units = m.random.randint(1, 3), m.random.randint(1, 9)
    inputs, memory = m.random.randint(1, 20), m.random.randint(1, 8)
    source = m.activation((1, inputs))
    feature = m.weights((units * rank, inputs), None)
    info = np.iinfo(dtype.value)
    data = m.numbers.integers(info.min, info.max, (units * rank, memory), dtype.value, endpoint=True)
    scale = m.scale(0.0003, 0.005) * (1 if dtype is DType.INT8 else 1 / 256)
    time = m.add(Tensor("time", data.shape, dtype, Quantization((float32(scale),), (0,)), data))
    bias = m.bias(units) or [ABSENT]
    zero_point = m.zero_point() if dtype is DType.INT8 else 0
    state_scale = m.scale(0.005, 0.5) * (1 if dtype is DType.INT8 else 1 / 256)
    quantization = Quantization((float32(state_scale),), (zero_point,))
    state = m.add(Tensor("state", (1, units * rank * memory), dtype, quantization, is_variable=True))
    output = m.activation((1, units))
    return stateful(m, "SVDF", [source, feature, time, *bias, state], output, SvdfAttributes(rank))


def lstm(m: Maker) -> Graph:
    units, inputs, steps = m.random.randint(1, 9), m.random.randint(1, 12), m.random.randint(1, 6)
    time_major = m.random.random() < 0.4
    shape = (steps, 1) if time_major else (1, steps)
    source = m.activation((*shape, inputs))
    input_weights = [m.weights((units, inputs), None) for _ in range(4)]
    recurrent = [m.weights((units, units), None) for _ in range(4)]
    biases = []
    for _ in range(4):
        data = m.numbers.integers(-20000, 20000, units).astype(np.int32)
        biases.append(m.add(Tensor("b", (units,), DType.INT32, None, data)))
    hidden_quantization = Quantization((m.scale(1 / 512, 1 / 64),), (m.zero_point(),))
    hidden = m.add(Tensor("hidden", (1, units), DType.INT8, hidden_quantization, is_variable=True))
    cell_quantization = Quantization((2.0 ** -m.random.choice([8, 11, 11, 12, 15, 17]),), (0,))
    cell = m.add(Tensor("cell", (1, units), DType.INT16, cell_quantization, is_variable=True))
    output = m.activation((*shape, units), hidden_quantization)
    absent = [ABSENT] * 3
    operands = [source, *input_weights, *recurrent, *absent, *biases, ABSENT, ABSENT, hidden, cell, *absent, ABSENT]
    clip = float32(m.random.choice([0.0, 0.0, 10.0, 0.3]))
    return stateful(m, "UNIDIRECTIONAL_SEQUENCE_LSTM", operands, output, LstmAttributes(clip, time_major))


def lstm_of_any_type(m: Maker) -> Graph:
    graph = lstm(m)
    if m.random.random() > SHARE:
        return graph
    graph = activations_are_int16(graph)
    tensors, node = list(graph.tensors), graph.nodes[0]
    for position in (0, 18):
        found, index = graph.tensors[node.inputs[position]], node.inputs[position]
        scale = float32(m.quantization(index).scale / m.random.choice([1, 16, 256]))
        tensors[index] = replace(found, quantization=Quantization((scale,), (0,)))
    tensors[node.outputs[0]] = replace(
        graph.tensors[node.outputs[0]], quantization=tensors[node.inputs[18]].quantization
    )
    for index in node.inputs[12:16]:
        size = m.random.choice([1, 10**6, 10**9, 2**40])
        data = m.numbers.integers(-size, size, tensors[index].shape, np.int64)
        tensors[index] = replace(tensors[index], dtype=DType.INT64, data=data)
    return replace(graph, tensors=tuple(tensors))


def stateful(m: Maker, kind: str, operands: list[int], output: int, attributes: object) -> Graph:
    graph = m.graph(kind, [index for index in operands if index != ABSENT], output, attributes)  # type: ignore[arg-type]
    node = replace(graph.nodes[0], inputs=tuple(operands))
    return replace(graph, nodes=(node,), inputs=(operands[0],))


CASES: dict[str, Case] = {
    "AVERAGE_POOL_2D": wide(cases.pool("AVERAGE_POOL_2D")),
    "CONV_2D": sums(cases.conv_2d, (DType.INT32, DType.INT64)),
    "DEPTHWISE_CONV_2D": sums(cases.depthwise_conv_2d),
    "FULLY_CONNECTED": sums(cases.fully_connected, (DType.INT32, DType.INT64)),
    "MAX_POOL_2D": wide(cases.pool("MAX_POOL_2D")),
    "SVDF": svdf,
    "TRANSPOSE_CONV": sums(cases_arithmetic.transpose_conv, (DType.INT16, DType.INT64), position=3),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": lstm_of_any_type,
}
