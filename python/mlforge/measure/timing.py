"""Cycles of an instruction by its class, for each core, with the source of each table.

Cortex-M0, M3 and M4 have published instruction timings; where those give a range (divides, early-out multiplies) the
upper end stands here. The vendors publish none for Cortex-M7, M33, M55 and most RISC-V cores: their tables are
estimates, said to be so in every report. What memory makes a core wait is in cycles.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mlforge.errors import RunError


class Kind(StrEnum):
    """What an instruction is, as far as its time goes."""

    SIMPLE = "simple"  # arithmetic, logic, moves, DSP
    MULTIPLY = "multiply"
    MULTIPLY_ADD = "multiply-add"
    LONG_MULTIPLY = "long multiply"
    LONG_MULTIPLY_ADD = "long multiply-add"
    DIVIDE = "divide"
    LOAD = "load"
    LOAD_NEXT = "load behind a load or store"  # their address phases overlap
    STORE = "store"
    STORE_INDEXED = "store, register offset"
    MULTIPLE = "multiple"  # the part that does not depend on the number of registers
    BRANCH = "branch"  # not taken
    CALL = "call"  # not counting what taking it costs
    TABLE_BRANCH = "table branch"
    FLOAT = "float"
    FLOAT_MULTIPLY_ADD = "float multiply-add"
    FLOAT_DIVIDE = "float divide"
    VECTOR = "vector"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Timing:
    """`taken` is what a taken branch costs on top, `each_register` what a multiple load or store adds per register."""

    core: str
    source: str
    cycles: Mapping[Kind, float]
    taken: float
    each_register: float = 1.0
    estimate: bool = False

    @property
    def method(self) -> str:
        return f"{'rough ' if self.estimate else ''}instruction table of {self.core}: {self.source}"


_ONES: Final = dict.fromkeys(Kind, 1.0)

_M3: Final = {
    **_ONES,
    Kind.MULTIPLY_ADD: 2.0,
    Kind.LONG_MULTIPLY: 5.0,
    Kind.LONG_MULTIPLY_ADD: 7.0,
    Kind.DIVIDE: 12.0,
    Kind.LOAD: 2.0,
    Kind.STORE_INDEXED: 2.0,
    Kind.TABLE_BRANCH: 2.0,
    Kind.SYSTEM: 2.0,
}
_M4: Final = {
    **_M3,
    Kind.MULTIPLY_ADD: 1.0,
    Kind.LONG_MULTIPLY: 1.0,
    Kind.LONG_MULTIPLY_ADD: 1.0,
    Kind.FLOAT_MULTIPLY_ADD: 3.0,
    Kind.FLOAT_DIVIDE: 14.0,
}

_TIMINGS: Final = (
    Timing(
        "cortex-m0",
        "Cortex-M0 Technical Reference Manual (DDI 0432C), table 3-1, fast multiplier",
        {
            **_ONES,
            Kind.LOAD: 2.0,
            Kind.LOAD_NEXT: 2.0,
            Kind.STORE: 2.0,
            Kind.STORE_INDEXED: 2.0,
            Kind.CALL: 2.0,
            Kind.SYSTEM: 4.0,
        },
        taken=2.0,
    ),
    Timing(
        "cortex-m3",
        "Cortex-M3 Technical Reference Manual (DDI 0337H), table 3-1 and section 3.3.2",
        _M3,
        taken=2.0,
    ),
    Timing(
        "cortex-m4",
        "Cortex-M4 Technical Reference Manual (DDI 0439B), tables 3-1, 3-2 and 7-1, section 3.3.2",
        _M4,
        taken=2.0,
    ),
    Timing(
        "cortex-m7",
        "estimate: two simple instructions a cycle, predicted branches, 64-bit data path",
        {
            **dict.fromkeys((Kind.SIMPLE, Kind.BRANCH, Kind.CALL), 0.5),
            **{kind: 1.0 for kind in Kind if kind not in (Kind.SIMPLE, Kind.BRANCH, Kind.CALL)},
            Kind.DIVIDE: 12.0,
            Kind.FLOAT_MULTIPLY_ADD: 3.0,
            Kind.FLOAT_DIVIDE: 16.0,
        },
        taken=0.5,
        each_register=0.5,
        estimate=True,
    ),
    Timing(
        "cortex-m33",
        "estimate: as the Cortex-M4, with a shorter branch",
        _M4,
        taken=1.0,
        estimate=True,
    ),
    Timing(
        "cortex-m55",
        "estimate: as the Cortex-M4, with a shorter branch, two cycles for a vector instruction (two 64-bit beats)",
        {**_M4, Kind.LOAD: 1.0, Kind.VECTOR: 2.0},
        taken=1.0,
        estimate=True,
    ),
    Timing(
        "rv32imac",
        "estimate: single issue, five stages, no branch predictor",
        {**_ONES, Kind.LOAD: 2.0, Kind.LOAD_NEXT: 2.0, Kind.MULTIPLY: 2.0, Kind.DIVIDE: 33.0},
        taken=2.0,
        estimate=True,
    ),
)

TIMINGS: Final = {timing.core: timing for timing in _TIMINGS}


def timings_markdown() -> str:
    """The tables, as docs/performance.md has them."""
    lines = [f"| cycles | {' | '.join(TIMINGS)} |", f"|---|{'---:|' * len(TIMINGS)}"]
    for kind in Kind:
        lines.append(f"| {kind} | {' | '.join(f'{timing.cycles[kind]:g}' for timing in _TIMINGS)} |")
    lines.append(f"| a branch that is taken, on top | {' | '.join(f'{timing.taken:g}' for timing in _TIMINGS)} |")
    lines.append(f"| each register of a multiple | {' | '.join(f'{timing.each_register:g}' for timing in _TIMINGS)} |")
    return "\n".join([*lines, "", *(f"- {timing.core}: {timing.source}" for timing in _TIMINGS)])


def timing_of(core: str) -> Timing:
    """Raises RunError for a core without a table."""
    if core not in TIMINGS:
        raise RunError(f"no instruction timings for {core}", hint=f"there are some for {', '.join(TIMINGS)}")
    return TIMINGS[core]
