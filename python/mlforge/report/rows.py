"""The rows of the page's tables, every figure spelt out. Knows records; no markup."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mlforge.measure.ranking import meets
from mlforge.records.cost import Cost
from mlforge.records.quality import Metric, Quality
from mlforge.records.robustness import Robustness
from mlforge.records.threshold import Threshold
from mlforge.records.trial import State, Trial
from mlforge.records.verdict import Verdict
from mlforge.report import facts, layers, units
from mlforge.report.names import readable


@dataclass(frozen=True, slots=True)
class Fact:
    name: str
    value: str
    code: bool = False


@dataclass(frozen=True, slots=True)
class CheckRow:
    name: str
    hard: bool
    measured: str
    limit: str
    met: bool
    margin: str
    fill: float  # percent of the bar that the measured figure takes
    mark: float  # where the limit stands, in percent of the bar
    binding: bool


@dataclass(frozen=True, slots=True)
class QualityRow:
    split: str
    metric: str
    cells: tuple[str, ...]  # one for each stage
    change: str  # from FP32 on the host to the last stage
    sure: str  # the 95 % interval of the last stage
    examples: str
    groups: str


@dataclass(frozen=True, slots=True)
class RobustnessRow:
    words: str
    quality: str
    change: str


@dataclass(frozen=True, slots=True)
class ThresholdRow:
    name: str
    value: str
    split: str
    false_alarms: str
    detected: str


@dataclass(frozen=True, slots=True)
class OperatorRow:
    index: int
    kind: str
    name: str
    full_name: str  # as the converter joined it
    macs: str
    weights: str
    instructions: str
    cycles: str
    cycles_per_mac: str
    share: str
    fill: float


@dataclass(frozen=True, slots=True)
class TrialRow:
    number: int
    state: str  # the style class: met, unmet, rejected, failed
    outcome: str
    design: str
    quality: str
    flash: str
    ram: str
    latency: str
    reason: str
    log: str
    said: str  # by a language model about its proposal, or of one that did not propose
    chosen: bool


def check_rows(verdict: Verdict | None) -> tuple[CheckRow, ...]:
    if verdict is None:
        return ()
    rows = []
    for check in verdict.checks:
        span = max(check.limit * 1.25, check.measured)
        drawable = span > 0 and math.isfinite(check.limit) and math.isfinite(check.measured)
        fill, mark = (check.measured / span, check.limit / span) if drawable else (0.0, 0.0)
        rows.append(
            CheckRow(
                name=units.label(check.name) + (f" ({units.one_line(check.where, 60)})" if check.where else ""),
                hard=check.hard,
                measured=units.check_value(check, check.measured),
                limit=units.check_value(check, check.limit),
                met=check.met,
                margin=units.margin(check),
                fill=round(max(fill, 0.0) * 100, 1),
                mark=round(max(mark, 0.0) * 100, 1),
                binding=check is verdict.binding,
            )
        )
    return tuple(rows)


def quality_rows(qualities: Sequence[Quality]) -> tuple[QualityRow, ...]:
    rows = []
    for split in facts.SPLITS:
        for metric in Metric:
            staged = [facts.find_quality(qualities, stage, split, metric) for stage in facts.STAGES]
            present = [quality for quality in staged if quality is not None]
            if not present:
                continue
            cells = [units.score_with_error(q.value, q.standard_error) if q else units.NOTHING for q in staged]
            first, last = staged[0], present[-1]
            change = (
                units.signed(last.value - first.value) if first is not None and last is not first else units.NOTHING
            )
            groups = units.count(last.groups) if last.groups else units.NOTHING
            rows.append(
                QualityRow(
                    split=split,
                    metric=units.label(metric),
                    cells=tuple(cells),
                    change=change,
                    sure=facts.interval_words(last),
                    examples=units.count(last.examples),
                    groups=groups,
                )
            )
    return tuple(rows)


def robustness_rows(rows: Sequence[Robustness]) -> tuple[RobustnessRow, ...]:
    return tuple(
        RobustnessRow(
            words=facts.disturbance_words(row.disturbance, row.magnitude),
            quality=units.score_with_error(row.value, row.standard_error),
            change=units.signed_with_error(row.change, row.change_error),
        )
        for row in rows
    )


def threshold_rows(thresholds: Sequence[Threshold]) -> tuple[ThresholdRow, ...]:
    return tuple(
        ThresholdRow(
            name=units.one_line(each.name, 40),
            value=f"{each.value:.4g}",
            split=rates.split,
            false_alarms=f"{units.percent(rates.false_alarms)} of {units.count(rates.normal)} normal",
            detected=f"{units.percent(rates.detected)} of {units.count(rates.anomalous)} anomalous",
        )
        for each in thresholds
        for rates in each.rates
    )


def operator_rows(cost: Cost) -> tuple[OperatorRow, ...]:
    total = sum(operator.cycles for operator in cost.operators)
    most = max((operator.cycles for operator in cost.operators), default=0)
    return tuple(
        OperatorRow(
            index=operator.index,
            kind=units.one_line(operator.kind, 40),
            name=readable(operator.name),
            full_name=units.one_line(operator.name, 200),
            macs=units.count(operator.macs),
            weights=units.exact_bytes(operator.weight_bytes),
            instructions=units.count(operator.instructions),
            cycles=units.count(operator.cycles),
            cycles_per_mac=f"{operator.cycles / operator.macs:.2f}" if operator.macs else units.NOTHING,
            share=units.percent(operator.cycles / total) if total else units.NOTHING,
            fill=round(100 * operator.cycles / most, 1) if most else 0.0,
        )
        for operator in cost.operators
    )


def trial_row(trial: Trial, metric: Metric | None, chosen: bool) -> TrialRow:
    quality, cost = facts.search_quality(trial, metric), trial.cost
    met = meets(trial)
    outcome = "trained, met" if met else "trained" if trial.verdict is None else "trained, not met"
    return TrialRow(
        number=trial.number,
        state=("met" if met else "unmet") if trial.state is State.TRAINED else str(trial.state),
        outcome=outcome if trial.state is State.TRAINED else str(trial.state),
        design=layers.summary(trial.architecture),
        quality=units.score_with_error(quality.value, quality.standard_error) if quality else units.NOTHING,
        flash=units.kib(cost.flash.total) if cost else units.NOTHING,
        ram=units.kib(cost.ram.total) if cost else units.NOTHING,
        latency=units.time(cost.total_latency_us) if cost else units.NOTHING,
        reason=facts.reason(trial),
        log=units.clean(trial.failure.log).strip() if trial.failure else "",
        said=facts.said(trial),
        chosen=chosen,
    )
