"""Which tensors are bytes of others: reshapes, pieces of a split, and what a concatenation is put together from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from mlforge.compiler.ops.operator import Part
from mlforge.compiler.placement import ALIGNMENT_BYTES
from mlforge.compiler.planner import Slice


class Sharing:
    """Grows as operators declare their parts. A root is a tensor that has bytes of its own, as all `states` have."""

    def __init__(self, sizes: Sequence[int], states: Collection[int] = ()) -> None:
        self.sizes = sizes  # bytes, by tensor
        self.states = states
        self.parents: dict[int, Slice] = {}  # a tensor without bytes of its own, to one nearer to them

    @property
    def views(self) -> Mapping[int, Slice]:
        """Every tensor that has no bytes of its own, to its bytes in a root."""
        return {tensor: self.slice_of(tensor) for tensor in sorted(self.parents)}

    def share(self, parts: Sequence[Part]) -> bool:
        """Makes each of `parts` so, or returns False and changes nothing.

        False where a part is a state, is some but not all bytes of a root already, is to be in two places, or would not
        be aligned.
        """
        placed: dict[int, Slice] = {}
        for part in parts:
            inner, outer = self.slice_of(part.part), self.slice_of(part.whole)
            offset = outer.offset + part.offset
            is_whole = self.sizes[inner.root] == self.sizes[part.part]
            if (
                not is_whole
                or inner.root in self.states
                or offset % ALIGNMENT_BYTES
                or inner.root in placed
                or inner.root == outer.root
            ):
                return False
            placed[inner.root] = Slice(outer.root, offset)
        if any(place.root in placed for place in placed.values()):
            return False
        self.parents |= placed
        return True

    def slice_of(self, tensor: int) -> Slice:
        path, place = [], Slice(tensor)
        while place.root in self.parents:
            path.append(place)
            parent = self.parents[place.root]
            place = Slice(parent.root, parent.offset + place.offset)
        for step in path:  # the next search is shorter
            self.parents[step.root] = Slice(place.root, place.offset - step.offset)
        return place
