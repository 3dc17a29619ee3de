"""The one candidate that the page is about: winner, best so far, nearest miss or none; and the headline.

Knows records; no markup.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlforge.measure.ranking import candidate, meets
from mlforge.records.architecture import Architecture
from mlforge.records.attempt import Attempt
from mlforge.records.cost import Cost
from mlforge.records.events import EventQuality
from mlforge.records.lock import Lock
from mlforge.records.quality import Quality
from mlforge.records.trial import Epoch, State, Trial
from mlforge.records.verdict import Check, Verdict
from mlforge.report import facts, units
from mlforge.report.rows import Fact


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
    attempts: tuple[Attempt, ...] = ()
    events: tuple[EventQuality, ...] = ()
    history: tuple[Epoch, ...] = ()


@dataclass(frozen=True, slots=True)
class Headline:
    kind: str  # met, missed or none
    verdict: str
    sentence: str


def find_subject(lock: Lock | None, trials: Sequence[Trial], nearest: int | None) -> Subject:
    if lock is not None:
        number = lock.study.winner
        parameters = next((trial.parameters for trial in trials if trial.number == number), {})
        figures = lock.architecture, lock.cost, lock.qualities, lock.verdict
        history = next((trial.history for trial in trials if trial.number == number), ())
        return Subject(number, *figures, parameters, "the winner", lock.attempts, lock.events, history)
    named = next((trial for trial in trials if trial.number == nearest), None)
    trial = named or candidate(trials)
    if trial is None:
        return Subject(None, None, None, (), None, {}, "")
    role = "the best so far" if meets(trial) else "the nearest miss"
    design = trial.architecture, trial.cost, trial.qualities, trial.verdict, trial.parameters
    events = (trial.events,) if trial.events else ()
    return Subject(trial.number, *design, role, trial.attempts, events, trial.history)


def subject_words(subject: Subject) -> str:
    return "" if subject.number is None else f"{subject.role}, trial {subject.number}"


def headline(lock: Lock | None, subject: Subject, trials: Sequence[Trial]) -> Headline:
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


def head_facts(lock: Lock | None, subject: Subject, trials: Sequence[Trial]) -> tuple[Fact, ...]:
    found = []
    if subject.cost is not None:
        found.append(Fact("Target", f"{units.one_line(subject.cost.target)} ({units.one_line(subject.cost.core)})"))
        found.append(Fact("Kernels", facts.KERNELS.get(subject.cost.prefer, "")))
    if lock is not None:
        found.append(Fact("Model", f"{units.one_line(lock.model.path)}, {units.size(lock.model.size_bytes)}"))
        found.append(Fact("Classes", ", ".join(units.one_line(label, 60) for label in lock.classes)))
    counts = facts.state_counts(trials)
    found.append(Fact("Trials", ", ".join(f"{counts[state]} {state}" for state in State if counts[state]) or "none"))
    return tuple(fact for fact in found if fact.value)
