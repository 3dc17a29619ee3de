"""The contract that each operator of the engine fills: read, check, lower.

An operator is one file in this package with one subclass of `Operator`. TEMPLATE.md beside this file walks through a
new one. A constraint is a function whose docstring is at once the error text and the line in docs/supported-ops.md.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.fixed_point import INT8_MAX, INT8_MIN, Activation, Multiplier
from mlforge.compiler.graph import ABSENT, Attributes, DType, Graph, Node, Quantization, Tensor
from mlforge.compiler.isa import Isa
from mlforge.errors import ModelError, UnsupportedOperatorError

Options: TypeAlias = Any  # a flatbuffers Table; the package has no types


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A node together with its tensors."""

    graph: Graph
    node: Node

    @property
    def kind(self) -> str:
        return self.node.kind

    def has_input(self, position: int) -> bool:
        return position < len(self.node.inputs) and self.node.inputs[position] != ABSENT

    def input(self, position: int = 0) -> Tensor:
        if not self.has_input(position):
            raise ModelError(f"{self.kind}: input {position} is missing")
        return self.graph.tensors[self.node.inputs[position]]

    @property
    def output(self) -> Tensor:
        if not self.node.outputs:
            raise ModelError(f"{self.kind}: it has no output")
        return self.graph.tensors[self.node.outputs[0]]

    @property
    def results(self) -> tuple[Tensor, ...]:
        """All outputs."""
        return tuple(self.graph.tensors[index] for index in self.node.outputs)

    def input_quantization(self, position: int = 0) -> Quantization:
        return _quantization(self.kind, self.input(position))

    @property
    def output_quantization(self) -> Quantization:
        return _quantization(self.kind, self.output)


def _quantization(kind: str, tensor: Tensor) -> Quantization:
    if tensor.quantization is None:
        raise ModelError(f'{kind}: tensor "{tensor.name}" has no quantisation')
    return tensor.quantization


# Returns what was found where the constraint does not hold, else "".
Constraint: TypeAlias = Callable[[View], str]


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A table in flash. Its C name is `<model>_w<operator>_<suffix>`."""

    suffix: str
    data: NDArray[np.generic]  # of integers

    @property
    def c_type(self) -> str:
        return f"{self.data.dtype}_t"


@dataclass(frozen=True, slots=True)
class Float:
    """A number with a value of float32."""

    value: float


# A field of a kernel's parameter struct: a number, a list of numbers, a struct, or a table.
Field: TypeAlias = "int | Float | tuple[int, ...] | Constant | Mapping[str, Field]"


@dataclass(frozen=True, slots=True)
class Part:
    """The tensor `part` is nothing but bytes of the tensor `whole`, from byte `offset` on."""

    part: int
    whole: int
    offset: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Unpacked:
    """A table of a call that is in flash as palettes and indices: it is unpacked to byte `place` of the scratch memory
    first, and the field `path` of the parameters then points there. `fields`: those of struct mlforge_palettes."""

    path: str
    place: int
    fields: Mapping[str, Field]
    saved_bytes: int


@dataclass(frozen=True, slots=True, eq=False)
class Lowered:
    """One call of one kernel: `kernel(&parameters, inputs…[, states…], outputs…[, scratch])`.

    `states`: variable inputs of the operator; each is passed to one call only.
    `overlap`: an input that this kernel may write its output over while it reads, to the bytes by which the output must
    start before it at the least (see overlap.py; it depends on the order in which the kernel goes about its work).
    `then`: further calls of the same operator; their tables have suffixes of their own, unless they are equal.
    """

    kernel: str
    parameters_type: str  # the struct's tag in mlforge/kernels.h
    parameters: Mapping[str, Field]
    inputs: tuple[int, ...]  # the activations passed, in order
    outputs: tuple[int, ...]
    macs: int = 0
    note: str = ""  # for the comment in the generated C
    takes_scratch: bool = False
    scratch_bytes: int = 0
    in_place: frozenset[int] = field(default_factory=frozenset)  # inputs that the output may take the place of
    constant_inputs: Mapping[int, Constant] = field(default_factory=dict)  # passed too, by position among the inputs
    overlap: Mapping[int, int] = field(default_factory=dict)
    then: tuple[Lowered, ...] = ()
    input_offset: int = 0  # bytes into the first input, and
    output_offset: int = 0  # into the first output, where this call begins
    states: tuple[int, ...] = ()
    unpacked: tuple[Unpacked, ...] = ()
    moves: bool = False  # whether tensors that are parts of the states are no more when this has run

    @property
    def calls(self) -> tuple[Lowered, ...]:
        """All calls, in order."""
        return (self, *self.then)

    @property
    def constants(self) -> tuple[Constant, ...]:
        """The tables of this call."""
        packed = (table for one in self.unpacked for table in _tables(one.fields))
        return (*_tables(self.parameters), *self.constant_inputs.values(), *packed)


def _tables(fields: Mapping[str, Field]) -> Iterator[Constant]:
    for value in fields.values():
        if isinstance(value, Constant):
            yield value
        elif isinstance(value, Mapping):
            yield from _tables(value)


def without_options(kind: str, needed: str) -> UnsupportedOperatorError:
    """The error for a file that leaves out an options table without which the operator makes no sense.

    TensorFlow Lite Micro takes all its fields for 0 then, strides and windows, too.
    """
    return UnsupportedOperatorError(kind, "the file has no options for it", hint=f"accepted: {needed}")


class Operator(ABC):
    """One operator of TensorFlow Lite."""

    kind: ClassVar[str]
    options: ClassVar[str] = ""  # the type of the options table that `read` takes; "" where it takes none
    inputs: ClassVar[tuple[int, int]]  # fewest and most inputs
    outputs: ClassVar[tuple[int, int]] = (1, 1)
    states: ClassVar[tuple[int, ...]] = ()  # positions of the inputs that survive from one inference to the next
    wide: ClassVar[bool] = False  # whether it knows uint64, which lies at any multiple of four bytes
    constraints: ClassVar[tuple[Constraint, ...]]

    @abstractmethod
    def read(self, options: Options) -> Attributes:
        """Attributes from the file's options table; `options` is None where the file has none (all defaults)."""

    @abstractmethod
    def lower(self, view: View, isa: Isa) -> Lowered | None:
        """The kernel call for a node that has passed `check`. None where nothing is to be done (views of memory).

        `isa` may decide which kernel, which layout of the weights and how much scratch, never what comes out.
        """

    def parts(self, view: View) -> tuple[Part, ...]:
        """Where tensors of a node that has passed `check` are bytes of others, so that nothing is to be done.

        If the memory cannot be shared so (an input may be needed elsewhere too), `lower` is asked for a copy.
        """
        return ()

    def check(self, view: View) -> None:
        """Raises UnsupportedOperatorError for the first constraint that does not hold."""
        self.check_counts(view, self.inputs)
        self.check_constraints(view)

    def check_counts(self, view: View, inputs: tuple[int, int]) -> None:
        """Raises UnsupportedOperatorError where there are not so many inputs, or not as many outputs as it has."""
        node = view.node
        if not _within(len(node.inputs), inputs) or not _within(len(node.outputs), self.outputs):
            counts = f"{len(node.inputs)} inputs and {len(node.outputs)} outputs"
            expected = f"{span(inputs, 'input')} and {span(self.outputs, 'output')}"
            raise UnsupportedOperatorError(self.kind, f"it has {counts}", hint=f"accepted: {expected}")

    def check_constraints(self, view: View) -> None:
        """Raises UnsupportedOperatorError for the first that does not hold."""
        node = view.node
        for position in range(len(node.inputs)):
            if view.has_input(position) and view.input(position).is_variable and position not in self.states:
                where = f'input {position} ("{view.input(position).name}") is variable'
                raise UnsupportedOperatorError(self.kind, where, hint="accepted: variables as states of SVDF and LSTM")
        present = [view.input(position) for position in range(len(node.inputs)) if view.has_input(position)]
        for tensor in (*present, *view.results):
            if tensor.dtype is DType.UINT64 and not self.wide:
                hint = "accepted: uint64 from SignalFilterBank to SignalFilterBankSquareRoot"
                raise UnsupportedOperatorError(self.kind, f'tensor "{tensor.name}" is {tensor}', hint=hint)
        for constraint in self.constraints:
            found = constraint(view)
            if found:
                where = f'(output "{view.output.name}") ' if node.outputs else ""
                raise UnsupportedOperatorError(self.kind, f"{where}{found}", hint=f"accepted: {sentence(constraint)}")


def _within(count: int, limits: tuple[int, int]) -> bool:
    return limits[0] <= count <= limits[1]


def span(limits: tuple[int, int], what: str) -> str:
    """Such as "1 output" or "2 to 3 inputs"."""
    low, high = limits
    return f"{low} {what}{'' if low == 1 else 's'}" if low == high else f"{low} to {high} {what}s"


def sentence(constraint: Constraint) -> str:
    """A constraint's docstring on one line."""
    return " ".join((constraint.__doc__ or "").split())


_ACTIVATIONS = {0: Activation.NONE, 1: Activation.RELU, 2: Activation.RELU_N1_TO_1, 3: Activation.RELU6}


def read_activation(kind: str, code: int) -> Activation:
    """Raises UnsupportedOperatorError for an activation that cannot be fused."""
    if code not in _ACTIVATIONS:
        hint = "accepted: none, RELU, RELU_N1_TO_1, RELU6"
        raise UnsupportedOperatorError(kind, f"the fused activation has the code {code}", hint=hint)
    return _ACTIVATIONS[code]


# Constraints that many operators share.


def input_is_int8(view: View) -> str:
    """The first input is an int8 activation, quantised per tensor."""
    return _not_int8_activation(view.input())


def output_is_int8(view: View) -> str:
    """The output is an int8 activation, quantised per tensor."""
    return _not_int8_activation(view.output)


def _not_int8_activation(tensor: Tensor) -> str:
    if tensor.is_constant:
        return f'tensor "{tensor.name}" is constant'
    if tensor.dtype is not DType.INT8:
        return f'tensor "{tensor.name}" is {tensor.dtype}'
    if tensor.quantization is None:
        return f'tensor "{tensor.name}" has no quantisation'
    if tensor.quantization.per_channel:
        return f'tensor "{tensor.name}" has {len(tensor.quantization.scales)} scales'
    return ""


def same_shape(view: View) -> str:
    """Input and output have the same shape."""
    return "" if view.input().shape == view.output.shape else f"the shapes are {view.input()} and {view.output}"


def same_quantization(view: View) -> str:
    """Input and output have the same zero point, and scales at most 1e-6 apart."""
    a, b = view.input_quantization(), view.output_quantization
    if a.zero_point == b.zero_point and abs(np.float32(a.scale) - np.float32(b.scale)) <= 1e-6:
        return ""
    return f"the scales are {a.scale:.9g} and {b.scale:.9g}, the zero points {a.zero_point} and {b.zero_point}"


_CLAMPED = 66  # MLFORGE_CLAMPED of mlforge/kernels.h


def stage_shift(multiplier: Multiplier, low: int, high: int) -> int:
    """The shift of an output stage, marked where the result is clamped to less than all of int8."""
    return multiplier.shift if (low, high) == (INT8_MIN, INT8_MAX) else multiplier.shift - _CLAMPED


def output_stage(low: int, high: int, zero_point: int) -> Mapping[str, Field]:
    """The fields of struct mlforge_output_stage."""
    return {"low": low - zero_point, "high": high - zero_point, "zero_point": zero_point}
