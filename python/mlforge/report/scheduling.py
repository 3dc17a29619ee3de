"""What the page and the terminal say of the application's threads and interrupts while the model runs."""

from __future__ import annotations

from dataclasses import dataclass

from rich.table import Table

from mlforge.app.interference import Interference
from mlforge.contract.units import format_share, format_size, format_time
from mlforge.records.scheduling import Delays, Scheduling
from mlforge.report import units
from mlforge.report.house import house_table

_FUNCTIONS = 8  # that lock interrupts, on the page


@dataclass(frozen=True, slots=True)
class SchedulingSection:
    """Rows of texts, for a page's tables."""

    note: str
    parts: tuple[tuple[str, ...], ...]
    threads: tuple[tuple[str, ...], ...]
    blocking: tuple[tuple[str, ...], ...]


def scheduling_section(found: Interference | None) -> SchedulingSection | None:
    """None where nothing was measured."""
    if found is None or (found.blocking is None and found.scheduling is None):
        return None
    notes = []
    if found.scheduling is not None:
        notes.append(f"{_title(found.scheduling)}: {found.scheduling.method}.")
    if found.blocking is not None:
        worst = found.blocking.worst
        told = (
            f"{worst.function} locks interrupts longest: {format_time(worst.longest_us)}" if worst else "None lock them"
        )
        notes.append(f"{told}, in {found.blocking.seconds:g} s of computing in QEMU.")
    return SchedulingSection(
        units.one_line(" ".join(notes), 400),
        part_rows(found.scheduling) if found.scheduling else (),
        thread_rows(found.scheduling) if found.scheduling else (),
        tuple(
            (units.one_line(each.function), format_time(each.longest_us), f"{each.times:,}", format_time(each.total_us))
            for each in found.blocking.functions[:_FUNCTIONS]
        )
        if found.blocking
        else (),
    )


def tables(found: Scheduling) -> tuple[Table, Table]:
    """For the terminal."""
    parts = house_table(
        _title(found), "", "timer late, mean>", "worst>", "thread late, mean>", "worst>", "result, worst>"
    )
    for row in part_rows(found):
        parts.add_row(*row)
    threads = house_table("Threads", "thread", "priority>", "stack>", "share>", "ready to waiting, worst>", "missed>")
    for row in thread_rows(found):
        threads.add_row(*row)
    parts.caption = found.method
    return parts, threads


def part_rows(found: Scheduling) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (
            part.name,
            *(_mean(part.timer), _worst(part.timer), _mean(part.wake), _worst(part.wake), _worst(part.inference)),
        )
        for part in found.parts
    )


def thread_rows(found: Scheduling) -> tuple[tuple[str, ...], ...]:
    """The most urgent first; shares and times with the model, and in the part before it."""
    rows = []
    for thread in sorted(found.threads, key=lambda one: (one.priority, one.name)):
        shares = " / ".join(format_share(round(part.share, 4)) for part in thread.parts)
        responses = " / ".join(_worst(part.response) or "-" for part in thread.parts)
        stack = f"{thread.stack_used_bytes} of {format_size(thread.stack_bytes)}"
        missed = "" if thread.deadline_us is None else " / ".join(str(part.missed) for part in thread.parts)
        rows.append((units.one_line(thread.name), str(thread.priority), stack, shares, responses, missed))
    return tuple(rows)


def _title(found: Scheduling) -> str:
    parts = ", ".join(part.name for part in found.parts)
    load = f" of {format_share(found.load)}" if found.load else ""
    return f"{found.board}, an inference every {format_time(found.period_us)}: {parts}{load}"


def _mean(delays: Delays | None) -> str:
    return "" if delays is None else format_time(round(delays.mean_us, 2))


def _worst(delays: Delays | None) -> str:
    return "" if delays is None else format_time(round(delays.worst_us, 2))
