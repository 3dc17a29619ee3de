"""Decisions of one model: made by the C code of the target from the scores of streams, judged, and as C for a build."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.app.streams import Stream
from mlforge.contract.contract import Contract, Task
from mlforge.contract.streams import DecisionSpec, FalseAccepts, StreamSpec
from mlforge.data.labels import ANOMALY_CLASSES
from mlforge.decision import decide, emit_decision, fit_decision
from mlforge.decision.fit import HIGHEST, LOWEST
from mlforge.errors import LockError
from mlforge.features.pipeline import Pipeline
from mlforge.measure.events import Found, Tally, quality_of, tally
from mlforge.records.decision import Decision
from mlforge.records.events import EventQuality, Operating
from mlforge.records.lock import Lock
from mlforge.records.program import Program
from mlforge.records.quality import Split

CURVE_STEP: Final = 4  # int8 scores between two points of the curve


def decision_of(
    contract: Contract,
    pipeline: Pipeline,
    classes: Sequence[str],
    scale: float,
    zero_point: int,
    enter: int | None = None,
) -> Decision | None:
    """The contract's decision for a model whose output has that quantisation; None where the contract has none. Raises
    DataError."""
    if contract.decision is None:
        return None
    anomaly = contract.task is Task.ANOMALY
    rate_hz = pipeline.rate_hz or (contract.data.signal.rate_hz if contract.data.signal else 0)
    hop_us = pipeline.input_hop * 1e6 / rate_hz if rate_hz else 0.0
    given_bytes = pipeline.output_bytes if anomaly else 0
    names = ANOMALY_CLASSES if anomaly else classes
    return fit_decision(contract.decision, names, scale, zero_point, hop_us, enter, given_bytes)


def decision_files(contract: Contract, lock: Lock, pipeline: Pipeline, scale: float, zero_point: int) -> dict[str, str]:
    """`NAME_decision.c` and `.h` of a locked model; without tables where the contract has no decision.

    Raises:
        LockError: the contract has a rule that no study has followed.
    """
    decision = decision_of(contract, pipeline, lock.classes, scale, zero_point, found_enter(contract, lock))
    return emit_decision(decision, contract.name)


def with_decision(program: Program, decision: Decision | None) -> Program:
    """The program of a candidate with its decision, so that what this takes is measured, too."""
    if decision is None:
        return program
    sources = {**program.sources, **emit_decision(decision, program.name)}
    symbol = f"{program.name}_decision"
    return replace(program, sources=sources, decision_symbol=symbol, decision_header=f"{symbol}.h")


def found_enter(contract: Contract, lock: Lock) -> int | None:
    """The score that the study found by the contract's rule; None where there is no rule. Raises LockError."""
    rule = contract.decision.common if contract.decision else None
    if not isinstance(rule, FalseAccepts):
        return None
    found = next((each.enter for each in lock.events if each.split is Split.VALIDATE), None)
    if found is None or lock.decision_rule != rule.per_hour:
        raise LockError(
            f"the lock of {contract.app_dir} has no score by the rule {{false_accepts_per_hour: {rule.per_hour:g}}}",
            hint="`west mlforge optimise` finds it; or state a number for decision.enter in the contract",
        )
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Judge:
    """Holds decisions against the events of streams. `scores` has int8 [windows, classes] of each stream."""

    spec: StreamSpec
    decision: Decision
    pipeline: Pipeline
    streams: Sequence[Stream]
    scores: Sequence[NDArray[np.int8]]
    rate_hz: int
    tolerance_us: float | None
    classes: Sequence[str]

    def judged(self, split: Split, enter: int | None = None) -> EventQuality:
        """What the decision finds, by the score `enter` where one is given, with the curve of all."""
        now = self._own_enter() if enter is None else enter
        total = self._total(self.decision if enter is None else self._by(enter))
        curve = tuple(self._operating(each) for each in range(HIGHEST, LOWEST - 1, -CURVE_STEP))
        return replace(quality_of(total, split, self.hours), enter=now, curve=curve)

    def enter_for(self, rule: FalseAccepts) -> int:
        """The score of the most recall that keeps the rule, of equals the highest; where none does, the highest."""
        points = [self._operating(each) for each in range(HIGHEST, LOWEST - 1, -1)]
        kept = [point for point in points if point.false_accepts_per_hour <= rule.per_hour] or points[:1]
        return max(kept, key=lambda point: (point.recall, point.enter)).enter

    @property
    def hours(self) -> float:
        return sum(len(stream.signal) for stream in self.streams) / self.rate_hz / 3600

    @property
    def tolerance(self) -> int:
        """In frames: as long as a window, an average, and windows in a row may still see the event."""
        if self.tolerance_us is not None:
            return round(self.tolerance_us * 1e-6 * self.rate_hz)
        waits = self.decision.smoothing + self.decision.consecutive - 2
        return self.pipeline.frames_for(1) + waits * self.pipeline.input_hop

    def _own_enter(self) -> int | None:
        common = self.spec.common
        if not isinstance(common, DecisionSpec):
            return None
        own = [index for index, name in enumerate(self.classes) if name not in self.spec.classes]
        return self.decision.thresholds[own[0]][0] if own else None

    def _by(self, enter: int) -> Decision:
        """The decision with another score for all classes without one of their own, and the same gap below it."""
        own = self._own_enter()
        pairs = []
        for name, (_, leave) in zip(self.classes, self.decision.thresholds, strict=True):
            gap = own - leave if own is not None else 0
            pairs.append((enter, max(LOWEST, enter - gap)) if name not in self.spec.classes else None)
        thresholds = tuple(new or old for new, old in zip(pairs, self.decision.thresholds, strict=True))
        return replace(self.decision, thresholds=thresholds)

    def _operating(self, enter: int) -> Operating:
        found = quality_of(self._total(self._by(enter)), Split.VALIDATE, self.hours)
        return Operating(enter, found.recall, found.false_accepts_per_hour)

    def _total(self, decision: Decision) -> Tally:
        total = Tally(0, 0, 0)
        for stream, scores in zip(self.streams, self.scores, strict=True):
            begun = decide(decision, scores)
            windows = np.flatnonzero(begun >= 0)
            frames = self.pipeline.frames_for(1) + windows * self.pipeline.input_hop
            total += tally(stream.events, Found(frames, begun[windows]), self.tolerance)
        return total
