"""Where each activation lives in the arena, and when.

The planner knows sizes and an order of steps, no operators; placement.py does the packing. What comes out is checked by
plan_checker.py, which shares none of its code. Times are step numbers; -1 is before the first step, when the model's
inputs are written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mlforge.compiler.placement import Block, aligned, peak_of, place_blocks, prove_bound


@dataclass(frozen=True, slots=True)
class Slice:
    """Bytes of the tensor `root`, from byte `offset` on."""

    root: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class MemoryStep:
    """One kernel call.

    The output may take the very place of an input in `in_place` that nothing reads later. Where `overlap` has an input
    that nothing reads later, the only output may lie across its start, so many bytes before it at the least.
    """

    reads: tuple[int, ...]
    writes: tuple[int, ...]
    scratch_bytes: int = 0
    in_place: frozenset[int] = frozenset()
    overlap: Mapping[int, int] = field(default_factory=dict)
    states: tuple[int, ...] = ()  # that it reads and writes
    moves: bool = False  # whether it moves bytes within them, so that tensors that are parts of them are no more


@dataclass(frozen=True, slots=True)
class MemoryProblem:
    """`views` maps a tensor to the bytes of another that are its own (which is itself no view).

    `states` are tensors that keep their bytes from one inference to the next; others may be parts of them.
    """

    sizes: Mapping[int, int]  # bytes of each tensor
    views: Mapping[int, Slice]
    steps: tuple[MemoryStep, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    states: tuple[int, ...] = ()

    def slice_of(self, tensor: int) -> Slice:
        return self.views.get(tensor) or Slice(tensor)


@dataclass(frozen=True, slots=True)
class Plan:
    """No plan of the same problem can be below `lower_bound_bytes`: what lives at one step needs as much, or a search
    went through all there are. States lie in the first `state_bytes`, and nothing else does.
    """

    arena_bytes: int
    lower_bound_bytes: int
    offsets: Mapping[int, int]  # tensor to bytes from the start of the arena
    scratch: Mapping[int, int]  # step to the offset of its scratch
    blocks: tuple[Block, ...]
    state_bytes: int = 0


def needs(problem: MemoryProblem) -> tuple[int, ...]:
    """What lives at each step, in bytes, less what it can save by sharing them: no plan needs less than the most."""
    return tuple(_needs(_Lives(problem)))[1:-1]


def plan_memory(problem: MemoryProblem, enough_bytes: int = 0) -> Plan:
    """A plan that is as small as the lower bound for most networks, else the smallest that a bounded search finds. The
    search ends where a plan takes `enough_bytes` or less."""
    lives = _Lives(problem)
    least = _lower_bound(lives)
    bound = max(least, enough_bytes)
    best: tuple[Block, ...] | None = None
    for pick in (_first, _last):
        owner = _merged_in_place(lives, pick)
        blocks = _blocks(lives, owner)
        placed = place_blocks(blocks, _distances(lives, blocks), bound)
        if best is None or peak_of(placed) < peak_of(best):
            best = placed
        if peak_of(best) <= bound:
            break
    peak = peak_of(best or ())
    return _plan(problem, best or (), _proven_bound(lives, bound, peak) if peak > bound else least)


def _states(problem: MemoryProblem) -> tuple[Block, ...]:
    """One block for each state, one behind the other, for all of the time."""
    blocks: list[Block] = []
    for state in problem.states:
        size = aligned(problem.sizes[state])
        blocks.append(Block((state,), size, -1, len(problem.steps), peak_of(blocks)))
    return tuple(blocks)


def _plan(problem: MemoryProblem, placed: Sequence[Block], bound: int) -> Plan:
    states = _states(problem)
    state_bytes = peak_of(states)
    placed = (*states, *(replace(block, offset=block.offset + state_bytes) for block in placed))
    offsets = {tensor: block.offset for block in placed for tensor in block.tensors}
    offsets |= {view: offsets[part.root] + part.offset for view, part in problem.views.items()}
    scratch = {block.first: block.offset for block in placed if not block.tensors}
    return Plan(peak_of(placed), bound + state_bytes, dict(sorted(offsets.items())), scratch, placed, state_bytes)


class _Lives:
    """When each root (a tensor that is no view) is first written, and last read. Views live in their roots."""

    def __init__(self, problem: MemoryProblem) -> None:
        self.problem = problem
        self.first: dict[int, int] = {}
        self.last: dict[int, int] = {}
        for tensor in problem.inputs:
            self.touch(tensor, -1)
        for time, step in enumerate(problem.steps):
            for tensor in (*step.reads, *step.writes):
                self.touch(tensor, time)
        for tensor in problem.outputs:
            self.touch(tensor, len(problem.steps))

    def touch(self, tensor: int, time: int) -> None:
        root = self.problem.slice_of(tensor).root
        if root not in self.problem.states:  # those live for ever
            self.first.setdefault(root, time)
            self.last[root] = time

    def is_kept(self, tensor: int) -> bool:
        """Whether its bytes are those of a state."""
        return self.problem.slice_of(tensor).root in self.problem.states

    def size(self, root: int) -> int:
        return aligned(self.problem.sizes[root])

    def replaceable(self, time: int, step: MemoryStep) -> Iterable[tuple[int, int]]:
        """(input's root, output's root) where the output can take the very place of the input."""
        if len(step.writes) != 1 or not self.is_whole(step.writes[0]) or self.is_kept(step.writes[0]):
            return
        output = step.writes[0]
        for tensor in step.reads:
            same_size = self.problem.sizes[tensor] == self.problem.sizes[output]
            if same_size and self.is_whole(tensor) and self.dies(tensor, step, time, step.in_place):
                yield self.problem.slice_of(tensor).root, self.problem.slice_of(output).root

    def crossings(self, time: int, step: MemoryStep) -> Iterable[tuple[int, int, int]]:
        """(input's root, output's root, bytes by which the output's root must start before the input's)."""
        if len(step.writes) != 1 or self.is_kept(step.writes[0]):
            return
        result = self.problem.slice_of(step.writes[0])
        for tensor, distance in step.overlap.items():
            source = self.problem.slice_of(tensor)
            if self.first[result.root] == time and self.dies(tensor, step, time, step.overlap):
                yield source.root, result.root, aligned(max(0, result.offset + distance - source.offset))

    def is_whole(self, tensor: int) -> bool:
        """Whether it is a root, or has all bytes of one."""
        return self.problem.sizes[tensor] == self.problem.sizes[self.problem.slice_of(tensor).root]

    def dies(self, tensor: int, step: MemoryStep, time: int, allowed: Iterable[int]) -> bool:
        """Whether nothing after this step needs the bytes, and nothing in it that is not allowed to lose them."""
        root = self.problem.slice_of(tensor).root
        if root in self.problem.states:
            return False
        together = [other for other in step.reads if self.problem.slice_of(other).root == root]
        written_before = self.first[root] < time
        return self.last[root] == time and written_before and set(together) == {tensor} and tensor in allowed


_Pick = Callable[[Sequence[tuple[int, int]]], tuple[int, int]]


def _first(pairs: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return pairs[0]


def _last(pairs: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return pairs[-1]


def _merged_in_place(lives: _Lives, pick: _Pick) -> Mapping[int, int]:
    """Each root to the one whose block it shares."""
    owner = {root: root for root in lives.first}
    for time, step in enumerate(lives.problem.steps):
        pairs = list(lives.replaceable(time, step))
        if pairs:
            source, result = pick(pairs)
            owner[result] = owner[source]
    return owner


def _blocks(lives: _Lives, owner: Mapping[int, int]) -> list[Block]:
    """One block for each group of roots that are to share a place, and one for each scratch."""
    groups: dict[int, list[int]] = {}
    for root in lives.first:
        groups.setdefault(owner[root], []).append(root)
    blocks = [
        Block(
            tuple(roots),
            lives.size(roots[0]),
            min(map(lives.first.__getitem__, roots)),
            max(map(lives.last.__getitem__, roots)),
        )
        for roots in groups.values()
    ]
    for time, step in enumerate(lives.problem.steps):
        if step.scratch_bytes:
            blocks.append(Block((), aligned(step.scratch_bytes), time, time))
    return blocks


def _distances(lives: _Lives, blocks: Sequence[Block]) -> dict[tuple[int, int], int]:
    """For blocks that meet at one step only, where the one's last reader writes the other across its start."""
    block_of = {root: index for index, block in enumerate(blocks) for root in block.tensors}
    distances = {}
    for time, step in enumerate(lives.problem.steps):
        for source, result, distance in lives.crossings(time, step):
            upper, lower = block_of[source], block_of[result]
            if blocks[upper].last == time and blocks[lower].first == time:
                distances[lower, upper] = min(distance, blocks[lower].size_bytes)
    return distances


def _lower_bound(lives: _Lives) -> int:
    """The most that one step needs."""
    return max(0, *_needs(lives))


def _needs(lives: _Lives) -> Iterator[int]:
    """Before the first step, at each, and behind the last: all that lives then, less the most that it can save."""
    steps = lives.problem.steps
    changes = [0] * (len(steps) + 3)
    for root, first in lives.first.items():
        changes[first + 1] += lives.size(root)
        changes[lives.last[root] + 2] -= lives.size(root)
    living = 0
    for time in range(-1, len(steps) + 1):
        living += changes[time + 1]
        own = 0
        if 0 <= time < len(steps):
            own = aligned(steps[time].scratch_bytes) - _most_saved(lives, time, steps[time])
        yield living + own


def _proven_bound(lives: _Lives, bound: int, peak: int) -> int:
    """A bound for every way to work in place: a result may lie anywhere over an input whose place it might take."""
    blocks = _blocks(lives, {root: root for root in lives.first})
    distances = _distances(lives, blocks)
    index_of = {block.tensors[0]: index for index, block in enumerate(blocks) if block.tensors}
    for time, step in enumerate(lives.problem.steps):
        for source, result in lives.replaceable(time, step):
            i, j = index_of[source], index_of[result]
            distances[i, j] = distances[j, i] = 0
    return prove_bound(blocks, distances, bound, peak)


def _most_saved(lives: _Lives, time: int, step: MemoryStep) -> int:
    saved = [lives.size(result) for _, result in lives.replaceable(time, step)]
    saved += [
        min(lives.size(source), max(0, lives.size(result) - distance))
        for source, result, distance in lives.crossings(time, step)
    ]
    return max(saved, default=0)
