"""Random graphs of operators that move values, resize pictures and convert types; with several inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from mlforge.compiler.fixed_point import float32
from mlforge.compiler.graph import Attributes, DType, Graph, Node, Quantization, Shape, Tensor
from mlforge.compiler.ops.broadcast_to import BroadcastToAttributes
from mlforge.compiler.ops.concatenation import ConcatenationAttributes
from mlforge.compiler.ops.fill import FillAttributes
from mlforge.compiler.ops.gather import GatherAttributes
from mlforge.compiler.ops.pack import PackAttributes
from mlforge.compiler.ops.pad import PadAttributes
from mlforge.compiler.ops.shape import ShapeAttributes
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.free_view import ReshapeAttributes
from mlforge.compiler.ops.shared.resizing import ResizeAttributes
from mlforge.compiler.ops.shared.splitting import SplitAttributes
from mlforge.compiler.ops.slice import SliceAttributes
from mlforge.compiler.ops.strided_slice import StridedSliceAttributes
from mlforge.compiler.ops.transpose import TransposeAttributes
from mlforge.compiler.ops.unpack import UnpackAttributes
from tests.unit.compiler.cases import Maker

Case = Callable[[Maker], Graph]


def data(m: Maker, shape: Shape, dtype: DType, like: int | None = None) -> int:
    """An activation of any type, quantised as `like`."""
    if like is not None:
        return m.add(replace(m.tensors[like], name=f"a{len(m.tensors)}", shape=shape, data=None))
    if dtype is DType.INT8:
        return m.activation(shape)
    quantization = Quantization((m.scale(),), (0,)) if dtype is DType.INT16 else None
    return m.add(Tensor(f"a{len(m.tensors)}", shape, dtype, quantization))


def constant(m: Maker, shape: Shape, like: int) -> int:
    tensor = m.tensors[like]
    values = m.numbers.integers(-128, 128, shape).astype(tensor.dtype.value)
    return m.add(replace(tensor, name="c", shape=shape, data=values))


def any_type(m: Maker) -> DType:
    return m.random.choice([DType.INT8, DType.INT8, DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32])


def any_shape(m: Maker, most: int = 5) -> Shape:
    return tuple(m.random.choice([1, 1, 2, 3, 4, 6]) for _ in range(m.random.randint(1, most)))


def relu(m: Maker, source: int) -> tuple[Node, int]:
    """Something in between, so that the tensor is no input of the model."""
    result = data(m, m.tensors[source].shape, m.tensors[source].dtype, source)
    return Node("RELU", (source,), (result,), ElementwiseAttributes()), result


def graph_of(m: Maker, nodes: Sequence[Node], outputs: Sequence[int]) -> Graph:
    written = {index for node in nodes for index in node.outputs}
    read = [index for node in nodes for index in node.inputs if index >= 0]
    inputs = dict.fromkeys(i for i in read if i not in written and m.tensors[i].data is None)
    if not inputs:  # a model has an input, even if nothing reads it
        inputs = {m.activation((1,)): None}
    return Graph(tuple(m.tensors), tuple(nodes), tuple(inputs), tuple(outputs))


def simple(m: Maker, kind: str, inputs: Sequence[int], output: int, attributes: Attributes) -> Graph:
    """The node, sometimes with a RELU in front of it and one behind, which may then share or lie across its memory."""
    nodes, inputs = [], list(inputs)
    first = next((i for i in inputs if m.tensors[i].data is None), None)
    if first is not None and m.tensors[first].dtype is DType.INT8 and m.random.random() < 0.5:
        node, result = relu(m, first)
        nodes.append(node)
        inputs = [result if index == first else index for index in inputs]
    nodes.append(Node(kind, tuple(inputs), (output,), attributes))
    outputs = [output]
    if m.tensors[output].dtype is DType.INT8 and m.random.random() < 0.5:
        node, result = relu(m, output)
        nodes.append(node)
        outputs = m.random.choice([[result], [result, output]])
    return graph_of(m, nodes, outputs)


def squeeze(m: Maker) -> Graph:
    shape = (1, *any_shape(m, 4))
    source = data(m, shape, any_type(m))
    return simple(m, "SQUEEZE", [source], data(m, shape[1:], any_type(m), source), ReshapeAttributes())


def expand_dims(m: Maker) -> Graph:
    shape = any_shape(m, 4)
    source, axis = data(m, shape, any_type(m)), m.integers([1])
    result = data(m, (shape[0], 1, *shape[1:]), any_type(m), source)
    return simple(m, "EXPAND_DIMS", [source, axis], result, ReshapeAttributes())


def transpose(m: Maker) -> Graph:
    shape = any_shape(m)
    permutation = m.random.sample(range(len(shape)), len(shape))
    source = data(m, shape, any_type(m))
    result = data(m, tuple(shape[axis] for axis in permutation), any_type(m), source)
    return simple(m, "TRANSPOSE", [source, m.integers(permutation)], result, TransposeAttributes())


def slice_(m: Maker) -> Graph:
    shape = any_shape(m)
    begin = [m.random.randrange(size) if m.random.random() < 0.6 else 0 for size in shape]
    sizes = [
        m.random.randint(1, size - b) if m.random.random() < 0.5 else size - b
        for size, b in zip(shape, begin, strict=True)
    ]
    given = [
        -1 if s == size - b and m.random.random() < 0.3 else s for s, size, b in zip(sizes, shape, begin, strict=True)
    ]
    source = data(m, shape, any_type(m))
    inputs = [source, m.integers(begin), m.integers(given)]
    return simple(m, "SLICE", inputs, data(m, tuple(sizes), any_type(m), source), SliceAttributes())


def strided_slice(m: Maker) -> Graph:
    while True:
        shape = any_shape(m, 4)
        begin = [m.random.randint(-size - 1, size) for size in shape]
        end = [m.random.randint(-size - 1, size + 1) for size in shape]
        strides = [m.random.choice([1, 1, 2, 3, -1, -2]) for _ in shape]
        begin_mask, end_mask = m.random.randrange(16), m.random.randrange(16)
        shrink = m.random.choice([0, 0, 0, 1 << m.random.randrange(len(shape))])
        keys: list[slice | int] = []
        for axis, size in enumerate(shape):
            first = None if begin_mask >> axis & 1 else begin[axis]
            if shrink >> axis & 1:
                strides[axis], keys = 1, [*keys, 0 if first is None else first]
                if first is not None and not -size <= first < size:
                    break
            else:
                keys.append(slice(first, None if end_mask >> axis & 1 else end[axis], strides[axis]))
        else:
            result_shape = np.zeros(shape, np.int8)[tuple(keys)].shape
            if 0 not in result_shape:
                break
    source = data(m, shape, any_type(m))
    inputs = [source, m.integers(begin), m.integers(end), m.integers(strides)]
    attributes = StridedSliceAttributes(begin_mask, end_mask, 0, 0, shrink)
    return simple(m, "STRIDED_SLICE", inputs, data(m, result_shape, any_type(m), source), attributes)


def concatenation(m: Maker) -> Graph:
    """Of inputs of the model, of what operators made, of constants, and of one tensor twice."""
    shape, dtype = list(any_shape(m, 4)), any_type(m)
    axis = m.random.randrange(len(shape))
    if m.random.random() < 0.5:
        shape[:axis] = [1] * axis
        shape[-1] *= m.random.choice([1, 4])
    model = data(m, tuple(shape), dtype)
    nodes: list[Node] = []
    inputs: list[int] = []
    for _ in range(m.random.randint(1, 4)):
        shape[axis] = m.random.choice([1, 2, 4])
        piece = data(m, tuple(shape), dtype, model)
        if m.random.random() < 0.2:
            piece = constant(m, tuple(shape), model)
        elif inputs and m.random.random() < 0.15:
            piece = m.random.choice(inputs)
        elif dtype is DType.INT8 and m.random.random() < 0.6:
            node, piece = relu(m, piece)
            nodes.append(node)
        inputs.append(piece)
    shape[axis] = sum(m.tensors[index].shape[axis] for index in inputs)
    result = data(m, tuple(shape), dtype, model)
    attributes = ConcatenationAttributes(m.random.choice([axis, axis - len(shape)]))
    nodes.append(Node("CONCATENATION", tuple(inputs), (result,), attributes))
    outputs = [result]
    if dtype is DType.INT8 and m.random.random() < 0.5:
        node, again = relu(m, result)
        nodes.append(node)
        made = [index for node in nodes[:-2] for index in node.outputs]
        outputs = [again, *made[:1]] if m.random.random() < 0.5 else [again]
    return graph_of(m, nodes, outputs)


def pack(m: Maker) -> Graph:
    shape, dtype = any_shape(m, 4), any_type(m)
    if m.random.random() < 0.4:
        shape = (1, 2, 4)
    axis = m.random.randint(0, len(shape))
    inputs = [data(m, shape, dtype)]
    for _ in range(m.random.randint(0, 3)):
        inputs.append(constant(m, shape, inputs[0]) if m.random.random() < 0.2 else data(m, shape, dtype, inputs[0]))
    result = data(m, (*shape[:axis], len(inputs), *shape[axis:]), dtype, inputs[0])
    attributes = PackAttributes(len(inputs), m.random.choice([axis, axis - len(shape) - 1]))
    return simple(m, "PACK", inputs, result, attributes)


def pieces(m: Maker, kind: str, shape: Shape, axis: int, sizes: Sequence[int]) -> Graph:
    """Some of the pieces go on to a RELU, some are outputs, some nobody wants."""
    dtype = any_type(m)
    source, nodes = data(m, shape, dtype), []
    if dtype is DType.INT8 and m.random.random() < 0.6:
        node, source = relu(m, source)
        nodes.append(node)
    results = []
    for size in sizes:
        piece = (*shape[:axis], size, *shape[axis + 1 :]) if kind != "UNPACK" else (*shape[:axis], *shape[axis + 1 :])
        results.append(data(m, piece, dtype, source))
    where = m.random.choice([axis, axis - len(shape)])
    if kind == "UNPACK":
        nodes.append(Node(kind, (source,), tuple(results), UnpackAttributes(len(sizes), where)))
    elif kind == "SPLIT":
        nodes.append(Node(kind, (m.integers(where), source), tuple(results), SplitAttributes()))
    else:
        nodes.append(Node(kind, (source, m.integers(sizes), m.integers([where])), tuple(results), SplitAttributes()))
    outputs = m.random.sample(results, m.random.randint(1, len(results)))
    if dtype is DType.INT8 and m.random.random() < 0.5:
        node, outputs[0] = relu(m, outputs[0])
        nodes.append(node)
    return graph_of(m, nodes, outputs)


def split(m: Maker) -> Graph:
    shape = any_shape(m, 4)
    axis, count = m.random.randrange(len(shape)), m.random.randint(1, 4)
    size = m.random.choice([1, 2, 4])
    shape = (*([1] * axis if m.random.random() < 0.5 else shape[:axis]), count * size, *shape[axis + 1 :])
    return pieces(m, "SPLIT", shape, axis, [size] * count)


def split_v(m: Maker) -> Graph:
    shape = any_shape(m, 4)
    axis = m.random.randrange(len(shape))
    sizes = [m.random.choice([1, 2, 4, 8]) for _ in range(m.random.randint(1, 4))]
    shape = (*([1] * axis if m.random.random() < 0.5 else shape[:axis]), sum(sizes), *shape[axis + 1 :])
    return pieces(m, "SPLIT_V", shape, axis, sizes)


def unpack(m: Maker) -> Graph:
    shape = any_shape(m, 4)
    axis = m.random.randrange(len(shape))
    shape = (*([1] * axis if m.random.random() < 0.5 else shape[:axis]), *shape[axis:])
    return pieces(m, "UNPACK", shape, axis, [1] * shape[axis])


def gather(m: Maker) -> Graph:
    shape = any_shape(m, 4)
    axis = m.random.randrange(len(shape))
    batches = m.random.randint(0, axis)
    indices_shape = (*shape[:batches], *any_shape(m, 2))
    table = m.random.random() < 0.3
    if table:
        seed = data(m, (1,), any_type(m))
        source = constant(m, shape, seed)
    else:
        source = data(m, shape, any_type(m))
    if table or m.random.random() < 0.5:
        indices = data(m, indices_shape, DType.INT32)
    else:
        indices = m.integers(m.numbers.integers(0, shape[axis], indices_shape))
    result = data(m, (*shape[:axis], *indices_shape[batches:], *shape[axis + 1 :]), any_type(m), source)
    attributes = GatherAttributes(
        m.random.choice([axis, axis - len(shape)]), m.random.choice([batches, batches - len(indices_shape)])
    )
    if batches == 0:
        attributes = replace(attributes, batch_dims=0)
    return simple(m, "GATHER", [source, indices], result, attributes)


def padding(kind: str) -> Case:
    def make(m: Maker) -> Graph:
        shape = any_shape(m, 4)
        amounts = [(m.random.randint(0, 3), m.random.randint(0, 3)) for _ in shape]
        source = data(m, shape, any_type(m))
        inputs = [source, m.integers(amounts)]
        if kind == "PADV2":
            tensor = m.tensors[source]
            value = m.random.randint(-128, 127) if tensor.dtype is DType.INT8 else 0
            inputs.append(m.add(replace(tensor, name="v", shape=(), data=np.array(value, tensor.dtype.value))))
        result = tuple(size + before + after for size, (before, after) in zip(shape, amounts, strict=True))
        return simple(m, kind, inputs, data(m, result, any_type(m), source), PadAttributes())

    return make


def resize(kind: str) -> Case:
    def make(m: Maker) -> Graph:
        shape = (m.random.choice([1, 1, 2]), m.random.randint(1, 7), m.random.randint(1, 7), m.random.randint(1, 5))
        size = [m.random.randint(1, 12), m.random.randint(1, 12)]
        if m.random.random() < 0.3:
            size = [2 * shape[1], 2 * shape[2]]
        modes = [(False, False), (True, False), (False, True)]
        if kind == "RESIZE_NEAREST_NEIGHBOR":
            modes.append((True, True))
        source = data(m, shape, DType.INT8 if kind == "RESIZE_BILINEAR" else any_type(m))
        result = data(m, (shape[0], *size, shape[3]), DType.INT8, source)
        return simple(m, kind, [source, m.integers(size)], result, ResizeAttributes(*m.random.choice(modes)))

    return make


def quantized(m: Maker, shape: Shape, dtype: DType) -> int:
    if dtype is DType.FLOAT32:
        return m.add(Tensor("f", shape, dtype))
    of_int8, of_int16 = m.zero_point(), m.random.choice([0, -32768, 100])
    zero_points = {DType.INT8: of_int8, DType.UINT8: of_int8 + 128, DType.INT16: of_int16}
    scale = float32(m.scale() * m.random.choice([1.0, 1e-4, 1e-7]))
    return m.add(Tensor(f"q{len(m.tensors)}", shape, dtype, Quantization((scale,), (zero_points.get(dtype, 0),))))


def quantize(m: Maker) -> Graph:
    pairs = [
        (DType.FLOAT32, DType.INT8),
        (DType.FLOAT32, DType.INT16),
        *((a, b) for a in (DType.INT8, DType.INT16) for b in (DType.INT8, DType.INT16, DType.INT32)),
        (DType.INT32, DType.INT8),
        (DType.INT32, DType.INT16),
        (DType.INT8, DType.UINT8),
        (DType.UINT8, DType.INT8),
    ]
    source, target = m.random.choice(pairs)
    shape = m.random.choice([(1, 16, 16), (1, 7), (3, 5)])
    first = quantized(m, shape, source)
    return simple(m, "QUANTIZE", [first], quantized(m, shape, target), ElementwiseAttributes())


def dequantize(m: Maker) -> Graph:
    shape = m.random.choice([(1, 16, 16), (1, 7), (3, 5)])
    source = quantized(m, shape, m.random.choice([DType.INT8, DType.INT16]))
    return simple(m, "DEQUANTIZE", [source], quantized(m, shape, DType.FLOAT32), ElementwiseAttributes())


def broadcast_to(m: Maker) -> Graph:
    shape = any_shape(m)
    core = tuple(1 if m.random.random() < 0.5 else size for size in shape)[m.random.randrange(len(shape)) :]
    source = data(m, core, any_type(m))
    result = data(m, shape, any_type(m), source)
    return simple(m, "BROADCAST_TO", [source, m.integers(shape)], result, BroadcastToAttributes())


def fill(m: Maker) -> Graph:
    shape = any_shape(m)
    value = data(m, (), any_type(m))
    if m.random.random() < 0.5:
        value = constant(m, (), value)
    return simple(m, "FILL", [m.integers(shape), value], data(m, shape, any_type(m), value), FillAttributes())


def shape_(m: Maker) -> Graph:
    shape = any_shape(m)
    source = data(m, shape, any_type(m))
    return simple(m, "SHAPE", [source], data(m, (len(shape),), DType.INT32), ShapeAttributes())


CASES: dict[str, Case] = {
    "BROADCAST_TO": broadcast_to,
    "CONCATENATION": concatenation,
    "DEQUANTIZE": dequantize,
    "EXPAND_DIMS": expand_dims,
    "FILL": fill,
    "GATHER": gather,
    "PACK": pack,
    "PAD": padding("PAD"),
    "PADV2": padding("PADV2"),
    "QUANTIZE": quantize,
    "RESIZE_BILINEAR": resize("RESIZE_BILINEAR"),
    "RESIZE_NEAREST_NEIGHBOR": resize("RESIZE_NEAREST_NEIGHBOR"),
    "SHAPE": shape_,
    "SLICE": slice_,
    "SPLIT": split,
    "SPLIT_V": split_v,
    "SQUEEZE": squeeze,
    "STRIDED_SLICE": strided_slice,
    "TRANSPOSE": transpose,
    "UNPACK": unpack,
}
