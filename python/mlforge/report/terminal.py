"""The terminal's tables, as rich renderables: built here, printed by the command line only.

Every figure stays readable at 80 columns and without colour: colour repeats what a word already says. Text from outside
enters as `Text`, never as markup, and without control characters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from mlforge.measure.ranking import meets
from mlforge.records.attempt import Attempt
from mlforge.records.cost import Cost, OperatorCost
from mlforge.records.events import EventQuality
from mlforge.records.robustness import Robustness
from mlforge.records.threshold import Threshold
from mlforge.records.trial import State, Trial
from mlforge.records.verdict import Check, Verdict
from mlforge.report import facts, units, variants
from mlforge.report.comparison import cost_rows
from mlforge.report.energy import EnergySection
from mlforge.report.events_section import event_rows
from mlforge.report.house import house_table
from mlforge.report.names import readable
from mlforge.report.quality_tables import quality_table as quality_table

_STATE_STYLES: Final = {State.TRAINED: "", State.REJECTED: "yellow", State.STOPPED: "yellow", State.FAILED: "red"}


class Gauge:
    """A bar of how much of a limit is taken, with the limit at its right end; a broken limit overflows into `!`."""

    def __init__(self, taken: float, width: int = 10) -> None:
        self.taken = taken if math.isfinite(taken) else 0.0
        self.width = width

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        full, empty = ("#", ".") if options.ascii_only else ("█", "░")
        filled = min(max(math.ceil(self.taken * self.width - 1e-9), 0), self.width)
        yield Segment(full * filled + empty * (self.width - filled) + ("!" if self.taken > 1 else " "))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(self.width + 1, self.width + 1)


def verdict_table(verdict: Verdict, *, title: str = "Verdict") -> Table:
    """Limit, measured, how much of it is taken, margin and whether it is met; the binding one is marked."""
    table = house_table(title, "", "limit>", "measured>", "taken", "margin>", "met")
    for check in verdict.checks:
        name = Text(units.label(check.name), style="bold" if check is verdict.binding else "")
        table.add_row(
            name,
            _with_goal(check),
            units.check_value(check, check.measured),
            _taken(check),
            units.percent(check.margin),
            Text("yes", "green") if check.met else Text("NO", "bold red"),
        )
    if verdict.binding is not None:
        table.caption = Text(f"{'Tightest' if verdict.met else 'Binding'}: {facts.shortfall(verdict.binding)}")
    return table


def robustness_table(rows: Sequence[Robustness], *, title: str = "Robustness") -> Table:
    """The int8 quality of the winner on disturbed recordings of the validation split, and what it lost."""
    table = house_table(f"{title}: int8 on the host, validation data", "disturbance", "quality>", "change>")
    for row in rows:
        change = units.signed_with_error(row.change, row.change_error)
        words = facts.disturbance_words(row.disturbance, row.magnitude)
        table.add_row(Text(words), units.score_with_error(row.value, row.standard_error), change)
    return table


def thresholds_table(thresholds: Sequence[Threshold], *, title: str = "Thresholds") -> Table:
    """What each threshold does on the int8 model, split by split."""
    headings = "threshold", "value>", "split", "false alarms>", "of normal>", "detected>", "of anomalous>"
    table = house_table(title, *headings)
    for each in thresholds:
        for rates in each.rates:
            false_alarms, detected = units.percent(rates.false_alarms), units.percent(rates.detected)
            counts = units.count(rates.normal), units.count(rates.anomalous)
            table.add_row(
                Text(each.name), f"{each.value:.4g}", rates.split, false_alarms, counts[0], detected, counts[1]
            )
    return table


def events_table(events: Sequence[EventQuality], *, title: str = "Events") -> Table:
    """What the decisions find in the streams of each split."""
    headings = "split", "recall>", "precision>", "f1>", "false accepts/h>", "95 %, at most>", "signal>"
    table = house_table(title, *headings)
    for row in event_rows(events):
        table.add_row(row.split, row.recall, row.precision, row.f1, row.false_accepts, row.at_most, row.signal)
    return table


def cost_table(cost: Cost, *, title: str = "Cost") -> Table:
    """Flash and RAM by category, stack, exact instructions, estimated cycles and latency, and how they are known."""
    table = house_table(title, "", ">", "")
    table.show_header = False
    flash, ram = cost.flash, cost.ram
    _sizes(table, "Flash", flash.total, [("weights", flash.weights), ("code", flash.code), ("kernels", flash.kernels),
                                         ("features", flash.features), ("other", flash.other)])  # fmt: skip
    _sizes(table, "RAM", ram.total, [("arena", ram.arena), ("features", ram.features), ("other", ram.other)])
    if cost.prefer in facts.KERNELS:
        table.add_row("Kernels", "", facts.KERNELS[cost.prefer])
    exact = units.exact_beside(cost.stack_bytes)
    table.add_row("Stack", units.kib(cost.stack_bytes), ", ".join(filter(None, (exact, "deepest"))))
    table.add_row("Latency", units.time(cost.total_latency_us), "worst, last sample to output", style="bold")
    if cost.fast_latency_us is not None:
        table.add_row("", units.time(cost.fast_latency_us), "if nothing waited for the flash; caches lie in between")
    for name, latency_us, instructions, cycles in (
        ("model", cost.latency_us, cost.instructions, cost.cycles),
        ("features", cost.feature_latency_us, cost.feature_instructions, cost.feature_cycles),
    ):
        table.add_row(f"  {name}", units.time(latency_us), units.work(instructions, cycles, cost.method))
    if cost.stream is not None and cost.cpu is not None:
        table.add_row("CPU", units.percent(cost.cpu), units.cpu(cost.cpu, cost.stream).partition(" of ")[2])
    where = f"{units.one_line(cost.target)}, {units.one_line(cost.core)}"
    table.caption = Text(f"{where}; timing {units.one_line(cost.method)}")
    return table


def energy_table(section: EnergySection, *, title: str = "Energy") -> Table:
    """An inference, the average, and other ways to run the model, with how they are known."""
    table = house_table(title, "", ">", "")
    table.show_header = False
    for name, value in section.facts:
        table.add_row(name, value, "")
    for row in section.duties:
        when = f"at {row.clock}, an inference every {row.period}"
        table.add_row("  other ways", row.current, f"{when}; {row.note}" if row.note else when)
    table.caption = Text(section.note)
    return table


def comparison_table(searched: Cost, confirmed: Cost, *, title: str = "Confirmed in the application") -> Table:
    """The figures that the search went by beside those of the image of the application."""
    columns = f"{units.one_line(searched.target)}>", f"{units.one_line(confirmed.target)}>"
    table = house_table(title, "", *columns, "difference>")
    for row in cost_rows(searched, confirmed):
        table.add_row(row.name, row.searched, row.confirmed, row.difference)
    table.caption = Text("the contract is held against the application's figures")
    return table


def operators_table(cost: Cost, *, title: str = "Operators") -> Table:
    """Each operator's multiply-accumulates, weights, instructions, estimated cycles, cycles per MAC and share."""
    table = house_table(title, "operator", "MACs>", "weights B>", "instr.>", "cycles>", "/MAC>", "share>")
    total = sum(operator.cycles for operator in cost.operators)
    for operator in cost.operators:
        table.add_row(*_operator_cells(operator, total))
    table.caption = Text(f"code: all functions that ran, shared or not; cycles: {units.one_line(cost.method)}")
    return table


def attempts_table(attempts: Sequence[Attempt], *, title: str = "From floats to int8") -> Table:
    """Each way in which a trial's model was made, on validation data, with what was kept."""
    table = house_table(title, "network", "quantisation", "FP32>", "int8>", "flash>", "latency>", "")
    for row in variants.attempt_rows(attempts):
        figures = row.float_quality, row.int8_quality, row.flash, row.latency
        table.add_row(row.network, row.method, *figures, Text(row.outcome, "green" if row.kept else "yellow"))
    return table


def trials_table(trials: Sequence[Trial], *, title: str = "Trials") -> Table:
    """Every trial in order: its outcome, quality on validation data, cost, and why it is not good enough."""
    trials = sorted(trials, key=lambda trial: trial.number)
    metric = facts.primary_metric(facts.checks_by_name(None, trials, None), trials, None)
    name = units.label(metric).lower() if metric else "quality"
    table = house_table(title, "#>", "outcome", f"{name}>", "flash>", "RAM>", "latency>", "why not")
    for trial in trials:
        quality, cost = facts.search_quality(trial, metric), trial.cost
        table.add_row(
            str(trial.number),
            Text("met", "bold green") if meets(trial) else Text(trial.state, _STATE_STYLES[trial.state]),
            units.score(quality.value) if quality else units.NOTHING,
            units.kib(cost.flash.total) if cost else units.NOTHING,
            units.kib(cost.ram.total) if cost else units.NOTHING,
            units.time(cost.total_latency_us) if cost else units.NOTHING,
            Text(facts.reason(trial)),
        )
    return table


def footprint_table(rows: Sequence[tuple[str, int, int]], *, title: str = "Footprint", what: str = "category") -> Table:
    """Who uses flash and RAM: rows of (name, flash bytes, RAM bytes) in the given order, and their sum, by `what`."""
    table = house_table(title, what, "flash>", "bytes>", "RAM>", "bytes>")
    for name, flash_bytes, ram_bytes in rows:
        table.add_row(Text(units.one_line(name)), *_footprint_cells(flash_bytes), *_footprint_cells(ram_bytes))
    table.add_section()
    flash_total, ram_total = sum(row[1] for row in rows), sum(row[2] for row in rows)
    table.add_row("total", *_footprint_cells(flash_total), *_footprint_cells(ram_total), style="bold")
    return table


def _taken(check: Check) -> RenderableType:
    """A bar where less is better, so that one of what is taken makes sense."""
    if not facts.lower_is_better(check):
        return Text("goal")
    return Gauge(check.measured / check.limit if check.limit else 0.0)


def _with_goal(check: Check) -> str:
    return f"{'≤' if facts.lower_is_better(check) else '≥'} {units.check_value(check, check.limit)}"


def _sizes(table: Table, name: str, total: int, parts: Sequence[tuple[str, int]]) -> None:
    table.add_row(name, units.kib(total), units.exact_beside(total), style="bold")
    for part, size_bytes in parts:
        share = units.percent(size_bytes / total) if total else ""
        told = ", ".join(filter(None, (units.exact_beside(size_bytes), share)))
        table.add_row(f"  {part}", units.kib(size_bytes), told)


def _operator_cells(operator: OperatorCost, total_cycles: int) -> tuple[RenderableType, ...]:
    name = Text(f"{operator.index} {units.one_line(operator.kind)}")
    code = f"code {units.count(operator.code_bytes)} B" if operator.code_bytes else ""
    if details := "; ".join(filter(None, (code, readable(operator.name)))):
        name.append(f"\n  {details}", "dim")
    name.no_wrap, name.overflow = True, "ellipsis"  # the name gives way at once; figures are never cut
    return (
        name,
        units.count(operator.macs),
        units.count(operator.weight_bytes),
        units.count(operator.instructions),
        units.count(operator.cycles),
        f"{operator.cycles / operator.macs:.2f}" if operator.macs else units.NOTHING,
        units.percent(operator.cycles / total_cycles) if total_cycles else units.NOTHING,
    )


def _footprint_cells(size_bytes: int) -> tuple[str, str]:
    return units.kib(size_bytes), units.count(size_bytes)
