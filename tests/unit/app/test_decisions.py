"""Decisions of streams held against their events: the score that a rule finds, the curve, and whose stream is whose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.app.decisions import Judge
from mlforge.app.streams import Stream, _of_split
from mlforge.contract.streams import DecisionSpec, FalseAccepts, StreamSpec
from mlforge.data.long_recordings import LongRecording
from mlforge.decision import fit_decision
from mlforge.features.pipeline import Pipeline
from mlforge.measure.events import Event
from mlforge.records.quality import Split

CLASSES = ("noise", "yes")
PIPELINE = cast(Pipeline, SimpleNamespace(frames_for=lambda inputs: 100 + (inputs - 1) * 50, input_hop=50))
# One event in each of 20 windows of 50 frames; every second is loud, and two windows without one are.
LOUD, SOFT, FALSE = 100, 40, 60


def judge(common: DecisionSpec | FalseAccepts | None) -> Judge:
    spec = StreamSpec(common=common, background=("noise",))
    scores = np.full((200, 2), -100, np.int8)
    events = []
    for index in range(20):
        at = 10 * index
        scores[at, 1] = LOUD if index % 2 else SOFT
        events.append(Event(1, 50 * at + 50, 50 * at + 100))
    scores[5, 1] = scores[25, 1] = FALSE
    scores[:, 0] = np.where(scores[:, 1] > 0, -100, 0)
    return Judge(
        spec=spec,
        decision=fit_decision(spec, CLASSES, 1 / 256, -128, 0),
        pipeline=PIPELINE,
        streams=(Stream(np.zeros((36_000, 1), np.float32), tuple(events)),),
        scores=(cast("NDArray[np.int8]", scores),),
        rate_hz=10,
        tolerance_us=0.0,
        classes=CLASSES,
    )


def test_what_a_number_finds() -> None:
    found = judge(DecisionSpec((50 + 128) / 256, (50 + 128) / 256)).judged(Split.TEST)
    assert (found.events, found.hits, found.false_accepts, found.hours, found.enter) == (20, 10, 2, 1.0, 50)


@pytest.mark.parametrize(("per_hour", "recall", "enter"), [(1, 0.5, LOUD), (1.9, 0.5, LOUD), (2, 1.0, SOFT)])
def test_a_rule_finds_the_most_recall_at_its_rate_and_of_equals_the_highest_score(
    per_hour: float, recall: float, enter: int
) -> None:
    rule = FalseAccepts(per_hour)
    held = judge(rule)
    assert held.enter_for(rule) == enter
    found = held.judged(Split.VALIDATE, enter)
    assert found.recall == recall and found.false_accepts_per_hour <= per_hour


def test_the_curve_goes_from_nothing_to_all() -> None:
    curve = judge(FalseAccepts(1)).judged(Split.VALIDATE, 0).curve
    assert [point.enter for point in curve] == sorted((point.enter for point in curve), reverse=True)
    assert (curve[0].recall, curve[0].false_accepts_per_hour) == (0.0, 0.0)
    assert max(point.recall for point in curve) == 1.0


def test_a_window_may_see_an_event_as_long_as_it_reaches() -> None:
    spec = replace(judge(None), tolerance_us=None)
    assert spec.tolerance == 100
    waiting = replace(spec, decision=replace(spec.decision, smoothing=3, consecutive=2))
    assert waiting.tolerance == 100 + 3 * 50


def test_a_long_recording_is_of_the_split_of_its_group() -> None:
    groups = np.array(["anna", "ben", "cleo"])
    dataset: Any = SimpleNamespace(groups=groups)
    splits: Any = SimpleNamespace(train=np.array([0]), validate=np.array([1]), test=np.array([2]))
    names = ("anna_1", "ben_1", "cleo_1", "dora_1", "emil_1", "fred_1")
    found = [LongRecording(Path(name), name.split("_")[0], np.zeros((1, 1), np.float32), ()) for name in names]
    mine = {split: [one.group for one in _of_split(found, dataset, splits, split)] for split in Split}
    assert mine[Split.VALIDATE] == ["ben", "dora", "fred"]
    assert mine[Split.TEST] == ["cleo", "emil"]
