"""Which tensors are bytes of others: reshapes, pieces of a split, and what a concatenation is put together from."""

from __future__ import annotations

from collections.abc import Sequence

from mlforge.compiler.ops.contract import Part
from mlforge.compiler.placement import ALIGNMENT_BYTES
from mlforge.compiler.planner import Slice


class Sharing:
    """`views` has every tensor that has no bytes of its own."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self.sizes = sizes  # bytes, by tensor
        self.views: dict[int, Slice] = {}

    def share(self, parts: Sequence[Part]) -> bool:
        """Makes each of `parts` so, or returns False and changes nothing.

        False where a part is some but not all bytes of a tensor already, or would not be aligned.
        """
        before = dict(self.views)
        for part in parts:
            if not self._share(part):
                self.views = before
                return False
        return True

    def _share(self, part: Part) -> bool:
        inner, outer = self._slice_of(part.part), self._slice_of(part.whole)
        offset = outer.offset + part.offset
        is_whole = self.sizes[inner.root] == self.sizes[part.part]
        if not is_whole or offset % ALIGNMENT_BYTES or inner.root == outer.root:
            return False
        for tensor, view in self.views.items():
            if view.root == inner.root:
                self.views[tensor] = Slice(outer.root, offset + view.offset)
        self.views[inner.root] = Slice(outer.root, offset)
        return True

    def _slice_of(self, tensor: int) -> Slice:
        return self.views.get(tensor) or Slice(tensor)
