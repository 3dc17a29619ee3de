"""Cross-validation of finalists: what chooses never saw what proves, and groups are the unit of its error."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from mlforge.app.prepare import Prepared, prepare
from mlforge.app.verdicts import judge
from mlforge.contract.contract import Contract
from mlforge.contract.load import load_contract
from mlforge.errors import ContractError, TrainingError
from mlforge.measure.quality import evaluate
from mlforge.records.quality import Quality, Split, Stage
from mlforge.records.trial import Trial
from mlforge.report.facts import folds_words
from mlforge.study.evaluate import Evaluator
from mlforge.study.memory.database import storage_url
from mlforge.study.memory.study_store import StudyStore
from mlforge.study.winner import folds
from mlforge.study.winner.folds import cross_validate, sealed

from .fakes import trial

CONTRACT = """
name: sensor
task: classification
data:
  loader: {npz: data.npz}
  split: {group: person, folds: 5}
limits: {flash: 2000 B}
goals: {accuracy: 0.6}
search: {workers: 2}
"""


@dataclass(frozen=True)
class Bench:
    """What cross-validation asks of an Evaluator; every model is right with a skill of its own."""

    contract: Contract
    prepared: Prepared
    halving: Any = None
    seen: list[tuple[str, frozenset[int]]] = field(default_factory=list)

    def behind(self, _: str) -> Bench:
        return self

    def judge_scores(self, scores: Any, examples: Any, stage: Stage, split: Split) -> Quality:
        groups, strata = examples.groups, examples.strata
        return evaluate(
            scores, examples.y, metric=self.contract.metric, stage=stage, split=split, groups=groups, strata=strata
        )


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    random = np.random.default_rng(0)
    y = np.tile([0, 1], 40)
    x = random.normal(size=(80, 6)) + y[:, None]
    np.savez(tmp_path / "data.npz", x=x.astype(np.float32), y=y, person=np.repeat(np.arange(20), 4))
    (tmp_path / "mlforge.yaml").write_text(CONTRACT)
    return load_contract(tmp_path)


@pytest.fixture
def bench(contract: Contract, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Model N is the bytes `N:FOLD`; its answers are right where a hash of N and the example says so."""
    made = Bench(contract, prepare(contract))

    def trained(own: Bench, number: Trial) -> tuple[bytes, bytes]:
        if number.number == 13:
            raise TrainingError("diverged")
        return f"{number.number}".encode(), b""

    def scores(own: Bench, tflite: bytes, _: bytes, examples: Any, split: Split) -> dict[Stage, Any]:
        made.seen.append((f"{split}:{tflite.decode()}", frozenset(examples.groups.tolist())))
        random = np.random.default_rng([int(tflite), *map(int, examples.groups[:3])])
        right = random.random(len(examples)) < {0: 0.9, 1: 0.75, 2: 0.7}[int(tflite)]
        answers = np.eye(2)[np.where(right, examples.y, 1 - examples.y)]
        return dict.fromkeys((Stage.FP32_HOST, Stage.INT8_HOST, Stage.INT8_TARGET), answers)

    def answered(own: Bench, number: Trial, fold: int) -> folds.Answered:
        tflite, keras = trained(own, number)
        found = scores(own, tflite, keras, own.prepared.validate, Split.VALIDATE)
        quality = own.judge_scores(found[Stage.INT8_HOST], own.prepared.validate, Stage.INT8_HOST, Split.VALIDATE)
        return folds.Answered(number, cast(Evaluator, own), tflite, keras, found, quality)

    monkeypatch.setattr(folds, "answered", answered)
    monkeypatch.setattr(folds, "_scores", scores)
    return made


def finalist(contract: Contract, number: int, value: float) -> Trial:
    made = trial(number, value=value)
    assert made.cost is not None
    return replace(made, verdict=judge(contract, made.cost, made.qualities[0]))


def test_the_best_over_all_folds_wins_whatever_one_fold_says(bench: Bench, contract: Contract) -> None:
    said: list[str] = []
    trials = [finalist(contract, 0, 0.70), finalist(contract, 1, 0.95), finalist(contract, 2, 0.72)]
    found = cross_validate(cast(Evaluator, bench), trials, said.append)
    assert found is not None
    assert "cross-validation of trials" in said[0] and "12 trainings in 4 more splits" in said[0]
    by_number = {one.number: one.qualities[-1] for one in found.trials}
    assert max(by_number, key=lambda number: by_number[number].value) == 0
    assert all((quality.groups, quality.examples) == (20, 80) for quality in by_number.values())


def test_the_sealed_groups_are_no_ones_who_trained_stopped_or_chose(
    bench: Bench, contract: Contract, tmp_path: Path
) -> None:
    trials = [finalist(contract, 0, 0.9), finalist(contract, 1, 0.9)]
    found = cross_validate(cast(Evaluator, bench), trials, lambda _: None)
    assert found is not None
    store = StudyStore(storage_url(tmp_path), "s", maximise=True)
    result = sealed(cast(Evaluator, bench), store, found)
    store.close()
    assert (result.folds, result.left_out, result.trainings) == (5, 1, 8)
    assert {quality.stage for quality in result.sealed} == set(Stage)
    assert result.sealed[-1].groups == 16  # all but those by which the search compared candidates
    searched = set(bench.prepared.validate.groups.tolist())
    opened = [groups for what, groups in bench.seen if what.startswith("test")]
    assert len(opened) == 4 and not searched & set().union(*opened)
    for fold, answered in enumerate(found.answered):
        for one in answered:
            known = {*one.bench.prepared.train.groups.tolist(), *one.bench.prepared.validate.groups.tolist()}
            later = opened[fold if fold == 0 else fold - 1] if fold != 1 else frozenset()
            assert not known & later
    assert "On 16 groups that the choice never saw, in 4 of 5 folds: Accuracy" in folds_words(result)


def test_whoever_cannot_be_trained_in_a_fold_is_no_finalist(bench: Bench, contract: Contract) -> None:
    said: list[str] = []
    trials = [finalist(contract, 0, 0.9), finalist(contract, 13, 0.9)]
    found = cross_validate(cast(Evaluator, bench), trials, said.append)
    assert found is not None and [one.number for one in found.trials] == [0]
    assert any("trial 13 is no finalist any more" in sentence for sentence in said)


def test_without_a_trial_that_meets_the_contract_nothing_is_trained(bench: Bench, contract: Contract) -> None:
    assert cross_validate(cast(Evaluator, bench), [finalist(contract, 0, 0.5)], lambda _: None) is None
    assert not bench.seen


@pytest.mark.parametrize(
    ("split", "key"),
    [
        ("{group: person, folds: 5, test: 0.2}", "data.split.test"),
        ("{group: person, folds: 2}", "data.split.folds"),
        ("{group: person}", "data.split.validate"),
    ],
)
def test_folds_or_shares(tmp_path: Path, split: str, key: str) -> None:
    (tmp_path / "mlforge.yaml").write_text(CONTRACT.replace("{group: person, folds: 5}", split))
    with pytest.raises(ContractError) as caught:
        load_contract(tmp_path)
    assert key in [problem.key for problem in caught.value.problems]
