"""Weights reused: of the best visible trial that agrees, on record, and part of what a training is remembered by."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlforge.contract import Task
from mlforge.records.architecture import Architecture, Dense, Head
from mlforge.records.trial import Epoch, Inherited, State, Trial
from mlforge.search.proposer import Proposal
from mlforge.study.draft_work import DraftWork
from mlforge.study.evaluate import Evaluator
from mlforge.study.events import Silent
from mlforge.study.memory.artefacts import ArtefactStore
from mlforge.study.memory.result_cache import request_parts
from mlforge.study.trial_draft import TrialDraft
from mlforge.study.warm_start import TRAINED_FILE, Source, source
from mlforge.training.request import Recipe, Stopped, TrainingRequest, TrainingResult, Watch
from tests.unit.study import fakes

NEW = Architecture((4,), (Dense(8), Dense(4)), 2, Head.SOFTMAX)
ALIKE = Architecture((4,), (Dense(8), Dense(6)), 2, Head.SOFTMAX)


@pytest.fixture
def files(tmp_path: Path) -> ArtefactStore:
    return ArtefactStore(tmp_path / "files")


def earlier(number: int, files: ArtefactStore, *, value: float = 0.9, of: Architecture = ALIKE) -> Trial:
    kept = {TRAINED_FILE: files.put(f"weights of {number}".encode())}
    return dataclasses.replace(fakes.trial(number, value=value), architecture=of, artefacts=kept)


def test_the_best_that_agrees_is_the_source(files: ArtefactStore) -> None:
    better = earlier(2, files, value=0.99, of=fakes.architecture(5))  # shares no layer
    trials = [earlier(0, files, value=0.8), earlier(1, files, value=0.9), better, earlier(3, files, value=0.9)]
    assert source(NEW, trials, files) == Source(1, b"weights of 1")  # of equals the first
    assert source(NEW, trials[:1], files) == Source(0, b"weights of 0")  # only what is visible
    assert source(NEW, [better], files) == Source()
    assert source(NEW, [], files) == Source()


def test_what_was_not_trained_or_has_lost_its_weights_is_no_source(files: ArtefactStore) -> None:
    rejected = dataclasses.replace(earlier(0, files), state=State.REJECTED)
    without = dataclasses.replace(earlier(1, files), artefacts={})
    gone = dataclasses.replace(earlier(2, files), artefacts={TRAINED_FILE: "0" * 64})
    assert source(NEW, [rejected, without, gone], files) == Source()
    assert source(NEW, [rejected, without, gone, earlier(3, files, value=0.5)], files).trial == 3


def test_a_pruned_trial_gives_the_network_that_it_was_proposed_as(files: ArtefactStore) -> None:
    pruned = dataclasses.replace(earlier(0, files, of=fakes.architecture(3)), parent=ALIKE)
    assert source(NEW, [pruned], files).trial == 0


def request() -> TrainingRequest:
    x, y = np.zeros((4, 4), np.float32), np.array([0, 1, 0, 1])
    return TrainingRequest(NEW, Task.CLASSIFICATION, x, y, x, y)


class FakeTrainer:
    def __init__(self) -> None:
        self.seen: list[bytes] = []

    def train_watched(self, request: TrainingRequest, _: Watch) -> TrainingResult | Stopped:
        self.seen.append(request.initial)
        layers = ("l0_dense",) if request.initial else ()
        return TrainingResult(b"", b"", np.zeros((4, 2), np.float32), 1, 0, (Epoch(1, 1, 1),), {}, layers)


@pytest.mark.parametrize(("given", "noted"), [(Source(7, b"old"), Inherited(7, ("l0_dense",))), (Source(), None)])
def test_a_training_begins_with_the_source_and_the_trial_says_so(given: Source, noted: Inherited | None) -> None:
    nothing: Any = None
    trainer: Any = FakeTrainer()
    evaluator = Evaluator(nothing, nothing, nothing, nothing, trainer, nothing, Recipe())
    draft = TrialDraft(9, Proposal(NEW, {}, {}), Silent(), NEW)
    DraftWork(evaluator, draft, (), given).train(request())
    assert trainer.seen == [given.keras]
    trial = draft.ended(State.TRAINED)
    assert trial.inherited == noted
    assert Trial.from_json(trial.to_json()) == trial


def test_initial_weights_are_part_of_what_a_training_is_remembered_by() -> None:
    one, other = dataclasses.replace(request(), initial=b"one"), dataclasses.replace(request(), initial=b"other")
    assert request_parts(request()) != request_parts(one) != request_parts(other)
