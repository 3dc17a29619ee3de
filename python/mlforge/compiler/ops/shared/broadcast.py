"""Operators with two inputs whose shapes are stretched to fit each other, as NumPy does.

One of the two may be constant. If it also has the same value everywhere and is int8, the whole operator is a function
of one int8, and the compiler works out all 256 results.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from mlforge.compiler.fixed_point import Ints
from mlforge.compiler.graph import MAX_RANK, Shape, Tensor
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Constant, Constraint, Field, Lowered, Operator, View
from mlforge.compiler.ops.shared.elementwise import ALL_VALUES, lookup
from mlforge.compiler.ops.shared.integers import SUFFIXES, is_int8, is_plain_int32, not_an_integer, output_is_alike


def operands_are_numbers(view: View) -> str:
    """Both inputs are int8, or both int16 with the zero point 0, quantised per tensor, or both int32 without a scale;
    at most one is constant."""
    if all(is_plain_int32(view.input(position)) for position in (0, 1)):
        return "both inputs are constant" if view.input(0).is_constant and view.input(1).is_constant else ""
    return operands_are_integers(view)


def output_is_alike_or_int32(view: View) -> str:
    """The output is an activation of the input's type, quantised per tensor; int16 with the zero point 0; int32 without
    a scale."""
    if is_plain_int32(view.input()):
        return "" if is_plain_int32(view.output) else f"the output is {view.output}"
    return output_is_alike(view)


def operands_are_integers(view: View) -> str:
    """Both inputs are int8, or both int16 with the zero point 0, quantised per tensor; at most one is constant."""
    found = not_an_integer(view.input(0)) or not_an_integer(view.input(1))
    if found or view.input(0).dtype is not view.input(1).dtype:
        return found or f"the inputs are {view.input(0)} and {view.input(1)}"
    both = view.input(0).is_constant and view.input(1).is_constant
    return "both inputs are constant" if both else ""


def shapes_fit(view: View) -> str:
    """Each dimension of the inputs, counted from the last, is that of the output or 1 (or missing)."""
    a, b = view.input(0), view.input(1)
    try:
        expected = np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        return f"the shapes are {a} and {b}"
    return "" if view.output.shape == expected else f"the output is {view.output}, where {list(expected)} follows"


class Broadcast(Operator):
    """A subclass says what two values become, and how its kernel is told."""

    inputs = (2, 2)
    constraints: ClassVar[tuple[Constraint, ...]] = (operands_are_integers, output_is_alike, shapes_fit)
    kernel: ClassVar[str]  # without the suffix for the type
    parameters_type: ClassVar[str]

    @abstractmethod
    def results(self, view: View, a: Ints, b: Ints) -> Ints:
        """The results for int8 values of the inputs (int64, one [256] and one [1]); clamped to int8 afterwards."""

    @abstractmethod
    def parameters(self, view: View) -> Mapping[str, Field]:
        """The kernel's parameters but `walk`."""

    def lower(self, view: View, isa: Isa) -> Lowered:
        for fixed, other in ((0, 1), (1, 0)):
            value = uniform_value(view.input(fixed))
            if is_int8(view) and value is not None and view.input(other).elements == view.output.elements:
                values = (value, ALL_VALUES) if fixed == 0 else (ALL_VALUES, value)
                return lookup(view, view.node.inputs[other], self.results(view, *values))
        return self.walk(view)

    def walk(self, view: View) -> Lowered:
        """The call of the kernel that walks both inputs."""
        return Lowered(
            kernel=f"{self.kernel}_{SUFFIXES[view.output.dtype]}",
            parameters_type=self.parameters_type,
            parameters={"walk": walk_of(view), **self.parameters(view)},
            inputs=activations(view),
            outputs=view.node.outputs,
            in_place=frozenset(index for index in activations(view) if is_full(view, index)),
            constant_inputs=constant_operands(view),
        )


def uniform_value(tensor: Tensor) -> Ints | None:
    """The value that a constant has everywhere, int64[1]; None where there is no such value."""
    if tensor.data is None or tensor.data.min() != tensor.data.max():
        return None
    return np.asarray(tensor.data).reshape(-1)[:1].astype(np.int64)


def activations(view: View) -> tuple[int, ...]:
    """The inputs that are not constant."""
    return tuple(index for index in view.node.inputs[:2] if not view.graph.tensors[index].is_constant)


def constant_operands(view: View) -> Mapping[int, Constant]:
    """The constant input, by its position."""
    return {
        position: Constant(f"input_{position + 1}", np.asarray(view.input(position).data))
        for position in (0, 1)
        if view.input(position).is_constant
    }


def is_full(view: View, index: int) -> bool:
    """Whether a tensor has as many elements as the output."""
    return view.graph.tensors[index].elements == view.output.elements


def walk_of(view: View) -> Mapping[str, Field]:
    """The fields of struct mlforge_walk."""
    size, steps = steps_over(view.output.shape, [view.input(position).shape for position in (0, 1)])
    return dict(zip(("size", "step_1", "step_2"), (size, *steps), strict=True))


def steps_over(full: Shape, shapes: Sequence[Shape]) -> tuple[tuple[int, ...], list[tuple[int, ...]]]:
    """Sizes of MAX_RANK dimensions, and the steps of each of `shapes` along them: as few dimensions as possible."""
    columns = [tuple(reversed(_steps(shape, full))) for shape in shapes]
    fused: list[tuple[int, ...]] = []  # size and steps, innermost first
    for size, *steps in zip(reversed(full), *columns, strict=True):
        if size == 1:
            continue
        if fused and all(step == inner * fused[-1][0] for step, inner in zip(steps, fused[-1][1:], strict=True)):
            fused[-1] = (fused[-1][0] * size, *fused[-1][1:])
        else:
            fused.append((size, *steps))
    fused += [(1, *(0 for _ in shapes))] * (MAX_RANK - len(fused))
    sizes, *found = zip(*reversed(fused), strict=True)
    return sizes, found


def _steps(shape: Shape, full: Shape) -> list[int]:
    """By how many elements of `shape` each dimension of `full` moves on."""
    padded = (1,) * (len(full) - len(shape)) + shape
    steps, step = [], 1
    for size in reversed(padded):
        steps.append(0 if size == 1 else step)
        step *= size
    return steps[::-1]
