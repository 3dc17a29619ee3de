"""Writes a `Graph` as a `.tflite` file, which `read_tflite` reads back. Slots are those of schema.fbs.

For graphs that MLForge makes itself: of all options tables it knows those that such graphs have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import flatbuffers
import numpy as np
from tflite.BuiltinOperator import BuiltinOperator
from tflite.BuiltinOptions import BuiltinOptions
from tflite.TensorType import TensorType

from mlforge.compiler.graph import DType, Graph, Node, Quantization, Tensor
from mlforge.compiler.ops import CUSTOM_OPERATORS
from mlforge.compiler.ops.fully_connected import FullyConnectedAttributes
from mlforge.compiler.ops.scale_features import SCALE_FEATURES
from mlforge.compiler.ops.softmax import SoftmaxAttributes
from mlforge.compiler.ops.trees import TREES
from mlforge.errors import ModelError

TYPE_CODES: Final = {dtype: int(vars(TensorType)[dtype.name]) for dtype in DType}
_PLAIN: Final = frozenset({"QUANTIZE", "DEQUANTIZE", "LOGISTIC", SCALE_FEATURES, TREES})  # without options
_OLD_CODES_END: Final = 127  # of the field that held one byte


def write_tflite(graph: Graph) -> bytes:
    """The file's bytes, the same for the same graph. Raises ModelError for an operator that it has no options for."""
    b = flatbuffers.Builder(1024)
    kinds = sorted({node.kind for node in graph.nodes})
    buffers = [buffer(b, b"")]
    tensors = []
    for tensor in graph.tensors:
        if tensor.data is not None:
            buffers.append(buffer(b, np.ascontiguousarray(tensor.data).tobytes()))
        tensors.append(_tensor(b, tensor, len(buffers) - 1 if tensor.data is not None else 0))
    operators = [_operator(b, node, kinds.index(node.kind)) for node in graph.nodes]
    fields = (
        offsets(b, tensors),
        b.CreateNumpyVector(np.array(graph.inputs, np.int32)),
        b.CreateNumpyVector(np.array(graph.outputs, np.int32)),
        offsets(b, operators),
    )
    b.StartObject(5)
    for slot, field in enumerate(fields):
        b.PrependUOffsetTRelativeSlot(slot, field, 0)
    subgraph = int(b.EndObject())
    tables = (offsets(b, [operator_code(b, kind) for kind in kinds]), offsets(b, [subgraph]), 0, offsets(b, buffers))
    b.StartObject(5)
    b.PrependUint32Slot(0, 3, 0)
    for slot, field in enumerate(tables, start=1):
        b.PrependUOffsetTRelativeSlot(slot, field, 0)
    b.Finish(b.EndObject(), file_identifier=b"TFL3")
    return bytes(b.Output())


def offsets(b: flatbuffers.Builder, values: Sequence[int]) -> int:
    """A vector of offsets to tables."""
    b.StartVector(4, len(values), 4)
    for value in reversed(values):
        b.PrependUOffsetTRelative(value)
    return int(b.EndVector())


def buffer(b: flatbuffers.Builder, data: bytes) -> int:
    """A Buffer, aligned as TensorFlow Lite wants it."""
    vector = 0
    if data:
        b.StartVector(1, len(data), 16)
        b.head -= len(data)
        b.Bytes[b.head : b.head + len(data)] = data
        vector = b.EndVector()
    b.StartObject(3)
    b.PrependUOffsetTRelativeSlot(0, vector, 0)
    return int(b.EndObject())


def operator_code(b: flatbuffers.Builder, kind: str) -> int:
    """An OperatorCode of version 1."""
    custom = b.CreateString(kind) if kind in CUSTOM_OPERATORS else 0
    number = int(vars(BuiltinOperator)["CUSTOM" if custom else kind])
    b.StartObject(4)
    b.PrependInt8Slot(0, min(number, _OLD_CODES_END), 0)
    b.PrependUOffsetTRelativeSlot(1, custom, 0)
    b.PrependInt32Slot(2, 1, 1)
    b.PrependInt32Slot(3, number, 0)
    return int(b.EndObject())


def quantization_table(b: flatbuffers.Builder, quantization: Quantization) -> int:
    scales = b.CreateNumpyVector(np.array(quantization.scales, np.float32))
    zero_points = b.CreateNumpyVector(np.array(quantization.zero_points, np.int64))
    b.StartObject(7)
    b.PrependUOffsetTRelativeSlot(2, scales, 0)
    b.PrependUOffsetTRelativeSlot(3, zero_points, 0)
    b.PrependInt32Slot(6, quantization.axis, 0)
    return int(b.EndObject())


def _tensor(b: flatbuffers.Builder, tensor: Tensor, place: int) -> int:
    shape = b.CreateNumpyVector(np.array(tensor.shape, np.int32))
    name = b.CreateString(tensor.name)
    quantization = quantization_table(b, tensor.quantization) if tensor.quantization else 0
    b.StartObject(10)
    b.PrependUOffsetTRelativeSlot(0, shape, 0)
    b.PrependInt8Slot(1, TYPE_CODES[tensor.dtype], 0)
    b.PrependUint32Slot(2, place, 0)
    b.PrependUOffsetTRelativeSlot(3, name, 0)
    b.PrependUOffsetTRelativeSlot(4, quantization, 0)
    return int(b.EndObject())


def _operator(b: flatbuffers.Builder, node: Node, code: int) -> int:
    inputs = b.CreateNumpyVector(np.array(node.inputs, np.int32))
    outputs = b.CreateNumpyVector(np.array(node.outputs, np.int32))
    kind, options = _options(b, node)
    b.StartObject(9)
    b.PrependUint32Slot(0, code, 0)
    b.PrependUOffsetTRelativeSlot(1, inputs, 0)
    b.PrependUOffsetTRelativeSlot(2, outputs, 0)
    b.PrependUint8Slot(3, getattr(BuiltinOptions, kind) if kind else 0, 0)
    b.PrependUOffsetTRelativeSlot(4, options, 0)
    return int(b.EndObject())


def _options(b: flatbuffers.Builder, node: Node) -> tuple[str, int]:
    """The options table's type and place."""
    attributes = node.attributes
    if isinstance(attributes, SoftmaxAttributes):
        b.StartObject(1)
        b.PrependFloat32Slot(0, attributes.beta, None)
        return "SoftmaxOptions", int(b.EndObject())
    if isinstance(attributes, FullyConnectedAttributes) and attributes == FullyConnectedAttributes():
        b.StartObject(1)
        return "FullyConnectedOptions", int(b.EndObject())
    if node.kind not in _PLAIN:
        raise ModelError(f"{node.kind}: no options are written for it")
    return "", 0
