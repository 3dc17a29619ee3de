"""MIRROR_PAD: the borders are filled with what lies inside, backwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from tflite.MirrorPadOptions import MirrorPadOptions

from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, Operator, Options, View, without_options
from mlforge.compiler.ops.shared.movement import Copy, Dimension, copy_call, in_sequence, strides
from mlforge.compiler.ops.shared.padding import one_kind_of_data, paddings_fit, paddings_of


@dataclass(frozen=True, slots=True)
class MirrorPadAttributes(Attributes):
    repeats_edge: bool = False  # SYMMETRIC; else REFLECT


def mirror_is_large_enough(view: View) -> str:
    """No border is wider than the input, and with REFLECT it is at least one narrower."""
    spare = 0 if view.node.attributes_as(MirrorPadAttributes).repeats_edge else 1
    for size, pair in zip(view.input().shape, paddings_of(view), strict=True):
        if max(pair) > size - spare:
            return f"{max(pair)} beside {size}"
    return ""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A piece of the output along one axis, and where it comes from."""

    to: int
    count: int
    origin: int
    step: int


def _stretches(size: int, before: int, after: int, edge: int) -> list[_Stretch]:
    """`edge`: 1 where the outermost element is not repeated."""
    pieces = [
        _Stretch(0, before, before - 1 + edge, -1),
        _Stretch(before, size, 0, 1),
        _Stretch(before + size, after, size - 1 - edge, -1),
    ]
    return [piece for piece in pieces if piece.count]


class MirrorPad(Operator):
    kind = "MIRROR_PAD"
    options = "MirrorPadOptions"
    inputs = (2, 2)
    constraints = (one_kind_of_data, paddings_fit, mirror_is_large_enough)

    def read(self, options: Options) -> Attributes:
        if options is None:
            raise without_options(self.kind, "a mode")
        table = MirrorPadOptions()
        table.Init(options.Bytes, options.Pos)
        return MirrorPadAttributes(table.Mode() == 1)

    def lower(self, view: View, isa: Isa) -> Lowered:
        source, result = view.node.inputs[0], view.node.outputs[0]
        return in_sequence([copy_call(copy, source, result) for copy in _copies(view)])


def _copies(view: View) -> Iterator[Copy]:
    """One for each combination of border and middle along the axes."""
    edge = 0 if view.node.attributes_as(MirrorPadAttributes).repeats_edge else 1
    size = view.output.dtype.size_bytes
    steps = strides(view.input().shape, size), strides(view.output.shape, size)
    axes = [_stretches(length, *pair, edge) for length, pair in zip(view.input().shape, paddings_of(view), strict=True)]
    for pieces in product(*axes):
        dimensions = tuple(
            Dimension(piece.count, piece.step * steps[0][axis], steps[1][axis]) for axis, piece in enumerate(pieces)
        )
        start = sum(piece.origin * steps[0][axis] for axis, piece in enumerate(pieces))
        yield Copy(size, dimensions, start, sum(piece.to * steps[1][axis] for axis, piece in enumerate(pieces)))
