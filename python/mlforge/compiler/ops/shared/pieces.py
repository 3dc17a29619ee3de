"""One tensor and its pieces along an axis: what CONCATENATION, PACK, SPLIT, SPLIT_V and UNPACK have in common.

Where all dimensions in front of the axis are 1, the pieces lie behind each other in the whole, and nothing is copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from mlforge.compiler.graph import Shape, Tensor
from mlforge.compiler.ops.operator import Lowered, Part, View
from mlforge.compiler.ops.shared.movement import Copy, Dimension, in_sequence, lower_copy


@dataclass(frozen=True, slots=True)
class Pieces:
    """The whole is [rows][row_bytes]; each piece has so many bytes of each row, one after the other."""

    rows: int
    sizes: tuple[int, ...]  # bytes of a row

    @property
    def row_bytes(self) -> int:
        return sum(self.sizes)

    @property
    def starts(self) -> tuple[int, ...]:
        return tuple(sum(self.sizes[:index]) for index in range(len(self.sizes)))


def pieces_along(axis: int, whole: Shape, pieces: Sequence[Tensor]) -> Pieces:
    rows = prod(whole[:axis])
    return Pieces(rows, tuple(piece.size_bytes // rows for piece in pieces))


def apart(view: View, source: int, pieces: Pieces) -> Lowered:
    """The input `source` into one output for each piece."""
    calls = []
    for index, (start, size) in enumerate(zip(pieces.starts, pieces.sizes, strict=True)):
        copy = Copy(size, (Dimension(pieces.rows, pieces.row_bytes, size),), input_start=start)
        calls.append(lower_copy(view, copy, source=source, result=index))
    return in_sequence(calls)


def together(view: View, pieces: Pieces) -> Lowered:
    """All inputs into the output."""
    calls = []
    for index, (start, size) in enumerate(zip(pieces.starts, pieces.sizes, strict=True)):
        copy = Copy(size, (Dimension(pieces.rows, size, pieces.row_bytes),), output_start=start)
        calls.append(lower_copy(view, copy, source=index))
    return in_sequence(calls)


def parts_of(view: View, whole: int, pieces: Pieces, tensors: Sequence[int]) -> tuple[Part, ...]:
    """The tensors as parts of the whole; none where their bytes do not lie together in it, or some are constant."""
    if pieces.rows != 1 or any(view.graph.tensors[tensor].is_constant for tensor in tensors):
        return ()
    return tuple(Part(tensor, whole, start) for tensor, start in zip(tensors, pieces.starts, strict=True))
