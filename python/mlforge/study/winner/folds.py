"""Cross-validation of the finalists: few groups prove little, so each of them is held out in turn.

With k folds there are k splits (data/splits.py). In the i-th, fold i is sealed, the fold behind it validates, the
others train; the search itself ran in split 0. Finalists are trained anew in each other split. Their validation groups,
which together are all groups, choose the winner. For the estimate, each fold's validation groups alone choose a
finalist, whose model of that split then answers fold i: nothing that trained, stopped or chose it has seen these
groups. The one exception is the search: by fold 1 it compared candidates, so fold 1 is left out of the estimate.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlforge.app.model import read_model
from mlforge.app.prepare import Examples
from mlforge.app.verdicts import judge
from mlforge.contract.contract import Task
from mlforge.errors import TrainingError
from mlforge.measure import ranking
from mlforge.records.folds import CrossValidation, Finalist
from mlforge.records.quality import Quality, Split, Stage
from mlforge.records.trial import State, Trial
from mlforge.search.proposer import Proposal
from mlforge.study.draft_work import DraftWork
from mlforge.study.evaluate import FLOAT_MODEL_FILE, MODEL_FILE, Evaluator
from mlforge.study.events import Silent
from mlforge.study.halving import Halving
from mlforge.study.memory.study_store import StudyStore
from mlforge.study.trial_draft import TrialDraft
from mlforge.study.variants import Making, Sized
from mlforge.study.warm_start import Source
from mlforge.study.winner.seal import note_opening
from mlforge.toolchain.files import sha256

FINALISTS: Final = 3
LEFT_OUT: Final = 1  # the fold that validated in the search
Scores: TypeAlias = Mapping[Stage, NDArray[np.floating[Any]]]  # what is judged, [N, k]


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """One finalist in one split: its model, and what it answers to the validation groups."""

    trial: Trial
    bench: Evaluator  # of the split, behind the trial's front end
    tflite: bytes
    keras: bytes
    scores: Scores
    quality: Quality  # int8 on the host, of this split alone


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """`trials` are the finalists, with the qualities and verdicts of all validation groups; `answered` is by fold."""

    trials: tuple[Trial, ...]
    answered: tuple[tuple[Answered, ...], ...]
    seconds: float


def cross_validate(evaluator: Evaluator, trials: Sequence[Trial], say: Callable[[str], None]) -> Folded | None:
    """Trains the finalists in every split. None where no trial meets the contract, or none could be trained in all.

    Raises:
        ForgeError: what their artefacts or the target raise.
    """
    finalists = finalists_of(trials)
    if not finalists:
        return None
    start, folds = time.monotonic(), evaluator.prepared.rotations
    say(_announced(evaluator, trials, finalists, folds))
    with ThreadPoolExecutor(evaluator.contract.search.workers) as pool:
        found = list(pool.map(lambda fold: _in_fold(evaluator, finalists, fold, say), range(folds)))
    whole = [trial for trial in finalists if all(any(one.trial is trial for one in fold) for fold in found)]
    kept = tuple(tuple(one for one in fold if one.trial in whole) for fold in found)
    pooled = tuple(pooled_trial(evaluator, trial, kept) for trial in whole)
    return Folded(pooled, kept, time.monotonic() - start) if whole else None


def sealed(evaluator: Evaluator, store: StudyStore, folded: Folded) -> CrossValidation:
    """Opens each fold but the one left out, for the model that its own validation groups chose."""
    split = evaluator.contract.data.split
    chosen = [max(fold, key=lambda one: _goodness(one.quality)) for fold in folded.answered]
    answers, examples = [], []
    for fold, one in enumerate(chosen):
        if fold != LEFT_OUT:
            number = one.trial.number if fold == 0 else None
            digest = one.bench.prepared.data_digest
            opening = note_opening(store, digest, split, number, sha256(one.tflite), fold)
            examples.append(one.bench.prepared.open_test(opening))
            answers.append(_scores(one.bench, one.tflite, one.keras, examples[-1], Split.TEST))
    return CrossValidation(
        folds=len(chosen),
        finalists=tuple(_finalist(trial, folded) for trial in folded.trials),
        chosen=tuple(one.trial.number for one in chosen),
        left_out=LEFT_OUT,
        sealed=tuple(replace(each, deviations=()) for each in _pooled(evaluator, answers, examples, Split.TEST)),
        trainings=sum(len(fold) for fold in folded.answered[1:]),
        seconds=round(folded.seconds, 1),
    )


def finalists_of(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """The winner of the search, the best, then the others by quality, all of which meet the contract."""
    choice = ranking.choose(trials)
    if choice is None:
        return ()
    others = [trial for trial in ranking.by_quality(trials) if ranking.meets(trial)]
    order = {trial.number: trial for trial in (choice.winner, choice.best, *others)}
    return tuple(order.values())[:FINALISTS]


def _announced(evaluator: Evaluator, trials: Sequence[Trial], finalists: Sequence[Trial], folds: int) -> str:
    """What it will cost, before it begins."""
    count, workers = len(finalists) * (folds - 1), evaluator.contract.search.workers
    took = [trial.seconds["train"] for trial in trials if trial.state is State.TRAINED and "train" in trial.seconds]
    minutes = count * median(took) / min(workers, folds) / 60 if took else 0.0
    numbers = ranking.listed([trial.number for trial in finalists])
    which = f"trial{'s' if len(finalists) > 1 else ''} {numbers}"
    about = f"about {minutes:.1f} min (estimated)"
    return f"cross-validation of {which}: {count} trainings in {folds - 1} more splits, {about}"


def _in_fold(
    evaluator: Evaluator, finalists: Sequence[Trial], fold: int, say: Callable[[str], None]
) -> tuple[Answered, ...]:
    """The finalists that could be trained in one split. Split 0 is the search's, whose models are there."""
    found, benches = [], dict[str, Evaluator]()
    for trial in finalists:
        front_end = trial.architecture.front_end
        if front_end not in benches:
            behind = evaluator.behind(front_end)
            benches[front_end] = replace(behind, prepared=behind.prepared.rotated(fold), halving=Halving())
        try:
            found.append(answered(benches[front_end], trial, fold))
        except TrainingError as error:
            say(f"trial {trial.number} is no finalist any more: fold {fold + 1}: {error.message}")
    say(f"cross-validation: fold {fold + 1} of {evaluator.prepared.rotations} is done")
    return tuple(found)


def answered(bench: Evaluator, trial: Trial, fold: int) -> Answered:
    """A finalist as `bench` trains it, and what it answers to the validation data; in fold 0 the search has done so.

    Raises:
        TrainingError: it cannot be trained.
    """
    if fold == 0:
        tflite, keras = (bench.artefacts.get(trial.artefacts[name]) for name in (MODEL_FILE, FLOAT_MODEL_FILE))
    else:
        tflite, keras = _trained(bench, trial)
    examples = bench.prepared.validate
    scores = _scores(bench, tflite, keras, examples, Split.VALIDATE)
    quality = bench.judge_scores(scores[Stage.INT8_HOST], examples, Stage.INT8_HOST, Split.VALIDATE)
    return Answered(trial, bench, tflite, keras, scores, quality)


def _trained(bench: Evaluator, trial: Trial) -> tuple[bytes, bytes]:
    """The trial's architecture, trained and made int8 as in the search, but from random weights."""
    if trial.cost is None:
        raise TrainingError(f"trial {trial.number} has no cost")
    draft = TrialDraft(trial.number, Proposal(trial.architecture, trial.parameters), Silent(), trial.architecture)
    making = Making(bench.contract, DraftWork(bench, draft, (), Source()))
    made, _ = making.best(Sized(trial.architecture, trial.cost), None)
    return made.tflite, made.keras


def _scores(bench: Evaluator, tflite: bytes, keras: bytes, examples: Examples, split: Split) -> Scores:
    """In floats and in int8, the same bytes on host and target. Anomaly scores are in units of the model's own median
    for normal validation data, so that those of different folds' models can stand together."""
    model = read_model(tflite, bench.contract.name, bench.prepared.pipeline, bench.isa)
    floats = bench.scores(bench.known_outputs(keras, examples.x).value, examples)
    inputs, outputs = bench.int8_answers(model, examples, split, bench.known_answers(lambda known: known.value))
    int8 = bench.scores_of(model, inputs, outputs, examples)
    if bench.task is Task.ANOMALY:
        normal = bench.prepared.validate
        usual = float(np.median(bench.int8_scores(model, normal)[normal.y == 0])) or 1.0
        floats, int8 = floats / usual, int8 / usual
    return {Stage.FP32_HOST: floats, Stage.INT8_HOST: int8, Stage.INT8_TARGET: int8}


def _pooled(
    evaluator: Evaluator, answers: Sequence[Scores], examples: Sequence[Examples], split: Split
) -> list[Quality]:
    """By stage, the quality of all folds' answers as one set, whose groups are those of all of them."""
    together = Examples(
        x=np.zeros((sum(map(len, examples)), 0), np.float32),
        y=np.concatenate([each.y for each in examples]),
        groups=np.concatenate([each.groups for each in examples]),
        strata={name: np.concatenate([each.strata[name] for each in examples]) for name in examples[0].strata},
        recordings=(),
    )
    return [
        evaluator.judge_scores(np.concatenate([each[stage] for each in answers]), together, stage, split)
        for stage in answers[0]
    ]


def pooled_trial(evaluator: Evaluator, trial: Trial, answered: Sequence[Sequence[Answered]]) -> Trial:
    """The trial as all validation groups judge it."""
    mine = [one for fold in answered for one in fold if one.trial is trial]
    examples = [one.bench.prepared.validate for one in mine]
    qualities = _pooled(evaluator, [one.scores for one in mine], examples, Split.VALIDATE)
    if trial.cost is None:
        return trial
    return replace(trial, qualities=tuple(qualities), verdict=judge(evaluator.contract, trial.cost, qualities[-1]))


def _finalist(trial: Trial, folded: Folded) -> Finalist:
    quality = next(each for each in trial.qualities if each.stage is Stage.INT8_HOST)
    values = [one.quality.value for fold in folded.answered for one in fold if one.trial.number == trial.number]
    return Finalist(trial.number, replace(quality, deviations=()), tuple(values))


def _goodness(quality: Quality) -> float:
    return quality.value if quality.metric.higher_is_better else -quality.value
