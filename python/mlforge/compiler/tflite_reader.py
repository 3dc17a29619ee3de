"""Reads a .tflite file, which is untrusted, into a `Graph`.

The flatbuffer accessors trust every offset in the file. Here, counts are checked against the size of the file before
anything is looped over or allocated, and whatever an accessor stumbles over ends as a ModelError.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

import numpy as np
from flatbuffers.number_types import Int32Flags, Uint32Flags
from numpy.typing import NDArray
from tflite.BuiltinOperator import BuiltinOperator
from tflite.BuiltinOptions import BuiltinOptions
from tflite.Model import Model
from tflite.TensorType import TensorType

from mlforge.compiler import control, resources
from mlforge.compiler.graph import (
    ABSENT,
    MAX_ELEMENTS,
    MAX_RANK,
    MAX_TENSORS,
    Attributes,
    DType,
    Graph,
    Node,
    Quantization,
    Shape,
    Tensor,
    validate,
)
from mlforge.compiler.model_kind import ModelKind, model_kind, other_kind
from mlforge.compiler.ops import CUSTOM_OPERATORS, OPERATORS, REMEMBERING, operator_for
from mlforge.compiler.ops.nearest import QUANTISE, computes_in_floats, unknown_custom_operator
from mlforge.compiler.ops.signal.operator import with_states
from mlforge.errors import ModelError, UnsupportedOperatorError

T = TypeVar("T")

MAX_FILE_BYTES: Final = 1 << 25  # beyond what any microcontroller holds
MAX_OPERATORS: Final = 4096
_MAX_OPERANDS: Final = 256
_DTYPES: Final = {
    TensorType.INT8: DType.INT8,
    TensorType.INT16: DType.INT16,
    TensorType.INT32: DType.INT32,
    TensorType.INT64: DType.INT64,
    TensorType.FLOAT32: DType.FLOAT32,
    TensorType.UINT8: DType.UINT8,
    TensorType.BOOL: DType.BOOL,
    TensorType.UINT32: DType.UINT32,
    TensorType.UINT64: DType.UINT64,
    TensorType.INT4: DType.INT8,  # of weights; they are taken apart
}
_FLOATS: Final = {TensorType.FLOAT16: "float16", TensorType.FLOAT32: "float32", TensorType.FLOAT64: "float64"}
_TYPE_NAMES: Final = {code: name for name, code in vars(TensorType).items() if name.isupper()}
# Slots of fields without an accessor, or with a misleading one: OperatorCode.BuiltinCode() returns the old field for
# all codes that fit into it, which files with the new field alone leave at 0. TensorFlow Lite takes the larger of both.
_BUILTIN_CODE: Final = 3  # of OperatorCode
_EXTERNAL_BUFFER: Final = 10  # of Tensor
_OPERATOR_NAMES: Final[dict[int, str]] = {code: name for name, code in vars(BuiltinOperator).items() if name.isupper()}
_OPTION_CODES: Final = {name: code for name, code in vars(BuiltinOptions).items() if isinstance(code, int)}

# Stands for what no operator has among its inputs and outputs, such as the quantisation of what an LSTM has inside.
_UNUSED: Final = Tensor("unused", (), DType.INT8)

# What the accessors raise when an offset leads nowhere.
_STUMBLES: Final = (struct.error, IndexError, ValueError, TypeError, OverflowError, AttributeError)


def read_tflite(data: bytes) -> Graph:
    """The model's graph; its constants are views of `data`.

    Raises:
        ModelError: the file is malformed, or contradicts itself.
        UnsupportedOperatorError: it has an operator, or an option of one, that the engine does not have.
    """
    graph = guarded(data, lambda file: file.graph())
    validate(graph)
    if any(node.kind in REMEMBERING for node in graph.nodes):
        graph = with_states(graph, REMEMBERING)
        validate(graph)
    return graph


def guarded(data: bytes, read: Callable[[TfliteFile], T]) -> T:
    """What `read` makes of the file. Raises ModelError where the file is none, or is damaged."""
    if len(data) > MAX_FILE_BYTES:
        raise ModelError(f"the file has {len(data)} bytes: at most {MAX_FILE_BYTES}")
    if (kind := model_kind(data)) is not ModelKind.TFLITE:
        raise other_kind(kind)
    if len(data) < 16:
        raise ModelError("this is no TensorFlow Lite model", hint="the file ends behind its first bytes")
    try:
        return read(TfliteFile(data))
    except ModelError:
        raise
    except _STUMBLES as error:
        raise ModelError(f"the file is damaged: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"an offset in it leads nowhere ({text})"


class TfliteFile:
    """The accessors of a file, with a check before each. They raise ModelError, and `_STUMBLES` for `guarded`."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.model: Any = Model.GetRootAs(data, 0)

    def subgraph(self) -> Any:
        """The main one; others are run by operators of it."""
        return self.subgraph_at(0)

    def subgraph_at(self, index: int) -> Any:
        subgraphs = self.count(self.model.SubgraphsLength(), "subgraphs", MAX_OPERATORS)
        if not 0 <= index < subgraphs:
            raise ModelError(f"there is no subgraph {index}: the model has {subgraphs}")
        return self.model.Subgraphs(index)

    def graph(self) -> Graph:
        """The main subgraph with those that its branches and loops run."""
        return control.inlined(self.graph_at(0), self.branch)

    def branch(self, index: int) -> Graph:
        """A subgraph that others run."""
        graph = self.graph_at(index)
        if any(node.kind in resources.KINDS for node in graph.nodes):
            hint = "accepted: variables that the main subgraph reads and assigns"
            raise UnsupportedOperatorError("READ_VARIABLE", f"it stands in subgraph {index}", hint=hint)
        return graph

    def graph_at(self, number: int) -> Graph:
        """One subgraph, as it is in the file."""
        subgraph = self.subgraph_at(number)
        tensors = self.count(subgraph.TensorsLength(), "tensors", MAX_TENSORS)
        operators = self.count(subgraph.OperatorsLength(), "operators", MAX_OPERATORS)
        variables = resources.Variables(tensors)
        nodes = tuple(self.nodes(subgraph, operators, variables))
        inputs = _indexes(subgraph.InputsLength(), subgraph.InputsAsNumpy(), "the model's inputs")
        outputs = _indexes(subgraph.OutputsLength(), subgraph.OutputsAsNumpy(), "the model's outputs")
        used = {*inputs, *outputs, *(index for node in nodes for index in (*node.inputs, *node.outputs))}
        return Graph(
            tensors=(
                *(
                    self.tensor(subgraph.Tensors(index), index) if index in used else _UNUSED
                    for index in range(tensors)
                ),
                *variables.tensors.values(),
            ),
            nodes=nodes,
            inputs=inputs,
            outputs=outputs,
        )

    def count(self, value: int, what: str, limit: int) -> int:
        if value > limit or value * 4 > len(self.data):
            raise ModelError(f"the file claims to have {value} {what}: at most {min(limit, len(self.data) // 4)}")
        return value

    def nodes(self, subgraph: Any, count: int, variables: resources.Variables) -> Iterator[Node]:
        tensors = subgraph.TensorsLength()

        def tensor(index: int) -> Tensor:
            if not 0 <= index < tensors:
                raise ModelError(f"there is no tensor {index}: the model has {tensors} tensors")
            return self.tensor(subgraph.Tensors(index), index)

        for position in range(count):
            operator = subgraph.Operators(position)
            kind = self.kind(operator, position)
            if kind == "CALL_ONCE":
                variables.initial |= self.first_values(resources.called_by(operator))
            elif kind == "VAR_HANDLE":
                variables.handles[int(operator.Outputs(0))] = resources.named_by(operator)
            elif kind in resources.KINDS:
                yield variables.node(kind, operator, tensor)
            else:
                yield self.node(subgraph, kind, operator, position)

    def first_values(self, index: int) -> dict[resources.Name, Any]:
        """What the subgraph at `index` assigns to variables."""
        subgraph = self.subgraph_at(index)
        tensors = self.count(subgraph.TensorsLength(), "tensors", MAX_TENSORS)
        count = self.count(subgraph.OperatorsLength(), "operators", MAX_OPERATORS)
        operators = ((at, self.kind(subgraph.Operators(at), at), subgraph.Operators(at)) for at in range(count))

        def constant(at: int) -> NDArray[np.generic] | None:
            return self.tensor(subgraph.Tensors(at), at).data if 0 <= at < tensors else None

        return resources.first_values(operators, constant)

    def node(self, subgraph: Any, kind: str, operator: Any, position: int) -> Node:
        where = f"operator {position} ({kind})"
        if kind in control.KINDS:
            calls = control.read_calls(kind, self.options(operator, f"{kind.capitalize()}Options", where))
            return self.with_operands(kind, operator, calls, where)
        if kind not in OPERATORS and (floats := self.float_type(subgraph, operator)):
            raise computes_in_floats(kind, floats)
        implementation = operator_for(kind)
        is_custom = kind in CUSTOM_OPERATORS
        options = custom_options(operator) if is_custom else self.options(operator, implementation.options, where)
        return self.with_operands(kind, operator, implementation.read(options), where)

    def with_operands(self, kind: str, operator: Any, attributes: Attributes, where: str) -> Node:
        return Node(
            kind=kind,
            inputs=_indexes(operator.InputsLength(), operator.InputsAsNumpy(), where),
            outputs=_indexes(operator.OutputsLength(), operator.OutputsAsNumpy(), where),
            attributes=attributes,
        )

    def float_type(self, subgraph: Any, operator: Any) -> str:
        """The type of the operator's first output where it is one of floats, else ""."""
        index = int(operator.Outputs(0)) if operator.OutputsLength() else ABSENT
        if not 0 <= index < self.count(subgraph.TensorsLength(), "tensors", MAX_TENSORS):
            return ""
        return _FLOATS.get(subgraph.Tensors(index).Type(), "")

    def kind(self, operator: Any, position: int) -> str:
        codes = self.count(self.model.OperatorCodesLength(), "operator codes", MAX_OPERATORS)
        index = operator.OpcodeIndex()
        if not 0 <= index < codes:
            raise ModelError(f"operator {position} has the code {index}: the model has {codes} operator codes")
        code = self.model.OperatorCodes(index)
        number = max(code.DeprecatedBuiltinCode(), scalar(code, _BUILTIN_CODE, Int32Flags))
        name = _OPERATOR_NAMES.get(number, f"operator number {number}")
        if name == "CUSTOM":
            custom = text_of(code.CustomCode() or b"?")
            if custom not in CUSTOM_OPERATORS:
                raise unknown_custom_operator(custom, CUSTOM_OPERATORS)
            return custom
        return name

    def options(self, operator: Any, expected: str, where: str) -> Any:
        found = operator.BuiltinOptionsType()
        if not expected or found == 0:
            return None
        if found != _OPTION_CODES[expected]:
            raise ModelError(f"{where}: its options are of type {found}, not {expected}")
        return operator.BuiltinOptions()

    def tensor(self, tensor: Any, index: int) -> Tensor:
        name = text_of(tensor.Name() or b"")
        label = f'tensor {index} ("{name}")'
        if floats := _FLOATS.get(tensor.Type() if tensor.Type() not in _DTYPES else -1):
            raise ModelError(f"{label} is {floats}: expected int8 or int16", hint=QUANTISE)
        if tensor.Type() not in _DTYPES:
            found = _TYPE_NAMES.get(tensor.Type(), f"number {tensor.Type()}")
            accepted = ", ".join(_TYPE_NAMES[code] for code in _DTYPES)
            raise ModelError(f"{label} has the type {found}: expected one of {accepted}")
        if scalar(tensor, _EXTERNAL_BUFFER, Uint32Flags):
            raise ModelError(f"{label} keeps its data in another file: expected them inside")
        if tensor.Sparsity() is not None:
            raise ModelError(f"{label} is sparse: expected all of its values")
        dtype, shape = _DTYPES[tensor.Type()], _shape(tensor, label)
        nibbles = tensor.Type() == TensorType.INT4
        data = self.constant(tensor.Buffer(), shape, dtype, label, nibbles)
        if nibbles and data is None:
            raise ModelError(f"{label} is an int4 activation: expected int4 of weights only")
        variable = bool(tensor.IsVariable())
        return Tensor(name, shape, dtype, _quantization(tensor.Quantization(), len(shape), label), data, variable)

    def constant(
        self, buffer_index: int, shape: Shape, dtype: DType, label: str, nibbles: bool
    ) -> NDArray[np.generic] | None:
        """The values; of `nibbles`, two stand in a byte, the first in its lower half."""
        buffers = self.count(self.model.BuffersLength(), "buffers", MAX_TENSORS)
        if not 0 <= buffer_index < buffers:
            raise ModelError(f"{label} has the buffer {buffer_index}: the model has {buffers} buffers")
        buffer = self.model.Buffers(buffer_index)
        if buffer.Offset() > 1:
            raise ModelError(f"{label} keeps its data outside the flatbuffer: expected them inside")
        length = buffer.DataLength()
        if length == 0:
            return None
        elements = int(np.prod(shape, dtype=object))
        expected = (elements + 1) // 2 if nibbles else elements * dtype.size_bytes
        if length != expected:
            raise ModelError(f"{label} needs {expected} bytes, its buffer has {length}")
        raw: NDArray[np.uint8] = buffer.DataAsNumpy()  # raises where it would leave the file
        if nibbles:
            return _unpacked(raw)[:elements].reshape(shape)
        return raw.view(np.dtype(dtype.value).newbyteorder("<")).astype(dtype.value, copy=False).reshape(shape)


def custom_options(operator: Any) -> bytes:
    """The flexbuffer of a custom operator."""
    return bytes(operator.CustomOptionsAsNumpy()) if operator.CustomOptionsLength() else b""


def _unpacked(raw: NDArray[np.uint8]) -> NDArray[np.int8]:
    """int8 of the int4 in `raw`."""
    halves = np.stack([raw << 4, raw & 0xF0], axis=1).reshape(-1)
    return halves.view(np.int8) >> 4


def _shape(tensor: Any, label: str) -> Shape:
    rank = tensor.ShapeLength()
    if rank > MAX_RANK:
        raise ModelError(f"{label} has {rank} dimensions: at most {MAX_RANK}")
    shape = tuple(int(size) for size in tensor.ShapeAsNumpy()) if rank else ()
    elements = 1
    for size in shape:
        elements *= size
        if size < 1 or elements > MAX_ELEMENTS:
            raise ModelError(
                f"{label} has the shape {list(shape)}: every dimension at least 1, at most {MAX_ELEMENTS} elements"
            )
    return shape


def _quantization(parameters: Any, rank: int, label: str) -> Quantization | None:
    # Scales without zero points are none for TensorFlow Lite Micro (micro_allocator.cc).
    if parameters is None or parameters.ScaleLength() == 0 or parameters.ZeroPointLength() == 0:
        return None
    if parameters.DetailsType() != 0:
        raise ModelError(f"{label} has a custom quantisation: expected scales and zero points")
    scales = tuple(float(scale) for scale in parameters.ScaleAsNumpy())
    zero_points = tuple(int(zero_point) for zero_point in parameters.ZeroPointAsNumpy())
    if len(zero_points) == 1:
        zero_points *= len(scales)
    axis = int(parameters.QuantizedDimension()) if rank > 1 else 0  # some converters give biases that of the weights
    return Quantization(scales, zero_points, axis)


def _indexes(length: int, array: Any, where: str) -> tuple[int, ...]:
    if length > _MAX_OPERANDS:
        raise ModelError(f"{where}: {length} tensors, at most {_MAX_OPERANDS}")
    return tuple(int(index) for index in array) if length else ()


def scalar(table: Any, slot: int, kind: Any) -> int:
    """The field of an accessor's table at `slot` of schema.fbs, as it is in the file; 0 where it is left out."""
    fields = table._tab
    offset = fields.Offset(4 + 2 * slot)
    return int(fields.Get(kind, fields.Pos + offset)) if offset else 0


def text_of(name: bytes) -> str:
    return name[:256].decode("utf-8", errors="replace")
