"""Where each activation lives in the arena, and when.

The planner knows sizes and an order of steps, no operators. What it makes is checked by plan_checker.py, which shares
none of its code. Times are step numbers; -1 is before the first step, when the model's inputs are written.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

ALIGNMENT_BYTES: Final = 4  # of every block: kernels may load words
_SHUFFLES: Final = 48  # orders tried where the simple ones miss the lower bound


@dataclass(frozen=True, slots=True)
class MemoryStep:
    """One kernel call. The output may take the very place of an input in `in_place` that nothing reads later."""

    reads: tuple[int, ...]
    writes: tuple[int, ...]
    scratch_bytes: int = 0
    in_place: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class MemoryProblem:
    """`views` maps a tensor to the one whose bytes it shares (which itself shares nobody's)."""

    sizes: Mapping[int, int]  # bytes of each tensor
    views: Mapping[int, int]
    steps: tuple[MemoryStep, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the arena, live from step `first` to step `last`. `tensors` is empty for scratch."""

    tensors: tuple[int, ...]
    size_bytes: int
    first: int
    last: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """`lower_bound_bytes` is what the blocks live at one step need together at the least; no plan can be below."""

    arena_bytes: int
    lower_bound_bytes: int
    offsets: Mapping[int, int]  # tensor to bytes from the start of the arena
    scratch: Mapping[int, int]  # step to the offset of its scratch
    blocks: tuple[Block, ...]


def plan_memory(problem: MemoryProblem) -> Plan:
    """A plan that is as small as the lower bound for most networks, and never worse than greedy by size."""
    blocks = _blocks(problem)
    bound = _lower_bound(blocks)
    placed = _best(blocks, bound)
    offsets = {tensor: block.offset for block in placed for tensor in block.tensors}
    offsets |= {view: offsets[root] for view, root in problem.views.items()}
    scratch = {block.first: block.offset for block in placed if not block.tensors}
    return Plan(_peak(placed), bound, dict(sorted(offsets.items())), scratch, tuple(placed))


def _blocks(problem: MemoryProblem) -> list[Block]:
    """One block for each group of tensors that are to share a place, and one for each scratch."""
    first, last = _live_ranges(problem)
    owner = {root: root for root in first}
    for time, step in enumerate(problem.steps):
        _merge_in_place(problem, time, step, first, last, owner)
    groups: dict[int, list[int]] = {}
    for root in first:
        groups.setdefault(_find(owner, root), []).append(root)
    blocks = [
        Block(
            tuple(roots),
            _aligned(problem.sizes[roots[0]]),
            min(map(first.__getitem__, roots)),
            max(map(last.__getitem__, roots)),
        )
        for roots in groups.values()
    ]
    for time, step in enumerate(problem.steps):
        if step.scratch_bytes:
            blocks.append(Block((), _aligned(step.scratch_bytes), time, time))
    return blocks


def _live_ranges(problem: MemoryProblem) -> tuple[dict[int, int], dict[int, int]]:
    def root(tensor: int) -> int:
        return problem.views.get(tensor, tensor)

    first = {root(tensor): -1 for tensor in problem.inputs}
    last = dict(first)
    for time, step in enumerate(problem.steps):
        for tensor in step.reads:
            last[root(tensor)] = time
        for tensor in step.writes:
            first[root(tensor)] = last[root(tensor)] = time
    for tensor in problem.outputs:
        last[root(tensor)] = len(problem.steps)
    return first, last


def _merge_in_place(
    problem: MemoryProblem,
    time: int,
    step: MemoryStep,
    first: Mapping[int, int],
    last: Mapping[int, int],
    owner: dict[int, int],
) -> None:
    if len(step.writes) != 1:
        return
    output = problem.views.get(step.writes[0], step.writes[0])
    for tensor in step.reads:
        root = problem.views.get(tensor, tensor)
        dies_here = last[root] == time and first[root] < time
        if tensor in step.in_place and dies_here and problem.sizes[root] == problem.sizes[output]:
            owner[_find(owner, output)] = _find(owner, root)
            return


def _find(owner: Mapping[int, int], root: int) -> int:
    while owner[root] != root:
        root = owner[root]
    return root


def _aligned(size_bytes: int) -> int:
    return -(-size_bytes // ALIGNMENT_BYTES) * ALIGNMENT_BYTES


def _lower_bound(blocks: Sequence[Block]) -> int:
    times = {block.first for block in blocks}
    return max((sum(b.size_bytes for b in blocks if b.first <= time <= b.last) for time in times), default=0)


def _best(blocks: Sequence[Block], bound: int) -> list[Block]:
    """The best of some orders; stops at the first that reaches the bound."""
    best: list[Block] | None = None
    for order in _orders(blocks):
        placed = _place(order)
        if best is None or _peak(placed) < _peak(best):
            best = placed
        if _peak(best) == bound:
            break
    return best or []


def _orders(blocks: Sequence[Block]) -> Iterable[list[Block]]:
    by_size = sorted(blocks, key=lambda b: (-b.size_bytes, b.first, b.tensors))
    yield by_size
    yield sorted(blocks, key=lambda b: (-b.size_bytes * (b.last - b.first + 1), b.first, b.tensors))
    yield sorted(blocks, key=lambda b: (b.first - b.last, -b.size_bytes, b.first, b.tensors))
    yield sorted(blocks, key=lambda b: (b.first, -b.size_bytes, b.tensors))
    generator = random.Random(len(blocks))  # the same orders on every run
    for _ in range(_SHUFFLES):
        order = list(by_size)
        for _ in range(3):
            here, there = generator.randrange(len(order)), generator.randrange(len(order))
            order.insert(there, order.pop(here))
        yield order


def _place(order: Iterable[Block]) -> list[Block]:
    """Each block in the smallest gap that it fits between the blocks already placed that live at the same time."""
    placed: list[Block] = []
    for block in order:
        neighbours = sorted(
            (other.offset, other.offset + other.size_bytes)
            for other in placed
            if other.first <= block.last and block.first <= other.last
        )
        offset = _gap(neighbours, block.size_bytes)
        placed.append(Block(block.tensors, block.size_bytes, block.first, block.last, offset))
    return placed


def _gap(neighbours: Iterable[tuple[int, int]], size_bytes: int) -> int:
    best, best_room, free = -1, 0, 0
    for start, end in neighbours:
        room = start - free
        if room >= size_bytes and (best < 0 or room < best_room):
            best, best_room = free, room
        free = max(free, end)
    return best if best >= 0 else free


def _peak(blocks: Iterable[Block]) -> int:
    return max((block.offset + block.size_bytes for block in blocks), default=0)
