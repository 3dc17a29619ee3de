"""Random models with IF and WHILE: around networks, nested, with constants for results, and with loops that count."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np

from mlforge.compiler.fixed_point import float32
from mlforge.compiler.graph import DType, Graph, Node, Quantization, Tensor
from mlforge.compiler.ops.add import AddAttributes
from mlforge.compiler.ops.fully_connected import FullyConnectedAttributes
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.reduction import ReduceAttributes
from tests.unit.compiler.cases import Maker
from tests.unit.compiler.tflite_writer import BranchAttributes

_DEPTH = 2
_CONSTANT = 0.15  # of branches, those that hand out a constant


def branching(seed: int) -> Graph:
    """A dense layer, then branches and loops, each on what the one before has made."""
    random = Random(seed)
    m = Maker(seed)
    size = random.randint(1, 9)
    quantization = Quantization((float32(random.uniform(0.02, 0.1)),), (random.randint(-100, 100),))
    source = m.activation((1, size), quantization)
    nodes: list[Node] = []
    last = _dense(m, nodes, source, size)
    for _ in range(random.randint(1, 2)):
        made = m.activation((1, size), quantization)
        if random.random() < 0.6:
            condition = _condition(m, nodes, source)
            _if(m, nodes, condition, last, made, 0)
        else:
            _while(m, nodes, last, made)
        last = made
    if random.random() < 0.5:
        last = _dense(m, nodes, last, size)
    return Graph(tuple(m.tensors), tuple(nodes), (source,), (last,))


def _dense(m: Maker, nodes: list[Node], source: int, size: int) -> int:
    """A layer whose output is quantised as its input."""
    scales = (float32(m.random.uniform(0.003, 0.01)),)
    data = m.numbers.integers(-127, 128, (size, size), np.int8)
    weights = m.add(Tensor("w", data.shape, DType.INT8, Quantization(scales, (0,)), data))
    output = m.activation((1, size), m.quantization(source))
    nodes.append(Node("FULLY_CONNECTED", (source, weights), (output,), FullyConnectedAttributes(m.fused())))
    return output


def _condition(m: Maker, nodes: list[Node], source: int) -> int:
    """Whether the largest value is above a constant."""
    keep = m.random.random() < 0.5
    largest = m.activation((1, 1) if keep else (1,), m.quantization(source))
    nodes.append(Node("REDUCE_MAX", (source, m.integers([1])), (largest,), ReduceAttributes(keep)))
    data = np.array([m.random.randint(20, 120)], np.int8)
    limit = m.add(Tensor("limit", (1,), DType.INT8, m.quantization(source), data))
    truth = m.add(Tensor("truth", m.tensors[largest].shape, DType.BOOL))
    nodes.append(Node("GREATER", (largest, limit), (truth,), ElementwiseAttributes()))
    return truth


def _if(m: Maker, nodes: list[Node], condition: int, source: int, output: int, depth: int) -> None:
    branches = [_branch(m, m.tensors[source], depth + 1) for _ in range(2)]
    nodes.append(Node("IF", (condition, source), (output,), BranchAttributes(*branches)))


def _branch(outer: Maker, like: Tensor, depth: int) -> Graph:
    m = Maker(outer.random.randrange(1 << 30))
    source = m.add(replace(like, name="in"))
    if m.random.random() < _CONSTANT:
        data = m.numbers.integers(-128, 128, like.shape, np.int8)
        return Graph((*m.tensors, replace(like, name="constant", data=data)), (), (source,), (source + 1,))
    nodes: list[Node] = []
    last = source
    for _ in range(m.random.choice([0, 1, 1, 2])):
        last = _dense(m, nodes, last, like.shape[1])
    if depth < _DEPTH and m.random.random() < 0.4:
        made = m.activation(like.shape, m.quantization(source))
        _if(m, nodes, _condition(m, nodes, source), last, made, depth)
        last = made
    return Graph(tuple(m.tensors), tuple(nodes), (source,), (last,))


def _while(m: Maker, nodes: list[Node], source: int, output: int) -> None:
    """A number of rounds of a layer, or of a sum with what the round before has made."""
    rounds, start, step = m.random.randint(0, 4), m.random.randint(-3, 3), m.random.choice([1, 2])
    counter = m.add(_counter("start", np.array(start)))
    end = m.add(_counter("end", ()))
    graphs = _going_on(m.tensors[source], start + rounds * step), _body(m, m.tensors[source], step)
    nodes.append(Node("WHILE", (counter, source), (end, output), BranchAttributes(*graphs)))


def _counter(name: str, value: object) -> Tensor:
    data = np.array(value, np.int32) if isinstance(value, np.ndarray) else None
    return Tensor(name, (), DType.INT32, None, data)


def _going_on(like: Tensor, end: int) -> Graph:
    tensors = [_counter("i", ()), replace(like, name="x"), _counter("end", np.array(end))]
    truth = Tensor("on", (), DType.BOOL)
    return Graph((*tensors, truth), (Node("LESS", (0, 2), (3,), ElementwiseAttributes()),), (0, 1), (3,))


def _body(outer: Maker, like: Tensor, step: int) -> Graph:
    m = Maker(outer.random.randrange(1 << 30))
    counter, source = m.add(_counter("i", ())), m.add(replace(like, name="x"))
    more, by = m.add(_counter("i2", ())), m.add(_counter("step", np.array(step)))
    nodes = [Node("ADD", (counter, by), (more,), AddAttributes())]
    last = _dense(m, nodes, source, like.shape[1])
    if m.random.random() < 0.5:
        both = m.activation(like.shape, m.quantization(source))
        nodes.append(Node("ADD", (last, source), (both,), AddAttributes(m.fused())))
        last = both
    return Graph(tuple(m.tensors), tuple(nodes), (counter, source), (more, last))
