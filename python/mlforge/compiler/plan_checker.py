"""Checks a memory plan by acting it out: whose bytes lie where in the arena, step by step.

Shares no code with the planner, and no idea of live ranges: a tensor is written, its bytes lie there, and any later
write takes from others what it covers. Whoever reads a tensor must find every one of its bytes where it looks for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mlforge.compiler.planner import MemoryProblem, MemoryStep, Plan
from mlforge.errors import PlanError

_Range = tuple[int, int]  # from, up to


@dataclass(frozen=True, slots=True)
class _Piece:
    """Bytes of the arena that hold bytes of `tensor`, whose byte 0 is, or would be, at `base`."""

    start: int
    end: int
    tensor: int
    base: int


def check_plan(problem: MemoryProblem, plan: Plan, *, alignment_bytes: int = 4) -> None:
    """Raises PlanError for the first thing in `plan` that would make an inference wrong."""
    _Actor(problem, plan, alignment_bytes).act()


class _Actor:
    def __init__(self, problem: MemoryProblem, plan: Plan, alignment_bytes: int) -> None:
        self.problem = problem
        self.plan = plan
        self.alignment_bytes = alignment_bytes
        self.pieces: list[_Piece] = []  # they do not overlap
        self.moved: set[int] = set()  # states whose parts are no more, until the next inference writes them

    def act(self) -> None:
        """Two inferences: what the second finds of the states is what the first has left."""
        self.keep_states()
        for state in self.problem.states:
            self.write(state)
        for which in ("first", "second"):
            self.infer()
            for state in self.problem.states:
                self.read(state, f"by whatever follows the {which} inference")

    def infer(self) -> None:
        self.moved.clear()
        places: list[_Range] = []
        for tensor in self.problem.inputs:
            place = self.place(tensor)
            if any(_overlap(place, other) for other in places):
                raise PlanError(f"input {tensor} overlaps another input")
            places.append(place)
            self.write(tensor)
        for time, step in enumerate(self.problem.steps):
            self.run(time, step)
        for tensor in self.problem.outputs:
            if self.is_kept(tensor):
                raise PlanError(f"output {tensor} lies among the states, where the next inference begins")
            self.read(tensor, "at the end")

    def keep_states(self) -> None:
        kept: list[_Range] = []
        for state in self.problem.states:
            place = self.place(state)
            if place[1] > self.plan.state_bytes:
                raise PlanError(f"state {state} leaves the first {self.plan.state_bytes} bytes")
            if any(_overlap(place, other) for other in kept):
                raise PlanError(f"state {state} overlaps another state")
            kept.append(place)

    def run(self, time: int, step: MemoryStep) -> None:
        for tensor in (*step.reads, *step.states):
            self.read(tensor, f"by step {time}")
        sources = [(tensor, self.place(tensor)) for tensor in step.reads]
        results = [(tensor, self.place(tensor)) for tensor in step.writes]
        for position, (tensor, place) in enumerate(results):
            for source, other in sources:
                if _overlap(place, other) and not _is_allowed(step, source, place, other):
                    raise PlanError(f"step {time} writes {tensor} over its own input {source}")
            for sibling, other in results[:position]:
                if _overlap(place, other):
                    raise PlanError(f"step {time} writes {tensor} over its own output {sibling}")
        if step.scratch_bytes:
            scratch = self.scratch(time, step)
            for tensor, place in sources + results:
                if _overlap(scratch, place):
                    raise PlanError(f"the scratch of step {time} overlaps tensor {tensor}")
            self.take(scratch)
        for tensor, _ in results:
            self.write(tensor)
        if step.moves:
            self.moved.update(step.states)

    def is_kept(self, tensor: int) -> bool:
        return self.origin(tensor)[0] in self.problem.states

    def origin(self, tensor: int) -> tuple[int, int]:
        """The tensor whose bytes these are, and the byte of it that comes first."""
        part = self.problem.views.get(tensor)
        if part is None:
            return tensor, 0
        if part.offset < 0 or part.offset + self.problem.sizes[tensor] > self.problem.sizes[part.root]:
            raise PlanError(f"tensor {tensor} is no part of tensor {part.root}")
        return part.root, part.offset

    def place(self, tensor: int) -> _Range:
        if tensor not in self.plan.offsets:
            raise PlanError(f"tensor {tensor} has no place")
        what = f"tensor {tensor}"
        place = self.inside(self.plan.offsets[tensor], self.problem.sizes[tensor], what)
        return self.among_states(tensor, place) if self.is_kept(tensor) else self.behind_states(place, what)

    def among_states(self, tensor: int, place: _Range) -> _Range:
        """A state, or a part of one: where that says."""
        root, first = self.origin(tensor)
        if tensor != root and place[0] != self.plan.offsets.get(root, place[0]) + first:
            raise PlanError(f"tensor {tensor} does not lie where its bytes of state {root} are")
        return place

    def scratch(self, time: int, step: MemoryStep) -> _Range:
        if time not in self.plan.scratch:
            raise PlanError(f"the scratch of step {time} has no place")
        what = f"the scratch of step {time}"
        return self.behind_states(self.inside(self.plan.scratch[time], step.scratch_bytes, what), what)

    def behind_states(self, place: _Range, what: str) -> _Range:
        if place[0] < self.plan.state_bytes:
            raise PlanError(f"{what} lies among the states")
        return place

    def inside(self, offset: int, size_bytes: int, what: str) -> _Range:
        if offset < 0 or offset + size_bytes > self.plan.arena_bytes:
            raise PlanError(f"{what} leaves the arena of {self.plan.arena_bytes} bytes")
        if offset % self.alignment_bytes:
            raise PlanError(f"{what} lies at {offset}, which is no multiple of {self.alignment_bytes}")
        return offset, offset + size_bytes

    def read(self, tensor: int, reader: str) -> None:
        start, end = self.place(tensor)
        root, first = self.origin(tensor)
        if tensor != root and root in self.moved:
            raise PlanError(f"tensor {tensor} is read {reader}, when the columns of state {root} have moved")
        there = sum(
            min(end, piece.end) - max(start, piece.start)
            for piece in self.pieces
            if piece.tensor == root and piece.base == start - first and _overlap((start, end), (piece.start, piece.end))
        )
        if there != end - start:
            raise PlanError(f"tensor {tensor} is read {reader}, but its bytes were overwritten or never written")

    def write(self, tensor: int) -> None:
        start, end = self.place(tensor)
        root, first = self.origin(tensor)
        self.take((start, end))
        self.pieces.append(_Piece(start, end, root, start - first))

    def take(self, place: _Range) -> None:
        """Whoever had some of these bytes has only the others left."""
        start, end = place
        kept = []
        for piece in self.pieces:
            if piece.end <= start or end <= piece.start:
                kept.append(piece)
                continue
            if piece.start < start:
                kept.append(replace(piece, end=start))
            if end < piece.end:
                kept.append(replace(piece, start=end))
        self.pieces = kept


def _is_allowed(step: MemoryStep, source: int, result: _Range, place: _Range) -> bool:
    if source in step.in_place and result == place:
        return True
    return source in step.overlap and result[0] + step.overlap[source] <= place[0]


def _overlap(a: _Range, b: _Range) -> bool:
    return a[0] < b[1] and b[0] < a[1]
