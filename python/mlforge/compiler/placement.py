"""Blocks with known lifetimes into as few bytes as can be: dynamic storage allocation.

Two blocks that live at the same time need places that do not touch, unless one may lie across the other's start: then
`distances` says how far before it the first must start. Knows no tensors and no steps, only blocks and numbers.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

ALIGNMENT_BYTES: Final = 4  # of every block: kernels may load words
_MAX_BLOCKS: Final = 400  # beyond it, one greedy order and no search
_CLIMBS: Final = 250  # changes to the best order, unless there are
_CLIMBING_WORK: Final = 500_000  # conflicts looked at by then
_SEARCH_WORK: Final = 4_000_000  # visits of a block by exact searches, about a second of Python

# (lower, upper) to the bytes by which `lower` must start before `upper` at the least, where that is not lower's size.
Distances: TypeAlias = Mapping[tuple[int, int], int]


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the arena, live from step `first` to step `last`. `tensors` is empty for scratch."""

    tensors: tuple[int, ...]
    size_bytes: int
    first: int
    last: int
    offset: int = 0


def aligned(size_bytes: int) -> int:
    return -(-size_bytes // ALIGNMENT_BYTES) * ALIGNMENT_BYTES


def peak_of(blocks: Iterable[Block]) -> int:
    return max((block.offset + block.size_bytes for block in blocks), default=0)


def place_blocks(blocks: Sequence[Block], distances: Distances, bound: int) -> tuple[Block, ...]:
    """The blocks with their offsets, in the order given.

    Greedy orders first; where none reaches `bound` bytes, which no placement can be below, small changes to the best of
    them, and an exact search of bounded length. The same result on every run.
    """
    conflicts = _Conflicts(blocks, distances)
    best = _greedy(conflicts, bound)
    if conflicts.peak(best) > bound and conflicts.are_few:
        best = _narrow(conflicts, _climb(conflicts, best, bound), bound)
    return tuple(replace(block, offset=offset) for block, offset in zip(blocks, best, strict=True))


_Conflict: TypeAlias = tuple[int, int, int]


class _Conflicts:
    """For each block, those that live at the same time, with the distances of both orders."""

    def __init__(self, blocks: Sequence[Block], distances: Distances) -> None:
        self.blocks = blocks
        self.distances = distances
        self.sizes = [block.size_bytes for block in blocks]
        self.are_few = len(blocks) <= _MAX_BLOCKS
        self.known: dict[int, list[_Conflict]] = {}

    def of(self, block: int) -> list[_Conflict]:
        """(other, how far `other` must start above `block` if above, how far `block` above `other` if below it)."""
        if block in self.known:
            return self.known[block]
        one, distances = self.blocks[block], self.distances
        found = [
            (j, distances.get((block, j), one.size_bytes), distances.get((j, block), other.size_bytes))
            for j, other in enumerate(self.blocks)
            if one.first <= other.last and other.first <= one.last and j != block
        ]
        if self.are_few:
            self.known[block] = found
        return found

    def peak(self, offsets: Sequence[int]) -> int:
        return max((offset + size for offset, size in zip(offsets, self.sizes, strict=True)), default=0)


def _greedy(conflicts: _Conflicts, bound: int) -> list[int]:
    """The best of some orders; stops at the first that reaches the bound."""
    best: list[int] = []
    for order in _orders(conflicts.blocks):
        offsets = _first_fit(conflicts, order)
        if not best or conflicts.peak(offsets) < conflicts.peak(best):
            best = offsets
        if conflicts.peak(best) <= bound or not conflicts.are_few:
            break
    return best


def _orders(blocks: Sequence[Block]) -> Iterable[list[int]]:
    def by(key: object) -> list[int]:
        return sorted(range(len(blocks)), key=key)  # type: ignore[call-overload, no-any-return]

    def size(i: int) -> tuple[int, ...]:
        return -blocks[i].size_bytes, blocks[i].first, i

    yield by(size)
    yield by(lambda i: (-blocks[i].size_bytes, -blocks[i].first, i))
    yield by(lambda i: (-blocks[i].size_bytes * (blocks[i].last - blocks[i].first + 1), blocks[i].first, i))
    yield by(lambda i: (blocks[i].first - blocks[i].last, -blocks[i].size_bytes, blocks[i].first, i))
    yield by(lambda i: (blocks[i].first, -blocks[i].size_bytes, i))
    yield by(lambda i: (-blocks[i].last, -blocks[i].size_bytes, i))


def _climb(conflicts: _Conflicts, best: list[int], bound: int) -> list[int]:
    """Time and again lets a block at the top, or one that holds it up, choose its place earlier."""
    generator = random.Random(len(best))
    order = sorted(range(len(best)), key=lambda i: (best[i], i))
    peak = conflicts.peak(best)
    work = 2 * sum(len(conflicts.of(block)) for block in order) or 1
    for _ in range(min(_CLIMBS, _CLIMBING_WORK // work)):
        if peak <= bound:
            break
        offsets = _first_fit(conflicts, order)
        top = max(range(len(offsets)), key=lambda i: offsets[i] + conflicts.sizes[i])
        chosen = generator.choice([top, *(other for other, _, _ in conflicts.of(top))])
        changed = [block for block in order if block != chosen]
        changed.insert(generator.randrange(order.index(chosen) + 1), chosen)
        offsets = _first_fit(conflicts, changed)
        if conflicts.peak(offsets) <= peak:
            order = changed
        if conflicts.peak(offsets) < peak:
            best, peak = offsets, conflicts.peak(offsets)
    return best


def _first_fit(conflicts: _Conflicts, order: Iterable[int]) -> list[int]:
    """Each block in turn at the lowest place that the blocks placed before it leave."""
    offsets = [-1] * len(conflicts.blocks)
    for block in order:
        # Neither below nor above another: strictly between these two.
        barred = [(offsets[j] - up, offsets[j] + down) for j, up, down in conflicts.of(block) if offsets[j] >= 0]
        place = 0
        for low, high in sorted(barred):
            if place <= low:
                break
            place = max(place, high)
        offsets[block] = place
    return offsets


def _narrow(conflicts: _Conflicts, best: list[int], bound: int) -> list[int]:
    """Halves the distance to the bound by exact searches, until it is closed or they find no more."""
    low, high = bound, conflicts.peak(best) - ALIGNMENT_BYTES
    target, work = low, _SEARCH_WORK
    while low <= high and work > 0:
        search = _Search(conflicts, target, _SEARCH_WORK // 4)
        found = search.run()
        work -= search.done
        if found is None:
            low = target + ALIGNMENT_BYTES
        else:
            best, high = found, conflicts.peak(found) - ALIGNMENT_BYTES
        target = aligned((low + high) // 2)
    return best


def prove_bound(blocks: Sequence[Block], distances: Distances, bound: int, peak: int) -> int:
    """The most bytes, up to `peak`, of which a bounded search can prove that no placement needs fewer.

    `bound` is known to be such a number, and a placement in `peak` bytes to exist.
    """
    conflicts = _Conflicts(blocks, distances)
    bound = max(bound, _forced(conflicts, peak))
    target, work = peak - ALIGNMENT_BYTES, _SEARCH_WORK
    while conflicts.are_few and bound < peak and work > 0:
        search = _Search(conflicts, target, _SEARCH_WORK // 4)
        found = search.run()
        work -= search.done
        if found is not None:
            peak = conflicts.peak(found)
        elif search.is_exhaustive:
            bound = target + ALIGNMENT_BYTES
        else:
            break
        target = aligned((bound + peak) // 2) - ALIGNMENT_BYTES
    return bound


def _forced(conflicts: _Conflicts, peak: int) -> int:
    """Bytes, up to `peak`, that follow from the pairs whose order leaves no choice.

    Where only one of the two orders of a pair fits below `peak`, a smaller placement must have that one; along a chain
    of such pairs the distances add up, as where each of several layers writes a little before its own input.
    """
    sizes = conflicts.sizes
    above: list[list[tuple[int, int]]] = [[] for _ in sizes]  # (upper, distance) of each lower block
    below = [0] * len(sizes)
    for lower in range(len(sizes)):
        for upper, up, down in conflicts.of(lower):
            if up + sizes[upper] < peak and down + sizes[lower] >= peak:
                above[lower].append((upper, up))
                below[upper] += 1
    start = [0] * len(sizes)
    ready = [block for block, count in enumerate(below) if not count]
    for block in ready:  # grows while it is walked: an order in which each comes behind all that are below it
        for upper, distance in above[block]:
            start[upper] = max(start[upper], start[block] + distance)
            below[upper] -= 1
            if not below[upper]:
                ready.append(upper)
    if len(ready) < len(sizes):
        return peak  # a circle: no placement is smaller
    return min(peak, max((offset + size for offset, size in zip(start, sizes, strict=True)), default=0))


class _Search:
    """Depth first: places blocks in ascending order of offset, each as low as those below it allow.

    Some best placement is of this form: let every block sink until it rests on another. A branch ends where a block
    that is still to come, or all that live at one step together, cannot end at or below `target`.
    """

    def __init__(self, conflicts: _Conflicts, target: int, work: int) -> None:
        self.conflicts = conflicts
        self.target = target
        self.work = work  # visits of a block that it may take
        self.done = 0
        blocks = conflicts.blocks
        # Ties at one offset are placed in this order: whoever may lie across another's start first.
        latest_first = sorted(range(len(blocks)), key=lambda i: -blocks[i].first)
        self.rank = {block: rank for rank, block in enumerate(latest_first)}
        times = sorted({block.first for block in blocks})
        self.live = [[i for i, b in enumerate(blocks) if b.first <= time <= b.last] for time in times]
        self.savings = [self._savings(live) for live in self.live]
        self.cost = len(blocks) + sum(map(len, self.live)) + sum(map(len, self.savings))  # of one step, about

    def _savings(self, live: Sequence[int]) -> list[tuple[int, int, int]]:
        """(lower, upper, bytes that they can share) of the pairs that may overlap."""
        members, sizes = set(live), self.conflicts.sizes
        return [
            (i, j, min(sizes[i] - up, sizes[j]))
            for i in live
            for j, up, _ in self.conflicts.of(i)
            if j in members and up < sizes[i]
        ]

    @property
    def is_exhaustive(self) -> bool:
        """Whether it has seen all there is."""
        return self.done <= self.work

    def run(self) -> list[int] | None:
        """Offsets that end at or below the target; None where there are none, or the work was not enough."""
        count = len(self.conflicts.blocks)
        return self._step([-1] * count, [0] * count, (0, -1))

    def _step(self, offsets: list[int], lowest: list[int], floor: tuple[int, int]) -> list[int] | None:
        open_blocks = [i for i, offset in enumerate(offsets) if offset < 0]
        if not open_blocks:
            return offsets
        self.done += self.cost
        if self.done > self.work or not self._possible(offsets, lowest, open_blocks, floor[0]):
            return None
        first_end = min(max(lowest[i], floor[0]) + self.conflicts.sizes[i] for i in open_blocks)
        candidates = [i for i in open_blocks if lowest[i] < first_end and (lowest[i], self.rank[i]) > floor]
        for block in sorted(candidates, key=lambda i: (lowest[i], self.rank[i])):
            start = lowest[block]
            raised, placed = list(lowest), list(offsets)
            placed[block] = start
            for other, up, _ in self.conflicts.of(block):
                raised[other] = max(raised[other], start + up)
            found = self._step(placed, raised, (start, self.rank[block]))
            if found is not None:
                return found
        return None

    def _possible(self, offsets: list[int], lowest: list[int], open_blocks: list[int], floor: int) -> bool:
        sizes, target = self.conflicts.sizes, self.target
        if any(max(lowest[i], floor) + sizes[i] > target for i in open_blocks):
            return False
        for live, savings in zip(self.live, self.savings, strict=True):
            waiting = [i for i in live if offsets[i] < 0]
            if len(waiting) < 2:
                continue
            stacked = sum(sizes[i] for i in waiting)
            stacked -= sum(saved for i, j, saved in savings if offsets[i] < 0 and offsets[j] < 0)
            if max(floor, min(lowest[i] for i in waiting)) + stacked > target:
                return False
        return True
