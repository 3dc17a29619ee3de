"""Writes any Graph as a .tflite file, for tests of the reader. Slots are those of TensorFlow Lite's schema.fbs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import flatbuffers
import numpy as np
from flatbuffers import flexbuffers
from numpy.typing import NDArray
from tflite.BuiltinOptions import BuiltinOptions

from mlforge.compiler.control import Calls
from mlforge.compiler.graph import Attributes, DType, Graph, Node, Tensor
from mlforge.compiler.ops import REMEMBERING
from mlforge.compiler.ops.batch_matmul import BatchMatMulAttributes
from mlforge.compiler.ops.concatenation import ConcatenationAttributes
from mlforge.compiler.ops.cumsum import CumsumAttributes
from mlforge.compiler.ops.fully_connected import FullyConnectedAttributes
from mlforge.compiler.ops.gather import GatherAttributes
from mlforge.compiler.ops.leaky_relu import LeakyReluAttributes
from mlforge.compiler.ops.mirror_pad import MirrorPadAttributes
from mlforge.compiler.ops.pack import PackAttributes
from mlforge.compiler.ops.shared.depth import DepthAttributes
from mlforge.compiler.ops.shared.pooling import PoolAttributes
from mlforge.compiler.ops.shared.reduction import ReduceAttributes
from mlforge.compiler.ops.shared.resizing import ResizeAttributes
from mlforge.compiler.ops.shared.scaled_pair import ArithmeticAttributes
from mlforge.compiler.ops.shared.window import WindowAttributes
from mlforge.compiler.ops.signal.operator import SignalAttributes
from mlforge.compiler.ops.softmax import SoftmaxAttributes
from mlforge.compiler.ops.strided_slice import StridedSliceAttributes
from mlforge.compiler.ops.svdf import SvdfAttributes
from mlforge.compiler.ops.unidirectional_sequence_lstm import LstmAttributes
from mlforge.compiler.ops.unpack import UnpackAttributes
from mlforge.compiler.tflite_writer import TYPE_CODES, buffer, offsets, operator_code, quantization_table

HANDLE: Any = "handle"  # the type of tensors that name a variable; no graph of ours has it
_TYPES = {**TYPE_CODES, HANDLE: 13}
RESOURCE_KINDS = ("READ_VARIABLE", "ASSIGN_VARIABLE")


@dataclass(frozen=True, slots=True)
class HandleAttributes(Attributes):
    name: str


@dataclass(frozen=True, slots=True)
class OnceAttributes(Attributes):
    """The second subgraph is the one to run."""


@dataclass(frozen=True, slots=True)
class BranchAttributes(Attributes):
    """Of IF and WHILE: the subgraphs themselves."""

    first: Graph
    second: Graph


_FUSED = ("NONE", "RELU", "RELU_N1_TO_1", "RELU6")


def write_tflite(graph: Graph, nibbles: bool = False) -> bytes:
    """`nibbles`: constant int8 from -8 to 7 with a quantisation are written as int4."""
    b = flatbuffers.Builder(1024)
    graph = without_states(graph)
    graphs = with_handles(graph) if any(node.kind in RESOURCE_KINDS for node in graph.nodes) else with_branches(graph)
    kinds = sorted({node.kind for one in graphs for node in one.nodes})
    buffers = [buffer(b, b"")]
    subgraphs = [_subgraph(b, one, kinds, buffers, nibbles) for one in graphs]
    tables = [offsets(b, [operator_code(b, kind) for kind in kinds]), offsets(b, subgraphs), 0, offsets(b, buffers)]
    b.StartObject(5)
    b.PrependUint32Slot(0, 3, 0)
    for slot, field in enumerate(tables, start=1):
        b.PrependUOffsetTRelativeSlot(slot, field, 0)
    b.Finish(b.EndObject(), file_identifier=b"TFL3")
    return bytes(b.Output())


def without_states(graph: Graph) -> Graph:
    """Without the variables that the reader appends for operators of the signal library; they are the last tensors."""
    states = {node.inputs[-1] for node in graph.nodes if node.kind in REMEMBERING}
    left = len(graph.tensors) - len(states)
    if states != set(range(left, len(graph.tensors))):
        raise ValueError("states that are not the last tensors")
    nodes = tuple(replace(n, inputs=n.inputs[:-1]) if n.kind in REMEMBERING else n for n in graph.nodes)
    return replace(graph, tensors=graph.tensors[:left], nodes=nodes)


def with_handles(graph: Graph) -> list[Graph]:
    """The graph with handles in place of its variables, and the one that gives those their first values."""
    variables = {index for node in graph.nodes if node.kind in RESOURCE_KINDS for index in node.inputs}
    variables = {index for index in variables if graph.tensors[index].is_variable}
    tensors = [
        Tensor(tensor.name, (), HANDLE) if index in variables else tensor for index, tensor in enumerate(graph.tensors)
    ]
    named = [
        Node("VAR_HANDLE", (), (index,), HandleAttributes(graph.tensors[index].name)) for index in sorted(variables)
    ]
    turned = [replace(n, inputs=n.inputs[::-1]) if n.kind == "ASSIGN_VARIABLE" else n for n in graph.nodes]
    first: list[Tensor] = []
    nodes: list[Node] = []
    for index in sorted(variables):
        tensor = graph.tensors[index]
        if tensor.initial is not None:
            handle, value = Tensor(tensor.name, (), HANDLE), replace(tensor, data=tensor.initial, is_variable=False)
            nodes.append(Node("VAR_HANDLE", (), (len(first),), HandleAttributes(tensor.name)))
            nodes.append(Node("ASSIGN_VARIABLE", (len(first), len(first) + 1), (), OnceAttributes()))
            first += [handle, value]
    once = [Node("CALL_ONCE", (), (), OnceAttributes())] if nodes else []
    main = replace(graph, tensors=tuple(tensors), nodes=(*once, *named, *turned))
    return [main, Graph(tuple(first), tuple(nodes), (), ())] if nodes else [main]


def with_branches(graph: Graph) -> list[Graph]:
    """The graph, and those that its branches and loops run, which it names by their numbers."""
    made: list[Graph] = []

    def add(one: Graph) -> int:
        place = len(made)
        made.append(one)
        nodes = []
        for node in one.nodes:
            a = node.attributes
            calls = Calls(add(a.first), add(a.second)) if isinstance(a, BranchAttributes) else a
            nodes.append(replace(node, attributes=calls))
        made[place] = replace(one, nodes=tuple(nodes))
        return place

    add(graph)
    return made


def _subgraph(b: flatbuffers.Builder, graph: Graph, kinds: Sequence[str], buffers: list[int], nibbles: bool) -> int:
    tensors = []
    for tensor in graph.tensors:
        packs = nibbles and tensor.data is not None and tensor.dtype is DType.INT8
        if tensor.data is not None:
            buffers.append(buffer(b, _packed(tensor.data) if packs else np.ascontiguousarray(tensor.data).tobytes()))
        tensors.append(_tensor(b, tensor, len(buffers) - 1 if tensor.data is not None else 0, packs))
    operators = [_operator(b, graph, node, kinds.index(node.kind)) for node in graph.nodes]
    fields = [
        offsets(b, tensors),
        b.CreateNumpyVector(np.array(graph.inputs, np.int32)),
        b.CreateNumpyVector(np.array(graph.outputs, np.int32)),
        offsets(b, operators),
    ]
    b.StartObject(5)
    for slot, field in enumerate(fields):
        b.PrependUOffsetTRelativeSlot(slot, field, 0)
    return int(b.EndObject())


def _packed(values: NDArray[np.generic]) -> bytes:
    flat = np.asarray(values, np.int64).reshape(-1)
    if flat.min() < -8 or flat.max() > 7:
        raise ValueError("too large for int4")
    flat = np.append(flat, np.zeros(flat.size % 2, np.int64)) & 15
    return (flat[::2] | flat[1::2] << 4).astype(np.uint8).tobytes()


def _tensor(b: flatbuffers.Builder, tensor: Tensor, buffer: int, packed: bool) -> int:
    shape = b.CreateNumpyVector(np.array(tensor.shape, np.int32))
    name = b.CreateString(tensor.name)
    quantization = quantization_table(b, tensor.quantization) if tensor.quantization else 0
    b.StartObject(10)
    b.PrependUOffsetTRelativeSlot(0, shape, 0)
    b.PrependInt8Slot(1, 17 if packed else _TYPES[tensor.dtype], 0)
    b.PrependUint32Slot(2, buffer, 0)
    b.PrependUOffsetTRelativeSlot(3, name, 0)
    b.PrependUOffsetTRelativeSlot(4, quantization, 0)
    b.PrependBoolSlot(5, tensor.is_variable, False)
    return int(b.EndObject())


def _operator(b: flatbuffers.Builder, graph: Graph, node: Node, code: int) -> int:
    inputs = b.CreateNumpyVector(np.array(node.inputs, np.int32))
    outputs = b.CreateNumpyVector(np.array(node.outputs, np.int32))
    name, options = _options(b, graph, node)
    custom = _flexbuffer(b, node.attributes) if isinstance(node.attributes, SignalAttributes) else 0
    b.StartObject(9)
    b.PrependUint32Slot(0, code, 0)
    b.PrependUOffsetTRelativeSlot(1, inputs, 0)
    b.PrependUOffsetTRelativeSlot(2, outputs, 0)
    b.PrependUint8Slot(3, getattr(BuiltinOptions, name) if name else 0, 0)
    b.PrependUOffsetTRelativeSlot(4, options, 0)
    b.PrependUOffsetTRelativeSlot(5, custom, 0)
    return int(b.EndObject())


def _flexbuffer(b: flatbuffers.Builder, attributes: SignalAttributes) -> int:
    builder = flexbuffers.Builder()
    with builder.Map():
        for key, value in attributes.values:
            builder.Key(key)
            builder.Int(value)
    return int(b.CreateByteVector(bytes(builder.Finish())))


def _options(b: flatbuffers.Builder, graph: Graph, node: Node) -> tuple[str, int]:
    """The options table's type and place."""
    match node.attributes:
        case PoolAttributes() as a:
            fields = [
                _padding(a),
                ("Int32", a.stride[1]),
                ("Int32", a.stride[0]),
                ("Int32", a.size[1]),
                ("Int32", a.size[0]),
            ]
            return "Pool2DOptions", _table(b, [*fields, _fused(a.activation)])
        case WindowAttributes() as a:
            fields = [_padding(a), ("Int32", a.stride[1]), ("Int32", a.stride[0])]
            if node.kind == "TRANSPOSE_CONV":
                return "TransposeConvOptions", _table(b, [*fields, _fused(a.activation)])
            if node.kind == "DEPTHWISE_CONV_2D":
                inputs, outputs = graph.tensors[node.inputs[0]].shape[3], graph.tensors[node.outputs[0]].shape[3]
                fields.append(("Int32", outputs // inputs))
            fields += [_fused(a.activation), ("Int32", a.dilation[1]), ("Int32", a.dilation[0])]
            if node.kind != "CONV_2D":
                return "DepthwiseConv2DOptions", _table(b, fields)
            return "Conv2DOptions", _table(b, [*fields, _bias_type(a)])
        case HandleAttributes() as a:
            name = b.CreateString(a.name)
            b.StartObject(2)
            b.PrependUOffsetTRelativeSlot(1, name, 0)
            return "VarHandleOptions", int(b.EndObject())
        case OnceAttributes():
            return ("CallOnceOptions", _table(b, [("Int32", 1)])) if node.kind == "CALL_ONCE" else ("", 0)
        case Calls() as a:
            return f"{node.kind.capitalize()}Options", _table(b, [("Int32", a.first), ("Int32", a.second)])
        case FullyConnectedAttributes() as a:
            fields = [_fused(a.activation), ("Int8", 0), ("Bool", False), ("Bool", False), _bias_type(a)]
            return "FullyConnectedOptions", _table(b, fields)
        case CumsumAttributes() as a:
            return "CumsumOptions", _table(b, [("Bool", a.exclusive), ("Bool", a.reverse)])
        case ArithmeticAttributes() as a if node.kind == "L2_NORMALIZATION":
            return "L2NormOptions", _table(b, [_fused(a.activation)])
        case ArithmeticAttributes() as a:
            return f"{node.kind.capitalize()}Options", _table(b, [_fused(a.activation)])
        case LeakyReluAttributes() as a:
            return "LeakyReluOptions", _table(b, [("Float32", a.alpha)])
        case SvdfAttributes() as a:
            return "SVDFOptions", _table(b, [("Int32", a.rank)])
        case LstmAttributes() as a:
            tanh, no_clip = ("Int8", 4), ("Float32", 0.0)
            fields = [tanh, ("Float32", a.cell_clip), no_clip, ("Bool", a.time_major)]
            return "UnidirectionalSequenceLSTMOptions", _table(b, fields)
        case BatchMatMulAttributes() as a:
            fields = [("Bool", a.first_is_transposed), ("Bool", a.second_is_transposed)]
            return "BatchMatMulOptions", _table(b, fields)
        case DepthAttributes() as a:
            return f"{'SpaceToDepth' if node.kind[0] == 'S' else 'DepthToSpace'}Options", _table(
                b, [("Int32", a.block)]
            )
        case MirrorPadAttributes() as a:
            return "MirrorPadOptions", _table(b, [("Int8", int(a.repeats_edge))])
        case SoftmaxAttributes() as a:
            return "SoftmaxOptions", _table(b, [("Float32", a.beta)])
        case ReduceAttributes() as a:
            return "ReducerOptions", _table(b, [("Bool", a.keep_dims)])
        case ConcatenationAttributes() as a:
            return "ConcatenationOptions", _table(b, [("Int32", a.axis), _fused(a.activation)])
        case PackAttributes() as a:
            return "PackOptions", _table(b, [("Int32", a.count), ("Int32", a.axis)])
        case UnpackAttributes() as a:
            return "UnpackOptions", _table(b, [("Int32", a.count), ("Int32", a.axis)])
        case GatherAttributes() as a:
            return "GatherOptions", _table(b, [("Int32", a.axis), ("Int32", a.batch_dims)])
        case StridedSliceAttributes() as a:
            masks = (a.begin_mask, a.end_mask, a.ellipsis_mask, a.new_axis_mask, a.shrink_axis_mask)
            return "StridedSliceOptions", _table(b, [("Int32", mask) for mask in masks])
        case ResizeAttributes() as a:
            old = [("Int32", 0), ("Int32", 0)] if node.kind == "RESIZE_BILINEAR" else []
            name = "ResizeBilinearOptions" if old else "ResizeNearestNeighborOptions"
            return name, _table(b, [*old, ("Bool", a.align_corners), ("Bool", a.half_pixel_centers)])
    return "", 0


def _table(b: flatbuffers.Builder, fields: Sequence[tuple[str, float]]) -> int:
    b.StartObject(len(fields))
    for slot, (kind, value) in enumerate(fields):
        getattr(b, f"Prepend{kind}Slot")(slot, value, None)
    return int(b.EndObject())


def _padding(attributes: WindowAttributes) -> tuple[str, float]:
    return "Int8", 1 if attributes.padding == "VALID" else 0


def _bias_type(attributes: WindowAttributes | FullyConnectedAttributes) -> tuple[str, float]:
    return "Int8", _TYPES[attributes.bias_type] if attributes.bias_type else 0


def _fused(activation: str) -> tuple[str, float]:
    return "Int8", _FUSED.index(activation)
