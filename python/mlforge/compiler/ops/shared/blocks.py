"""Spatial positions that become pictures of a batch, and back: SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND.

Block (i, j, …) of the batch holds what lies at i, j, … modulo the block's size; each is a strided copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Final

from mlforge.compiler.graph import Attributes, Shape
from mlforge.compiler.ops.operator import View
from mlforge.compiler.ops.shared.movement import MAX_RANK, Copy, Dimension, constant_integers, integers, strides

MAX_BLOCKS: Final = 256  # a call for each


@dataclass(frozen=True, slots=True)
class BlockAttributes(Attributes):
    """Nothing: sizes of blocks, and paddings or crops, are inputs."""


def blocks_are_constant(view: View) -> str:
    """The sizes of blocks are constant int32, each at least 1, with at most 256 blocks; paddings or crops are constant
    int32 of [sizes, 2], none negative. No tensor has more than 4 dimensions."""
    spatial = view.input(1).elements
    if problem := constant_integers(view, 1, "sizes", None):
        return problem
    if min(integers(view, 1)) < 1 or prod(integers(view, 1)) > MAX_BLOCKS:
        return f"the sizes are {list(integers(view, 1))}"
    edges = view.input(2)
    if not edges.is_constant or edges.shape != (spatial, 2) or min(integers(view, 2)) < 0:
        return f'"{edges.name}" is {"" if edges.is_constant else "not constant "}{edges}'
    rank = len(view.input().shape)
    return "" if spatial < rank < MAX_RANK else f"the input is {view.input()}, with {spatial} sizes"


def edges_of(view: View) -> tuple[tuple[int, int], ...]:
    """(before, after) of each spatial axis."""
    flat = integers(view, 2)
    return tuple(zip(flat[::2], flat[1::2], strict=True))


def copies(many: Shape, few: Shape, view: View, to_batch: bool) -> Iterator[Copy]:
    """One for each block: between the tensor with the large batch and that with the large pictures."""
    sizes, size_bytes = integers(view, 1), view.output.dtype.size_bytes
    spatial, batch = len(sizes), few[0]
    steps = strides(many, size_bytes), strides(few, size_bytes)
    run = prod(few[spatial + 1 :]) * size_bytes
    for number, block in enumerate(product(*(range(size) for size in sizes))):
        start, dimensions = [number * batch * steps[0][0], 0], [Dimension(batch, steps[0][0], steps[1][0])]
        for axis, (place, size, (before, _)) in enumerate(zip(block, sizes, edges_of(view), strict=True), start=1):
            first = max(0, -(-(before - place) // size))
            last = min(many[axis] - 1, (few[axis] - 1 + before - place) // size)
            start[0] += first * steps[0][axis]
            start[1] += (first * size + place - before) * steps[1][axis]
            dimensions.append(Dimension(max(0, last - first + 1), steps[0][axis], size * steps[1][axis]))
        if all(one.count for one in dimensions):
            yield _directed(Copy(run, tuple(dimensions), start[0], start[1]), to_batch)


def _directed(copy: Copy, to_batch: bool) -> Copy:
    """`copy` leads out of the tensor with the large batch."""
    if not to_batch:
        return copy
    turned = tuple(Dimension(one.count, one.output_step, one.input_step) for one in copy.dimensions)
    return Copy(copy.run, turned, copy.output_start, copy.input_start)
