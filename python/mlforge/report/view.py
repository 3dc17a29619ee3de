"""What the HTML page says, as data: every sentence, figure and picture, ready for the templates to lay out.

Knows records and plots; knows no markup. Text from outside (names, labels, logs) is only cleaned here; the templates
escape it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlforge.records.architecture import Architecture
from mlforge.records.cost import Cost
from mlforge.records.lock import Lock
from mlforge.records.quality import Metric, Quality, Stage
from mlforge.records.trial import State, Trial
from mlforge.records.verdict import Check, Verdict
from mlforge.report import facts, layers, plots, units


@dataclass(frozen=True, slots=True)
class Subject:
    """The one candidate that the page is about: the winner, or the nearest miss, or nothing at all."""

    number: int | None
    architecture: Architecture | None
    cost: Cost | None
    qualities: tuple[Quality, ...]
    verdict: Verdict | None
    parameters: Mapping[str, object]
    role: str  # "the winner" and the like


@dataclass(frozen=True, slots=True)
class Headline:
    kind: str  # met, missed or none
    verdict: str
    sentence: str


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
    examples: str
    groups: str


@dataclass(frozen=True, slots=True)
class OperatorRow:
    index: int
    kind: str
    name: str
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
    chosen: bool


@dataclass(frozen=True, slots=True)
class Fact:
    name: str
    value: str
    code: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    name: str
    headline: Headline
    facts: tuple[Fact, ...]
    subject: str  # "the winner, trial 17"
    checks: tuple[CheckRow, ...]
    quality_rows: tuple[QualityRow, ...]
    quality_note: str
    stages: plots.DotPlot | None
    spreads: tuple[plots.DotPlot, ...]
    cost_facts: tuple[Fact, ...]
    cost_method: str
    stacks: tuple[plots.Stack, ...]
    operators: tuple[OperatorRow, ...]
    search_facts: tuple[Fact, ...]
    search_note: str
    convergence: tuple[plots.Plot, ...]  # the same picture for wide and for narrow pages
    paretos: tuple[plots.Plot, ...]
    layers: tuple[layers.LayerRow, ...]
    layers_total: str
    architecture_id: str
    parameters: tuple[Fact, ...]
    trials: tuple[TrialRow, ...]
    trials_metric: str
    provenance: tuple[Fact, ...]
    tools: tuple[Fact, ...]
    command: str
    locked: bool


def build_page(
    lock: Lock | None,
    trials: Sequence[Trial],
    *,
    name: str,
    limits: Verdict | None,
    nearest: int | None,
    command: str,
    provenance: Mapping[str, str],
) -> Page:
    """Everything that the page shows. `nearest` is the number of the nearest miss, where the caller knows it better."""
    trials = sorted(trials, key=lambda trial: trial.number)
    checks = facts.checks_by_name(lock, trials, limits)
    metric = facts.primary_metric(checks, trials, lock)
    subject = _subject(lock, trials, nearest, metric)
    cost, architecture = subject.cost, subject.architecture
    rows = layers.layer_rows(architecture) if architecture else ()
    return Page(
        name=units.one_line(name, 120),
        headline=_headline(lock, subject, trials),
        facts=_head_facts(lock, subject, trials),
        subject=_subject_words(subject),
        checks=_check_rows(subject.verdict),
        quality_rows=_quality_rows(subject.qualities),
        quality_note=f"{_quality_note(subject.qualities)} {_opened(lock)}".strip(),
        stages=plots.stages(subject.qualities, metric, checks.get(metric)) if metric else None,
        spreads=_spreads(subject.qualities, metric, checks) if metric else (),
        cost_facts=_cost_facts(cost) if cost else (),
        cost_method=units.one_line(cost.method) if cost else "",
        stacks=_stacks(cost, checks) if cost else (),
        operators=_operator_rows(cost) if cost else (),
        search_facts=_search_facts(lock, trials),
        search_note=_tied(lock),
        convergence=_convergence(trials, metric, checks, subject.number),
        paretos=_paretos(trials, metric, checks, subject.number),
        layers=rows,
        layers_total=units.count(sum(row.parameters for row in rows)),
        architecture_id=architecture.id if architecture else "",
        parameters=tuple(Fact(units.one_line(key), units.one_line(str(value))) for key, value in _sorted(subject)),
        trials=tuple(_trial_row(trial, metric, trial.number == subject.number) for trial in trials),
        trials_metric=units.label(metric) if metric else "Quality",
        provenance=_provenance(lock, provenance),
        tools=tuple(Fact(units.one_line(tool), units.one_line(version)) for tool, version in _tools(lock)),
        command=units.one_line(command),
        locked=lock is not None,
    )


def _subject(lock: Lock | None, trials: Sequence[Trial], nearest: int | None, metric: Metric | None) -> Subject:
    if lock is not None:
        number = lock.study.winner
        parameters = next((trial.parameters for trial in trials if trial.number == number), {})
        return Subject(number, lock.architecture, lock.cost, lock.qualities, lock.verdict, parameters, "the winner")
    named = next((trial for trial in trials if trial.number == nearest), None)
    trial = named or facts.candidate(trials, metric)
    if trial is None:
        return Subject(None, None, None, (), None, {}, "")
    role = "the best so far" if facts.meets(trial) else "the nearest miss"
    design = trial.architecture, trial.cost, trial.qualities, trial.verdict, trial.parameters
    return Subject(trial.number, *design, role)


def _sorted(subject: Subject) -> list[tuple[str, object]]:
    return sorted(subject.parameters.items())


def _subject_words(subject: Subject) -> str:
    return "" if subject.number is None else f"{subject.role}, trial {subject.number}"


def _headline(lock: Lock | None, subject: Subject, trials: Sequence[Trial]) -> Headline:
    binding = subject.verdict.binding if subject.verdict else None
    if lock is not None and lock.verdict.met:
        sentence = f"Trial {subject.number} won."
        if binding is not None:
            sentence += f" Tightest: {_state_of(binding)}."
        return Headline("met", "Contract met", sentence)
    if subject.number is None:
        counts = facts.state_counts(trials)
        ended = f"{counts[State.FAILED]} of {len(trials)} trials failed" if trials else "No trial has been run"
        return Headline("none", "No verdict", f"{ended}; nothing could be held against the contract.")
    if subject.role == "the best so far":
        words = f"Trial {subject.number} meets the contract on validation data; the test data are still sealed."
        return Headline("none", "No winner yet", words)
    sentence = f"{subject.role.capitalize()} is trial {subject.number}."
    if lock is not None:
        sentence = f"Trial {subject.number} won on validation data, but misses the contract in its final figures."
    if binding is not None and not binding.met:
        sentence += f" Binding: {_state_of(binding)}."
    return Headline("missed", "Contract not met", sentence)


def _state_of(check: Check) -> str:
    measured, limit = units.check_short(check, check.measured), units.check_short(check, check.limit)
    return f"{units.label(check.name)}, {measured} against {limit}, {units.margin(check)}"


def _head_facts(lock: Lock | None, subject: Subject, trials: Sequence[Trial]) -> tuple[Fact, ...]:
    found = []
    if subject.cost is not None:
        found.append(Fact("Target", f"{units.one_line(subject.cost.target)} ({units.one_line(subject.cost.core)})"))
        found.append(Fact("Timing", units.one_line(subject.cost.method)))
    if lock is not None:
        found.append(Fact("Model", f"{units.one_line(lock.model.path)}, {units.size(lock.model.size_bytes)}"))
        found.append(Fact("Classes", ", ".join(units.one_line(label, 60) for label in lock.classes)))
    counts = facts.state_counts(trials)
    found.append(Fact("Trials", ", ".join(f"{counts[state]} {state}" for state in State if counts[state]) or "none"))
    return tuple(fact for fact in found if fact.value)


def _check_rows(verdict: Verdict | None) -> tuple[CheckRow, ...]:
    if verdict is None:
        return ()
    rows = []
    for check in verdict.checks:
        span = max(check.limit * 1.25, check.measured)
        drawable = span > 0 and math.isfinite(check.limit) and math.isfinite(check.measured)
        fill, mark = (check.measured / span, check.limit / span) if drawable else (0.0, 0.0)
        rows.append(
            CheckRow(
                name=units.label(check.name),
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


def _quality_rows(qualities: Sequence[Quality]) -> tuple[QualityRow, ...]:
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
                QualityRow(split, units.label(metric), tuple(cells), change, units.count(last.examples), groups)
            )
    return tuple(rows)


def _quality_note(qualities: Sequence[Quality]) -> str:
    if not qualities:
        return ""
    if any(quality.groups >= 2 for quality in qualities):
        return "± is one standard error; whole groups, such as people or machines, count as the independent samples."
    return "± is one standard error; single examples count as the independent samples."


def _opened(lock: Lock | None) -> str:
    """How honest the test figures are: the test data should have been opened once, for the winner."""
    if lock is None or not lock.study.test_opened_for:
        return ""
    if lock.study.test_opened_for == (lock.study.winner,):
        return "The test data were opened once, for the winner."
    numbers = ", ".join(str(number) for number in lock.study.test_opened_for)
    return f"The test data were opened for trials {numbers}, so the test figures are less honest than one opening's."


def _spreads(qualities: Sequence[Quality], metric: Metric, checks: Mapping[str, Check]) -> tuple[plots.DotPlot, ...]:
    """One dot plot for each kind of stratum, on the most honest split that was measured."""
    for split in facts.SPLITS[:2]:
        last = next((q for s in reversed(facts.STAGES) if (q := facts.find_quality(qualities, s, split, metric))), None)
        if last is None or not last.strata:
            continue
        host = facts.find_quality(qualities, Stage.FP32_HOST, split, metric)
        by_key = _by_key(last.strata)
        host_by_key = _by_key(host.strata if host is not None and host is not last else {})
        return tuple(
            plots.spread(f"spread-{index}", key, by_key[key], host_by_key.get(key, {}), metric, checks.get(metric))
            for index, key in enumerate(sorted(by_key))
        )
    return ()


def _by_key(strata: Mapping[str, float]) -> dict[str, dict[str, float]]:
    """`{"subject=7": 0.8}` as `{"subject": {"7": 0.8}}`."""
    found: dict[str, dict[str, float]] = {}
    for name, value in strata.items():
        key, _, stratum = name.partition("=")
        found.setdefault(key, {})[stratum] = value
    return found


def _cost_facts(cost: Cost) -> tuple[Fact, ...]:
    method = units.one_line(cost.method)
    found = [
        Fact("Flash", units.size(cost.flash.total)),
        Fact("RAM", units.size(cost.ram.total)),
        Fact("Stack, deepest", units.size(cost.stack_bytes)),
        Fact("Latency, worst", f"{units.time(cost.total_latency_us)} ({method})"),
        Fact(
            "of which model",
            f"{units.time(cost.latency_us)}; {units.work(cost.instructions, cost.cycles, cost.method)}",
        ),
    ]
    if cost.feature_instructions or cost.feature_cycles:
        work = units.work(cost.feature_instructions, cost.feature_cycles, cost.method)
        found.append(Fact("of which features", f"{units.time(cost.feature_latency_us)}; {work}"))
    return tuple(found)


def _stacks(cost: Cost, checks: Mapping[str, Check]) -> tuple[plots.Stack, ...]:
    flash, ram = cost.flash, cost.ram
    flash_parts = (
        ("weights", "part-a", flash.weights),
        ("generated code", "part-b", flash.code),
        ("kernels", "part-c", flash.kernels),
        ("features", "part-d", flash.features),
        ("other", "part-e", flash.other),
    )
    ram_parts = (("arena", "part-a", ram.arena), ("features", "part-d", ram.features), ("other", "part-e", ram.other))
    return (
        plots.stack("flash", flash_parts, flash.total, checks.get("flash")),
        plots.stack("ram", ram_parts, ram.total, checks.get("ram")),
    )


def _operator_rows(cost: Cost) -> tuple[OperatorRow, ...]:
    total = sum(operator.cycles for operator in cost.operators)
    most = max((operator.cycles for operator in cost.operators), default=0)
    return tuple(
        OperatorRow(
            index=operator.index,
            kind=units.one_line(operator.kind, 40),
            name=units.one_line(operator.name, 80),
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


def _search_facts(lock: Lock | None, trials: Sequence[Trial]) -> tuple[Fact, ...]:
    counts = facts.state_counts(trials)
    found = [Fact(f"{state}", units.count(counts[state])) for state in State]
    saved = facts.saved_seconds(lock, trials)
    if saved is not None:
        found.append(Fact("training not spent (estimated)", units.duration(saved)))
    spent = _training_seconds(lock, trials)
    if spent:
        found.append(Fact("training spent", units.duration(spent)))
    return tuple(found)


def _training_seconds(lock: Lock | None, trials: Sequence[Trial]) -> float:
    return lock.study.training_seconds if lock else sum(trial.seconds.get("train", 0.0) for trial in trials)


def _tied(lock: Lock | None) -> str:
    if lock is None or not lock.study.tied:
        return ""
    numbers = ", ".join(str(number) for number in lock.study.tied)
    plural = len(lock.study.tied) > 1
    return f"The validation data cannot tell {'trials' if plural else 'trial'} {numbers} from the winner."


def _convergence(
    trials: Sequence[Trial], metric: Metric | None, checks: Mapping[str, Check], chosen: int | None
) -> tuple[plots.Plot, ...]:
    if metric is None or not trials:
        return ()
    goal = checks.get(metric)
    return (
        plots.convergence(trials, metric, goal, chosen, width=1080, name="convergence-wide"),
        plots.convergence(trials, metric, goal, chosen, width=390, name="convergence-narrow"),
    )


def _paretos(
    trials: Sequence[Trial], metric: Metric | None, checks: Mapping[str, Check], chosen: int | None
) -> tuple[plots.Plot, ...]:
    if metric is None or not any(trial.cost for trial in trials):
        return ()
    return tuple(plots.pareto(trials, metric, resource, checks, chosen) for resource in plots.RESOURCES)


def _trial_row(trial: Trial, metric: Metric | None, chosen: bool) -> TrialRow:
    quality, cost = facts.search_quality(trial, metric), trial.cost
    met = facts.meets(trial)
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
        chosen=chosen,
    )


def _provenance(lock: Lock | None, more: Mapping[str, str]) -> tuple[Fact, ...]:
    given = tuple(Fact(units.one_line(name), units.one_line(value)) for name, value in more.items())
    if lock is None:
        return given
    return (
        Fact("contract, SHA-256", units.one_line(lock.contract_sha256), code=True),
        Fact("data, SHA-256", units.one_line(lock.data_sha256), code=True),
        Fact("model, SHA-256", units.one_line(lock.model.sha256), code=True),
        Fact("architecture", lock.architecture.id, code=True),
        Fact("proposer", units.one_line(lock.study.proposer)),
        Fact("seed", str(lock.study.seed)),
        *given,
    )


def _tools(lock: Lock | None) -> list[tuple[str, str]]:
    return sorted(lock.tools.items()) if lock else []
