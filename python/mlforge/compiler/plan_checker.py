"""Checks a memory plan by acting it out: who owns which bytes, step by step.

Shares no code with the planner, and no idea of live ranges: a tensor is written, its bytes become its own, and any
later write takes from others what it covers. Whoever reads a tensor must find that all of its bytes are still its own.
"""

from __future__ import annotations

from mlforge.compiler.planner import MemoryProblem, MemoryStep, Plan
from mlforge.errors import PlanError

_Range = tuple[int, int]  # from, up to


def check_plan(problem: MemoryProblem, plan: Plan, *, alignment_bytes: int = 4) -> None:
    """Raises PlanError for the first thing in `plan` that would make an inference wrong."""
    _Actor(problem, plan, alignment_bytes).act()


class _Actor:
    def __init__(self, problem: MemoryProblem, plan: Plan, alignment_bytes: int) -> None:
        self.problem = problem
        self.plan = plan
        self.alignment_bytes = alignment_bytes
        self.owned: dict[int, _Range] = {}  # by the tensor that wrote the bytes

    def act(self) -> None:
        for tensor in self.problem.inputs:
            place = self.place(tensor)
            if any(_overlap(place, other) for other in self.owned.values()):
                raise PlanError(f"input {tensor} overlaps another input")
            self.owned[self.writer(tensor)] = place
        for time, step in enumerate(self.problem.steps):
            self.run(time, step)
        for tensor in self.problem.outputs:
            self.read(tensor, "at the end")

    def run(self, time: int, step: MemoryStep) -> None:
        for tensor in step.reads:
            self.read(tensor, f"by step {time}")
        sources = [(tensor, self.place(tensor)) for tensor in step.reads]
        results = [(tensor, self.place(tensor)) for tensor in step.writes]
        for position, (tensor, place) in enumerate(results):
            for source, other in sources:
                if _overlap(place, other) and not (source in step.in_place and place == other):
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
        for tensor, place in results:
            self.take(place)
            self.owned[self.writer(tensor)] = place

    def writer(self, tensor: int) -> int:
        """The tensor whose bytes these are."""
        return self.problem.views.get(tensor, tensor)

    def place(self, tensor: int) -> _Range:
        if tensor not in self.plan.offsets:
            raise PlanError(f"tensor {tensor} has no place")
        return self.inside(self.plan.offsets[tensor], self.problem.sizes[tensor], f"tensor {tensor}")

    def scratch(self, time: int, step: MemoryStep) -> _Range:
        if time not in self.plan.scratch:
            raise PlanError(f"the scratch of step {time} has no place")
        return self.inside(self.plan.scratch[time], step.scratch_bytes, f"the scratch of step {time}")

    def inside(self, offset: int, size_bytes: int, what: str) -> _Range:
        if offset < 0 or offset + size_bytes > self.plan.arena_bytes:
            raise PlanError(f"{what} leaves the arena of {self.plan.arena_bytes} bytes")
        if offset % self.alignment_bytes:
            raise PlanError(f"{what} lies at {offset}, which is no multiple of {self.alignment_bytes}")
        return offset, offset + size_bytes

    def read(self, tensor: int, reader: str) -> None:
        place = self.place(tensor)
        if self.owned.get(self.writer(tensor)) != place:
            raise PlanError(f"tensor {tensor} is read {reader}, but its bytes were overwritten or never written")

    def take(self, place: _Range) -> None:
        """Whoever owns some of these bytes owns nothing whole any more."""
        self.owned = {tensor: other for tensor, other in self.owned.items() if not _overlap(place, other)}


def _overlap(a: _Range, b: _Range) -> bool:
    return a[0] < b[1] and b[0] < a[1]
