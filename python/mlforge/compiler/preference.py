"""RAM against speed: which operators take a kernel that is slower, but needs less of the arena.

Kernels for a kind of core work on copies of what they read, for which the plain ones have no need. So the smallest
arena may be that of plain kernels, and it is often one operator alone that decides.
"""

from __future__ import annotations

from mlforge.compiler.graph import Graph
from mlforge.compiler.isa import Isa
from mlforge.compiler.lowering import Sequence, lower_graph
from mlforge.compiler.planner import Plan, needs, plan_memory
from mlforge.records.program import Prefer


def planned(graph: Graph, isa: Isa, prefer: Prefer = Prefer.SPEED) -> tuple[Sequence, Plan]:
    """The operators' calls and their memory. Raises as `lower_graph` does.

    For RAM, all operators start with plain kernels; then those get their own back at whose time there is room.
    """
    fast = lower_graph(graph, isa)
    plan = plan_memory(fast.memory)
    if prefer is Prefer.SPEED or isa is Isa.GENERIC:
        return fast, plan
    plain = lower_graph(graph, isa, frozenset(call.index for call in fast.calls))
    small = plan_memory(plain.memory)
    if small.arena_bytes >= plan.arena_bytes:
        return fast, plan
    restored = _restored(fast, small.arena_bytes)
    while restored:
        mixed = lower_graph(graph, isa, frozenset(call.index for call in fast.calls) - set(restored))
        plan = plan_memory(mixed.memory)
        if plan.arena_bytes <= small.arena_bytes:
            return mixed, plan
        restored.pop()  # what the bound allowed, no plan was found for
    return plain, small


def least_arena_bytes(graph: Graph) -> int:
    """A bound that no plan is below, whatever kernels it is for: of plain ones, what lives at one step."""
    return max(needs(lower_graph(graph, Isa.GENERIC).memory), default=0)


def _restored(fast: Sequence, arena_bytes: int) -> list[int]:
    """The operators, by their place in the graph, whose own kernels leave room for a plan of `arena_bytes`; those at
    whose time most of it is in use come last."""
    own = needs(fast.memory)
    fitting = [time for time, need in enumerate(own) if need <= arena_bytes]
    return [fast.calls[time].index for time in sorted(fitting, key=lambda time: (own[time], time))]
