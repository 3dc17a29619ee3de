"""What operators that only move values have in common: strided copies, and pieces of a tensor along one axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.graph import DType, Shape, Tensor
from mlforge.compiler.ops.operator import Constant, Lowered, View
from mlforge.compiler.ops.shared.overlap import distance

MAX_RANK: Final = 5  # MLFORGE_COPY_RANK; beyond it the reference refuses, too
_MAX_RUNS: Final = 1 << 18  # of a copy that is looked at run by run for a chance to work over its input


@dataclass(frozen=True, slots=True)
class Dimension:
    """`count` repetitions, so many bytes apart on both sides."""

    count: int
    input_step: int
    output_step: int


@dataclass(frozen=True, slots=True)
class Copy:
    """The parameters of mlforge_copy. The outermost dimension comes first."""

    run: int
    dimensions: tuple[Dimension, ...]
    input_start: int = 0
    output_start: int = 0

    def simplified(self) -> Copy:
        """The same bytes in the same order, in as long runs and as few dimensions as can be."""
        run, left = self.run, [one for one in self.dimensions if one.count > 1]
        while left and left[-1].input_step == left[-1].output_step == run:
            run *= left.pop().count
        merged: list[Dimension] = []
        for one in left:
            if (
                merged
                and merged[-1].input_step == one.count * one.input_step
                and (merged[-1].output_step == one.count * one.output_step)
            ):
                merged[-1] = Dimension(merged[-1].count * one.count, one.input_step, one.output_step)
            else:
                merged.append(one)
        return replace(self, run=run, dimensions=tuple(merged))

    @property
    def is_one_run(self) -> bool:
        return not self.simplified().dimensions


def strides(shape: Shape, element_bytes: int) -> tuple[int, ...]:
    """Bytes from one index to the next along each axis of a dense tensor."""
    return tuple(element_bytes * prod(shape[axis + 1 :]) for axis in range(len(shape)))


def dense_copy(tensor: Tensor, input_steps: Sequence[int], input_start: int = 0) -> Copy:
    """Fills the dense tensor from a strided arrangement."""
    size = tensor.dtype.size_bytes
    dimensions = map(Dimension, tensor.shape, input_steps, strides(tensor.shape, size))
    return Copy(size, tuple(dimensions), input_start)


def lower_copy(view: View, copy: Copy, *, source: int = 0, result: int = 0) -> Lowered:
    """A copy of the node's input `source`, which may be constant, into its output `result`."""
    tensor, target = view.input(source), view.node.outputs[result]
    if tensor.is_constant:
        return copy_call(copy, Constant(f"input{source}", bytes_of(tensor)), target)
    index = view.node.inputs[source]
    return replace(copy_call(copy, index, target), overlap=_overlap(index, copy.simplified(), view.results[result]))


def bytes_of(tensor: Tensor) -> NDArray[np.int8]:
    """A constant's bytes as they lie in memory."""
    return np.frombuffer(np.ascontiguousarray(tensor.data).tobytes(), np.int8)


def copy_call(copy: Copy, source: int | Constant, target: int) -> Lowered:
    """The call, from a tensor or a table of bytes into the tensor `target`."""
    simple = copy.simplified()
    dimensions = (Dimension(1, 0, 0),) * (MAX_RANK - len(simple.dimensions)) + simple.dimensions
    return Lowered(
        kernel="mlforge_copy",
        parameters_type="mlforge_copy",
        parameters={
            "run": simple.run,
            "input_start": simple.input_start,
            "output_start": simple.output_start,
            "count": tuple(one.count for one in dimensions),
            "input_step": tuple(one.input_step for one in dimensions),
            "output_step": tuple(one.output_step for one in dimensions),
        },
        inputs=() if isinstance(source, Constant) else (source,),
        outputs=(target,),
        constant_inputs={0: source} if isinstance(source, Constant) else {},
    )


def in_sequence(calls: Sequence[Lowered]) -> Lowered:
    """Several calls as one operator."""
    return replace(calls[0], then=tuple(calls[1:]))


def _overlap(source: int, copy: Copy, result: Tensor) -> dict[int, int]:
    """Where the copy fills the output from front to back, and does not go through too many runs to tell."""
    runs = prod(one.count for one in copy.dimensions)
    step = copy.run
    for one in reversed(copy.dimensions):
        if one.output_step != step:
            return {}
        step *= one.count
    if runs > _MAX_RUNS or copy.output_start or step != result.size_bytes:
        return {}
    places = np.full(1, copy.input_start, np.int64)
    for one in copy.dimensions:
        places = (places[:, None] + np.arange(one.count, dtype=np.int64) * one.input_step).reshape(-1)
    return {source: distance(places, copy.run)}


# Constraints that many of these operators share.


def input_is_activation(view: View) -> str:
    """The first input is an activation."""
    return f'tensor "{view.input().name}" is constant' if view.input().is_constant else ""


def same_type(view: View) -> str:
    """All data that go in and out have the same type: int8, int16, int32, or float32."""
    found = {view.input().dtype, *(tensor.dtype for tensor in view.results)}
    return "" if len(found) == 1 else f"the types are {', '.join(sorted(found))}"


def rank_is_moderate(view: View) -> str:
    """No tensor has more than 5 dimensions."""
    tensors = (view.input(), *view.results)
    return next((f'tensor "{one.name}" is {one}' for one in tensors if len(one.shape) > MAX_RANK), "")


def constant_integers(view: View, position: int, what: str, count: int | None = None) -> str:
    """What is wrong with an input that should be a constant int32 vector (of `count` elements)."""
    tensor = view.input(position)
    if not tensor.is_constant or tensor.dtype is not DType.INT32 or len(tensor.shape) > 1:
        return f'the {what} "{tensor.name}" is {"" if tensor.is_constant else "not constant "}{tensor}'
    return "" if count in (None, tensor.elements) else f'the {what} "{tensor.name}" is {tensor} for {count} dimensions'


def integers(view: View, position: int) -> tuple[int, ...]:
    """The elements of the constant input at `position`."""
    return tuple(int(value) for value in np.asarray(view.input(position).data).reshape(-1))


def resolved_axis(axis: int, rank: int) -> int | None:
    """Negative axes count from the end; None where there is no such axis."""
    return axis % rank if -rank <= axis < rank else None
