"""`Graph`: an int8 model as the compiler sees it, checked and frozen.

Tensors are named by their index in `Graph.tensors`. Nodes stand in an order in which they can run. This file knows
neither the .tflite format nor the C that comes out, and no operator in particular.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite, prod
from typing import Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import ModelError

Shape: TypeAlias = tuple[int, ...]

MAX_ELEMENTS: Final = 1 << 24  # of one tensor; beyond any microcontroller
MAX_RANK: Final = 6
MAX_DIMENSION: Final = 32767  # kernels hold dimensions in 16 bits
MAX_TENSORS: Final = 16384
MAX_BORDER: Final = 255  # inputs, or outputs, of a model: struct mlforge_model counts them in 8 bits
ABSENT: Final = -1  # the index of an optional input that is not there
READ_VARIABLE: Final = "READ_VARIABLE"
ASSIGN_VARIABLE: Final = "ASSIGN_VARIABLE"
# Of streamed models; no file has them.
PUT_COLUMNS: Final = "PUT_COLUMNS"
ALL_COLUMNS: Final = "ALL_COLUMNS"
KEEP_COLUMNS: Final = "KEEP_COLUMNS"
RUNNING_SUM: Final = "RUNNING_SUM"
COUNT_HOPS: Final = "COUNT_HOPS"
_SHARE_STATES: Final = (READ_VARIABLE, ASSIGN_VARIABLE, PUT_COLUMNS, ALL_COLUMNS, KEEP_COLUMNS)
SCALE_RANGE: Final = (1e-20, 1e20)  # of a sane quantisation; products of three stay within a double


class DType(StrEnum):
    INT8 = "int8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"  # of constants only
    UINT8 = "uint8"  # of what QUANTIZE takes in and hands out
    FLOAT32 = "float32"
    BOOL = "bool"  # of truths: one byte, 0 or 1
    UINT32 = "uint32"  # of the signal library
    UINT64 = "uint64"  # of its sums; 4-byte aligned, and read by its own operators alone

    @property
    def size_bytes(self) -> int:
        return np.dtype(self.value).itemsize


@dataclass(frozen=True, slots=True)
class Quantization:
    """A quantised value q stands for scale * (q - zero_point).

    One scale for the tensor, or one for each index of `axis`. Scales hold float32 values.
    """

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int = 0

    @property
    def per_channel(self) -> bool:
        return len(self.scales) > 1

    @property
    def scale(self) -> float:
        return self.scales[0]

    @property
    def zero_point(self) -> int:
        return self.zero_points[0]


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """`data` is set for constants: an array of `shape` and `dtype`, not to be written.

    A variable is the state of the one operator that has it among its inputs, or of those that read and assign it: it
    survives from one inference to the next. Before the first it has the values `initial`, or stands for zero.
    """

    name: str
    shape: Shape
    dtype: DType
    quantization: Quantization | None = None
    data: NDArray[np.generic] | None = None
    is_variable: bool = False
    initial: NDArray[np.generic] | None = None

    @property
    def elements(self) -> int:
        return prod(self.shape)

    @property
    def size_bytes(self) -> int:
        return self.elements * self.dtype.size_bytes

    @property
    def is_constant(self) -> bool:
        return self.data is not None

    def __str__(self) -> str:
        return f"{self.dtype}[{','.join(str(size) for size in self.shape)}]"


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a node is told besides its inputs; each operator has a type of its own."""


A = TypeVar("A", bound=Attributes)


@dataclass(frozen=True, slots=True)
class Guard:
    """The tensor `condition`, one bool, is to be `value`."""

    condition: int
    value: bool


@dataclass(frozen=True, slots=True)
class Node:
    """`guards`: it runs only where all of them hold, looked at from the first on. Its results then belong to nodes with
    the same guards, or to a SELECT_V2 that leaves them aside."""

    kind: str  # TensorFlow Lite's name, such as "CONV_2D"
    inputs: tuple[int, ...]  # ABSENT where an optional input is left out
    outputs: tuple[int, ...]
    attributes: Attributes
    guards: tuple[Guard, ...] = ()

    def attributes_as(self, kind: type[A]) -> A:
        """Raises ModelError where the node has attributes of another operator."""
        if not isinstance(self.attributes, kind):
            raise ModelError(f"{self.kind}: attributes of another operator ({type(self.attributes).__name__})")
        return self.attributes


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    tensors: tuple[Tensor, ...]
    nodes: tuple[Node, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def label(self, index: int) -> str:
        return f'tensor {index} ("{self.tensors[index].name}")'


def validate(graph: Graph) -> None:
    """Checks everything that no operator in particular is needed for.

    Raises:
        ModelError: the first thing that is wrong.
    """
    if len(graph.tensors) > MAX_TENSORS:
        raise ModelError(f"{len(graph.tensors)} tensors: at most {MAX_TENSORS}")
    for index, tensor in enumerate(graph.tensors):
        _check_tensor(tensor, graph.label(index))
    _check_flow(graph)


def _check_tensor(tensor: Tensor, label: str) -> None:
    if len(tensor.shape) > MAX_RANK:
        raise ModelError(f"{label} has {len(tensor.shape)} dimensions: at most {MAX_RANK}")
    if any(size < 1 for size in tensor.shape):
        raise ModelError(f"{label} has the shape {list(tensor.shape)}: every dimension must be known and at least 1")
    if prod(tensor.shape) > MAX_ELEMENTS:
        raise ModelError(f"{label} has the shape {list(tensor.shape)}: more than {MAX_ELEMENTS} elements")
    if tensor.data is not None and (
        tensor.data.shape != tensor.shape or tensor.data.dtype != np.dtype(tensor.dtype.value)
    ):
        raise ModelError(f"{label}: its data are {tensor.data.dtype}{list(tensor.data.shape)}, not {tensor}")
    if tensor.data is None and tensor.dtype is DType.INT64:
        raise ModelError(f"{label} is int64, which only constants may be")
    if tensor.data is not None and tensor.is_variable:
        raise ModelError(f"{label} is variable, and constant")
    if tensor.quantization is not None:
        _check_quantization(tensor, tensor.quantization, label)


def _check_quantization(tensor: Tensor, quantization: Quantization, label: str) -> None:
    count = len(quantization.scales)
    if count == 0 or len(quantization.zero_points) != count:
        raise ModelError(f"{label} has {count} scales and {len(quantization.zero_points)} zero points")
    smallest = 0.0 if tensor.is_constant else SCALE_RANGE[0]  # converters write 0 for channels that are all zero
    for scale in quantization.scales:
        if not isfinite(scale) or not smallest <= scale <= SCALE_RANGE[1]:
            raise ModelError(f"{label} has the scale {scale!r}: expected {smallest} to {SCALE_RANGE[1]}")
    if tensor.dtype not in (DType.FLOAT32, DType.BOOL):
        info = np.iinfo(tensor.dtype.value)
        for zero_point in quantization.zero_points:
            if not info.min <= zero_point <= info.max:
                raise ModelError(f"{label} has the zero point {zero_point}: not a value of {tensor.dtype}")
    if count > 1:
        axis = quantization.axis
        if not 0 <= axis < len(tensor.shape) or tensor.shape[axis] != count:
            raise ModelError(f"{label} has {count} scales along axis {axis} of the shape {list(tensor.shape)}")


def _check_flow(graph: Graph) -> None:
    if not graph.inputs or not graph.outputs:
        raise ModelError("a model needs at least one input and one output")
    if max(len(graph.inputs), len(graph.outputs)) > MAX_BORDER:
        counts = f"{len(graph.inputs)} inputs and {len(graph.outputs)} outputs"
        raise ModelError(f"the model has {counts}: at most {MAX_BORDER} of each")
    if len(set(graph.inputs)) != len(graph.inputs) or len(set(graph.outputs)) != len(graph.outputs):
        raise ModelError("a tensor is listed twice among the model's inputs or outputs")
    ready = set()
    for index in graph.inputs:
        _check_index(graph, index, "the model's inputs")
        if graph.tensors[index].is_constant or graph.tensors[index].is_variable:
            raise ModelError(f"{graph.label(index)} is an input of the model, and constant or variable")
        ready.add(index)
    shared: dict[int, bool] = {}  # whether a variable is one that several nodes may have
    for position, node in enumerate(graph.nodes):
        where = f"operator {position} ({node.kind})"
        for index in node.inputs:
            if index == ABSENT:
                continue
            _check_index(graph, index, where)
            if graph.tensors[index].is_variable:
                by_name = node.kind in _SHARE_STATES
                if index in shared and not (by_name and shared[index]):
                    raise ModelError(f"{where} has {graph.label(index)}, which is a state already")
                shared[index] = by_name
            elif index not in ready and not graph.tensors[index].is_constant:
                raise ModelError(f"{where} reads {graph.label(index)} before anything has written it")
        for guard in node.guards:
            condition = graph.tensors[guard.condition]
            if guard.condition not in ready or condition.dtype is not DType.BOOL or condition.elements != 1:
                raise ModelError(f"{where} is guarded by {graph.label(guard.condition)}, which is no truth by then")
        for index in node.outputs:
            _check_index(graph, index, where)
            tensor = graph.tensors[index]
            if index in ready or tensor.is_constant or tensor.is_variable:
                raise ModelError(
                    f"{where} writes {graph.label(index)}, which is an input, constant, variable, or already written"
                )
            ready.add(index)
    for index in graph.outputs:
        _check_index(graph, index, "the model's outputs")
        if index not in ready:
            raise ModelError(f"{graph.label(index)} is an output of the model, and nothing writes it")


def _check_index(graph: Graph, index: int, where: str) -> None:
    if not 0 <= index < len(graph.tensors):
        raise ModelError(f"{where}: there is no tensor {index}; the model has {len(graph.tensors)}")
