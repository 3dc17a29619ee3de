"""RAM or flash against speed: which operators take a kernel that is slower, but needs less of the arena, or weights
that are unpacked first.

Kernels for a kind of core work on copies of what they read, for which the plain ones have no need. So the smallest
arena may be that of plain kernels, and it is often one operator alone that decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mlforge.compiler.compression import saved_bytes
from mlforge.compiler.graph import Graph
from mlforge.compiler.isa import Isa
from mlforge.compiler.lowering import Sequence, lower_graph
from mlforge.compiler.planner import Plan, needs, plan_memory
from mlforge.records.program import Prefer

_FLASH_FOR_RAM: Final = 2  # bytes of flash that one byte of RAM has to save
_MOST_SIZES: Final = 6  # of arenas that single operators ask for
_LITTLE: Final = (256, 512, 1024, 2048, 4096)  # bytes, in which pieces of dense layers are unpacked
_UNPACKING_BYTES: Final = 400  # of flash, that the kernel takes which unpacks
_SLACK: Final = 32  # share of an arena that a plan may go beyond
_ANY_ROOM: Final = 1 << 30


def planned(graph: Graph, isa: Isa, prefer: Prefer = Prefer.SPEED) -> tuple[Sequence, Plan]:
    """The operators' calls and their memory. Raises as `lower_graph` does.

    For RAM, all operators start with plain kernels; then those get their own back at whose time there is room. For
    flash, tables are compressed at whose time there is room to unpack them.
    """
    if prefer is Prefer.FLASH:
        return _with_few_bits(graph, isa)
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


def _with_few_bits(graph: Graph, isa: Isa) -> tuple[Sequence, Plan]:
    """Of some sizes of the arena that have room to unpack in, the one that is worth most, where a byte of RAM counts as
    two of flash. Operators at whose time most is in use are left out where no plan holds to it."""
    fast = lower_graph(graph, isa)
    plan, own = plan_memory(fast.memory), needs(fast.memory)
    everything = lower_graph(graph, isa, rooms=dict.fromkeys((call.index for call in fast.calls), _ANY_ROOM))
    gaining = {call.index for call in everything.calls if saved_bytes(call.lowered)}
    least, best, worth, enough = plan.arena_bytes, fast, _UNPACKING_BYTES, 0
    for size in _sizes(least, needs(everything.memory)):
        rooms = {
            call.index: size - need
            for call, need in zip(fast.calls, own, strict=True)
            if call.index in gaining and size > need
        }
        packed = lower_graph(graph, isa, rooms=rooms)
        gain = _saved(packed) - _FLASH_FOR_RAM * (size - least)
        if gain > worth:
            best, worth, enough = packed, gain, size + size // _SLACK
    while best is not fast:
        found = plan_memory(best.memory, enough)
        if _saved(best) - _FLASH_FOR_RAM * (found.arena_bytes - least) > _UNPACKING_BYTES:
            return best, found
        best = _with_fewer(graph, isa, best) or fast
    return fast, plan


def _with_fewer(graph: Graph, isa: Isa, packed: Sequence) -> Sequence | None:
    """Without the one at whose time most is in use, and without dense layers in pieces; None where nothing is left."""
    used = sorted(
        (need, call.index)
        for call, need in zip(packed.calls, needs(packed.memory), strict=True)
        if saved_bytes(call.lowered) and not call.lowered.then
    )
    rooms = {index: _ANY_ROOM for _, index in used[:-1]}
    return lower_graph(graph, isa, rooms=rooms) if rooms else None


def _saved(sequence: Sequence) -> int:
    return sum(saved_bytes(call.lowered) for call in sequence.calls)


def _sizes(arena_bytes: int, unpacking: Iterable[int]) -> list[int]:
    """Arenas to try: as it is, a little more, and such that single operators can be unpacked in."""
    more = sorted({size for size in unpacking if size > arena_bytes})
    few = more[:: max(1, -(-len(more) // _MOST_SIZES))]
    little = [arena_bytes + step for step in _LITTLE]
    return sorted({arena_bytes, *little, *few})


def least_arena_bytes(graph: Graph) -> int:
    """A bound that no plan is below, whatever kernels it is for: of plain ones, what lives at one step."""
    return max(needs(lower_graph(graph, Isa.GENERIC).memory), default=0)


def _restored(fast: Sequence, arena_bytes: int) -> list[int]:
    """The operators, by their place in the graph, whose own kernels leave room for a plan of `arena_bytes`; those at
    whose time most of it is in use come last."""
    own = needs(fast.memory)
    fitting = [time for time, need in enumerate(own) if need <= arena_bytes]
    return [fast.calls[time].index for time in sorted(fitting, key=lambda time: (own[time], time))]
