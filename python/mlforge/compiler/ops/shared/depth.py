"""Blocks of pixels that become channels of one, and back: SPACE_TO_DEPTH and DEPTH_TO_SPACE."""

from __future__ import annotations

from dataclasses import dataclass

from mlforge.compiler.graph import Attributes, Shape
from mlforge.compiler.ops.operator import View
from mlforge.compiler.ops.shared.movement import Copy, Dimension, strides


@dataclass(frozen=True, slots=True)
class DepthAttributes(Attributes):
    block: int = 1


def blocks_fit(deep: Shape, large: Shape, view: View) -> str:
    """What is wrong with the shapes of the tensor with many channels and that with many pixels."""
    block = view.node.attributes_as(DepthAttributes).block
    if len(deep) == len(large) == 4 and block >= 1:
        expected = (deep[0], deep[1] * block, deep[2] * block, deep[3] // block**2)
        if large == expected and deep[3] % block**2 == 0:
            return ""
    return f"the shapes are {list(deep)} and {list(large)} for blocks of {block}"


def rows(deep: Shape, large: Shape, view: View) -> Copy:
    """From the tensor with many channels: a row of a block is one run on both sides."""
    block, size = view.node.attributes_as(DepthAttributes).block, view.output.dtype.size_bytes
    a, b = strides(deep, size), strides(large, size)
    run = block * large[3] * size
    dimensions = (
        Dimension(deep[0], a[0], b[0]),
        Dimension(deep[1], a[1], block * b[1]),
        Dimension(deep[2], a[2], block * b[2]),
        Dimension(block, run, b[1]),
    )
    return Copy(run, dimensions)


def turned(copy: Copy) -> Copy:
    """The other way."""
    return Copy(copy.run, tuple(Dimension(one.count, one.output_step, one.input_step) for one in copy.dimensions))
