"""What the HTML page says, as data: every sentence, figure and picture, ready for the templates to lay out.

Knows records and pictures; knows no markup. Text from outside (names, labels, logs) is only cleaned here; the
templates escape it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlforge.app.interference import noted_interference
from mlforge.contract.chain_text import chain_text
from mlforge.contract.contract import Contract
from mlforge.errors import ArchitectureError
from mlforge.measure.advice import advice
from mlforge.measure.ranking import listed
from mlforge.records.architecture import Architecture
from mlforge.records.baseline import Baseline
from mlforge.records.cost import Cost
from mlforge.records.data_summary import Inspection
from mlforge.records.evidence import Evidence
from mlforge.records.lock import Lock
from mlforge.records.quality import Metric, Quality, Stage
from mlforge.records.trial import State, Trial
from mlforge.records.verdict import Check, Verdict
from mlforge.report import arena, classes, dot_plots, facts, layers, model_plots, search_plots, stacks, units
from mlforge.report.class_section import (
    BaselineRow,
    ClassesSection,
    FoldRow,
    MistakeRow,
    baseline_rows,
    classes_section,
    fold_rows,
    mistake_rows,
    mistakes_note,
)
from mlforge.report.comparison import CostRow, cost_rows
from mlforge.report.data_section import DataSection, data_section
from mlforge.report.energy import EnergySection, energy_section
from mlforge.report.events_section import EventRow, det, event_rows
from mlforge.report.rows import (
    CheckRow,
    Fact,
    OperatorRow,
    QualityRow,
    RobustnessRow,
    ThresholdRow,
    TrialRow,
    check_rows,
    operator_rows,
    quality_rows,
    robustness_rows,
    threshold_rows,
    trial_row,
)
from mlforge.report.scheduling import SchedulingSection, scheduling_section
from mlforge.report.subject import Headline, Subject, find_subject, head_facts, headline, subject_words
from mlforge.report.variants import AttemptRow, RangeRow, attempt_rows, range_rows, ranges_sentence
from mlforge.search.objectives import front


@dataclass(frozen=True, slots=True)
class Page:
    name: str
    headline: Headline
    facts: tuple[Fact, ...]
    subject: str  # "the winner, trial 17"
    checks: tuple[CheckRow, ...]
    next_steps: tuple[str, ...]
    data: DataSection | None
    quality_rows: tuple[QualityRow, ...]
    quality_note: str
    figures: tuple[classes.FigureRow, ...]
    classes: ClassesSection | None
    folds: tuple[FoldRow, ...]
    folds_note: str
    baselines: tuple[BaselineRow, ...]
    baselines_note: str
    robustness: tuple[RobustnessRow, ...]
    thresholds: tuple[ThresholdRow, ...]
    learning: search_plots.Plot | None
    answers: tuple[search_plots.Plot, ...]  # ROC, histogram of scores, scatter: what the task has
    mistakes: tuple[MistakeRow, ...]
    mistakes_note: str
    arena: arena.Timeline | None
    events: tuple[EventRow, ...]
    det: search_plots.Plot | None
    stages: dot_plots.DotPlot | None
    spreads: tuple[dot_plots.DotPlot, ...]
    attempts: tuple[AttemptRow, ...]
    ranges: tuple[RangeRow, ...]
    ranges_note: str
    cost_facts: tuple[Fact, ...]
    energy: EnergySection | None
    scheduling: SchedulingSection | None
    cost_method: str
    comparison: tuple[CostRow, ...]  # with the image of the application, where the winner was measured there
    compared: tuple[str, str]  # the two targets
    stacks: tuple[stacks.Stack, ...]
    operators: tuple[OperatorRow, ...]
    search_facts: tuple[Fact, ...]
    search_note: str
    convergence: tuple[search_plots.Plot, ...]  # the same picture for wide and for narrow pages
    paretos: tuple[search_plots.Plot, ...]
    layers: tuple[layers.LayerRow, ...]
    layers_total: str
    chain: str  # of the features
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
    data: Inspection | None = None,
    contract: Contract | None = None,
    baselines: Sequence[Baseline] = (),
    evidence: Evidence | None = None,
) -> Page:
    """Everything that the page shows. `nearest` is the number of the nearest miss, where the caller knows it better."""
    trials = sorted(trials, key=lambda trial: trial.number)
    checks = facts.checks_by_name(lock, trials, limits)
    metric = facts.primary_metric(checks, trials, lock)
    subject = find_subject(lock, trials, nearest)
    cost, architecture = subject.cost, subject.architecture
    rows = layers.layer_rows(architecture) if architecture else ()
    return Page(
        name=units.one_line(name, 120),
        headline=headline(lock, subject, trials),
        facts=head_facts(lock, subject, trials),
        subject=subject_words(subject),
        checks=check_rows(subject.verdict),
        next_steps=tuple(units.one_line(each, 400) for each in (advice(contract, trials) if contract else ())),
        data=data_section(data) if data else None,
        quality_rows=quality_rows(subject.qualities),
        quality_note=f"{_quality_note(subject.qualities)} {facts.opened_words(lock)}".strip(),
        figures=classes.figure_rows(subject.qualities),
        classes=classes_section(subject.qualities),
        folds=fold_rows(lock.folds if lock else None),
        folds_note=facts.folds_words(lock.folds if lock else None),
        baselines=baseline_rows(lock.baselines if lock else baselines),
        baselines_note=facts.baseline_words(lock.baselines if lock else baselines),
        robustness=robustness_rows(lock.robustness) if lock else (),
        thresholds=threshold_rows(lock.thresholds) if lock else (),
        learning=model_plots.learning_curves(subject.history),
        answers=_answers(subject.qualities, evidence, lock),
        mistakes=mistake_rows(evidence),
        mistakes_note=mistakes_note(evidence),
        arena=arena.timeline(architecture, cost.core) if architecture and cost else None,
        events=event_rows(subject.events),
        det=det(subject.events, checks),
        stages=dot_plots.stages(subject.qualities, metric, checks.get(metric)) if metric else None,
        spreads=_spreads(subject.qualities, metric, checks) if metric else (),
        attempts=attempt_rows(subject.attempts),
        ranges=range_rows(lock.ranges) if lock else (),
        ranges_note=ranges_sentence(lock.ranges) if lock else "",
        cost_facts=_cost_facts(cost) if cost else (),
        energy=energy_section(contract, lock.confirmed or cost if lock else cost),
        scheduling=scheduling_section(noted_interference(contract) if contract else None),
        cost_method=units.one_line(cost.method) if cost else "",
        comparison=cost_rows(cost, lock.confirmed) if cost and lock and lock.confirmed else (),
        compared=_compared(lock),
        stacks=_stacks(cost, checks) if cost else (),
        operators=operator_rows(cost) if cost else (),
        search_facts=_search_facts(lock, trials),
        search_note=" ".join(filter(None, (facts.choice_words(lock), _front(trials, metric), _agent(trials)))),
        convergence=_convergence(trials, metric, checks, subject.number),
        paretos=_paretos(trials, metric, checks, subject.number),
        layers=rows,
        layers_total=units.count(sum(row.parameters for row in rows)),
        chain=_chain(contract, architecture),
        architecture_id=architecture.id if architecture else "",
        parameters=tuple(Fact(units.one_line(key), units.one_line(str(value))) for key, value in _sorted(subject)),
        trials=tuple(trial_row(trial, metric, trial.number == subject.number) for trial in trials),
        trials_metric=units.label(metric) if metric else "Quality",
        provenance=_provenance(lock, provenance),
        tools=tuple(Fact(units.one_line(tool), units.one_line(version)) for tool, version in _tools(lock)),
        command=units.one_line(command),
        locked=lock is not None,
    )


def _answers(
    qualities: Sequence[Quality], evidence: Evidence | None, lock: Lock | None
) -> tuple[search_plots.Plot, ...]:
    threshold = lock.thresholds[0].value if lock and lock.thresholds else None
    drawn = model_plots.roc(qualities), model_plots.histogram(evidence, threshold), model_plots.scatter(evidence)
    return tuple(plot for plot in drawn if plot is not None)


def _compared(lock: Lock | None) -> tuple[str, str]:
    if lock is None or lock.confirmed is None:
        return "", ""
    return units.one_line(lock.cost.target), units.one_line(lock.confirmed.target)


def _sorted(subject: Subject) -> list[tuple[str, object]]:
    return sorted(subject.parameters.items())


def _quality_note(qualities: Sequence[Quality]) -> str:
    if not qualities:
        return ""
    if not any(quality.groups for quality in qualities):
        return "± is one standard error; single examples count as the independent samples."
    words = "± is one standard error; whole groups, such as people or machines, count as the independent samples."
    fewest = min((quality for quality in qualities if quality.groups), key=lambda quality: quality.groups)
    return f"{words} {facts.few_groups(fewest)}".strip()


def _spreads(
    qualities: Sequence[Quality], metric: Metric, checks: Mapping[str, Check]
) -> tuple[dot_plots.DotPlot, ...]:
    """One dot plot for each kind of stratum, on the most honest split that was measured."""
    for split in facts.SPLITS[:2]:
        last = next((q for s in reversed(facts.STAGES) if (q := facts.find_quality(qualities, s, split, metric))), None)
        if last is None or not last.strata:
            continue
        host = facts.find_quality(qualities, Stage.FP32_HOST, split, metric)
        by_key = _by_key(last.strata)
        goal = checks.get(f"worst {metric}", checks.get(metric))
        host_by_key = _by_key(host.strata if host is not None and host is not last else {})
        return tuple(
            dot_plots.spread(f"spread-{index}", key, by_key[key], host_by_key.get(key, {}), metric, goal)
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


def _chain(contract: Contract | None, architecture: Architecture | None) -> str:
    """The features in front of the network; empty where nobody knows, or where the contract has others by now."""
    if contract is None or architecture is None:
        return ""
    try:
        return units.one_line(chain_text(contract.front_end(architecture.front_end).stages), 1000)
    except ArchitectureError:
        return ""


def _cost_facts(cost: Cost) -> tuple[Fact, ...]:
    found = [
        Fact("Flash", units.size(cost.flash.total)),
        Fact("RAM", units.size(cost.ram.total)),
        Fact("Stack, deepest", units.size(cost.stack_bytes)),
        Fact("Latency, worst", units.time(cost.total_latency_us)),
        Fact(
            "of which model",
            f"{units.time(cost.latency_us)}; {units.work(cost.instructions, cost.cycles, cost.method)}",
        ),
    ]
    if cost.feature_instructions or cost.feature_cycles or cost.feature_latency_us:
        work = units.work(cost.feature_instructions, cost.feature_cycles, cost.method)
        found.append(Fact("of which features", f"{units.time(cost.feature_latency_us)}; {work}"))
    if cost.stream is not None and cost.cpu is not None:
        found.append(Fact("CPU", units.cpu(cost.cpu, cost.stream)))
    return tuple(found)


def _stacks(cost: Cost, checks: Mapping[str, Check]) -> tuple[stacks.Stack, ...]:
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
        stacks.stack("flash", flash_parts, flash.total, checks.get("flash")),
        stacks.stack("ram", ram_parts, ram.total, checks.get("ram")),
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


def _front(trials: Sequence[Trial], metric: Metric | None) -> str:
    numbers = front(trials, metric) if metric else ()
    if len(numbers) < 2:
        return ""
    words = "form the Pareto front of quality, flash, RAM and latency: none is beaten in all four."
    return f"Trials {listed(numbers)} {words}"


def _agent(trials: Sequence[Trial]) -> str:
    """What an agent did in the study; empty where there was none."""
    own = sum(trial.proposer == "agent" for trial in trials)
    lost = [trial for trial in trials if trial.handed_over]
    words = f"The agent proposed {own} of {len(trials)} trials." if own or lost else ""
    if lost:
        words += f" It handed over {len(lost)}, the first of them trial {lost[0].number}: "
        words += units.one_line(lost[0].handed_over, 300).rstrip(".") + "."
    return words


def _convergence(
    trials: Sequence[Trial], metric: Metric | None, checks: Mapping[str, Check], chosen: int | None
) -> tuple[search_plots.Plot, ...]:
    if metric is None or not trials:
        return ()
    goal = checks.get(metric)
    return (
        search_plots.convergence(trials, metric, goal, chosen, width=1080, name="convergence-wide"),
        search_plots.convergence(trials, metric, goal, chosen, width=390, name="convergence-narrow"),
    )


def _paretos(
    trials: Sequence[Trial], metric: Metric | None, checks: Mapping[str, Check], chosen: int | None
) -> tuple[search_plots.Plot, ...]:
    if metric is None or not any(trial.cost for trial in trials):
        return ()
    return tuple(search_plots.pareto(trials, metric, resource, checks, chosen) for resource in search_plots.RESOURCES)


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
