"""Two measurements of one model side by side: as the search saw it, and in the image of the user's application."""

from __future__ import annotations

from dataclasses import dataclass

from mlforge.records.cost import Cost
from mlforge.report import units


@dataclass(frozen=True, slots=True)
class CostRow:
    name: str
    searched: str
    confirmed: str
    difference: str  # of the second from the first


def cost_rows(searched: Cost, confirmed: Cost) -> tuple[CostRow, ...]:
    """What the limits of a contract are held against, and the instructions behind the latency."""
    figures = (
        ("Flash", searched.flash.total, confirmed.flash.total, units.exact_bytes),
        ("RAM", searched.ram.total, confirmed.ram.total, units.exact_bytes),
        ("Stack, deepest", searched.stack_bytes, confirmed.stack_bytes, units.exact_bytes),
        ("Latency, worst", searched.total_latency_us, confirmed.total_latency_us, units.time),
        ("Instructions, model", searched.instructions, confirmed.instructions, units.count),
        ("Instructions, features", searched.feature_instructions, confirmed.feature_instructions, units.count),
    )
    return tuple(
        CostRow(name, text(before), text(after), _difference(before, after))
        for name, before, after, text in figures
        if before is not None and after is not None  # a board counts no instructions
    )


def _difference(before: float, after: float) -> str:
    if not before:
        return units.NOTHING
    share = after / before - 1
    return ("+" if share > 0 else "") + units.percent(share)
