"""Goals on the worst stratum."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mlforge.app.verdicts import judge, limits_alone
from mlforge.contract.contract import Contract, Goal
from mlforge.contract.load import load_contract
from mlforge.errors import ContractError, DataError
from mlforge.measure.quality import worst_stratum
from mlforge.records.quality import Confusion, Metric, Quality, Split, Stage
from mlforge.records.verdict import Check, Verdict
from mlforge.report import facts, terminal
from tests.unit.study.fakes import cost

TEXT = """
name: sensor
task: {task}
data:
  loader: {{csv: data}}
  split: {{group: person, validate: 0.2, test: 0.2}}
  strata: [side]
limits: {{flash: 2000 B}}
goals: {goals}
"""


def contract(directory: Path, goals: str, task: str = "classification") -> Contract:
    (directory / "mlforge.yaml").write_text(TEXT.format(goals=goals, task=task))
    return load_contract(directory)


def quality(value: float, metric: Metric, **strata: float) -> Quality:
    named = {name.replace("_", "="): each for name, each in strata.items()}
    return Quality(Stage.INT8_TARGET, Split.VALIDATE, metric, value, 0.01, 90, 3, named)


def test_the_goal_on_all_comes_first_however_it_is_written(tmp_path: Path) -> None:
    goals = contract(tmp_path, "{worst: 0.7, accuracy: 0.8}").goals
    assert goals == (Goal(Metric.ACCURACY, 0.8), Goal(Metric.ACCURACY, 0.7, worst=True))
    assert contract(tmp_path, "{worst: 0.85}").goals == (Goal(Metric.ACCURACY, 0.85, worst=True),)


def test_the_worst_stratum_of_the_named_columns_is_held_against_the_goal(tmp_path: Path) -> None:
    """Person 1 is worse still, but `person` is not in data.strata."""
    found = quality(0.85, Metric.ACCURACY, person_1=0.2, side_left=0.65, side_right=0.95)
    verdict = judge(contract(tmp_path, "{accuracy: 0.8, worst: 0.7}"), cost(), found)
    plain, worst = verdict.checks[-2:]
    assert (plain.name, plain.met) == ("accuracy", True)
    assert (worst.name, worst.where, worst.measured, worst.met) == ("worst accuracy", "side=left", 0.65, False)
    assert not verdict.met and verdict.feasible
    assert facts.shortfall(worst) == "Worst accuracy 0.650 of 0.700, 7.1 % short (side=left)"


def test_for_mse_the_highest_is_the_worst(tmp_path: Path) -> None:
    found = quality(0.1, Metric.MSE, side_left=0.3, side_right=0.05)
    worst = judge(contract(tmp_path, "{mse: 0.2, worst: 0.4}", "regression"), cost(), found).checks[-1]
    assert (worst.name, worst.measured, worst.met) == ("worst mse", 0.3, True)
    assert facts.lower_is_better(worst)


def test_without_a_stratum_to_judge_it_is_said() -> None:
    with pytest.raises(DataError, match="side in the validate split has its own auc"):
        worst_stratum(quality(0.9, Metric.AUC, person_1=0.9), ("side",))


def test_the_table_shows_the_direction_of_both(tmp_path: Path) -> None:
    from rich.console import Console

    asked = contract(tmp_path, "{accuracy: 0.8, worst: 0.7}")
    assert [check.name for check in limits_alone(asked).checks] == ["flash", "accuracy", "worst accuracy"]
    verdict: Verdict = judge(asked, cost(), quality(0.85, Metric.ACCURACY, side_left=0.65))
    console = Console(width=100)
    with console.capture() as capture:
        console.print(terminal.verdict_table(verdict))
    row = next(line for line in capture.get().splitlines() if "Worst" in line)
    assert "≥ 0.700" in row and "NO" in row


CONFUSION = Confusion(("walk", "fall"), ((8, 2), (3, 7)))


def test_goals_on_single_classes_are_held_against_them(tmp_path: Path) -> None:
    asked = contract(tmp_path, "{recall: {fall: 0.9}, precision: 0.75, false_alarms: {fall: 0.25}, accuracy: 0.7}")
    found = replace(quality(0.75, Metric.ACCURACY), confusion=CONFUSION)
    checks = {check.name: check for check in judge(asked, cost(), found).checks if not check.hard}
    assert {name: check.met for name, check in checks.items()} == {
        "accuracy": True,
        "recall of fall": False,
        "precision": False,  # of each class: that of walk is 8 / 11
        "false_alarms of fall": True,
    }
    assert checks["precision"].where == "walk"
    assert facts.shortfall(checks["recall of fall"]) == "Recall of fall 0.700 of 0.900, 22.2 % short"
    assert facts.lower_is_better(checks["false_alarms of fall"])


def test_what_the_quality_does_not_tell_is_left_out(tmp_path: Path) -> None:
    asked = contract(tmp_path, "{accuracy: 0.7, recall: {fall: 0.9}, f1: 0.9}")
    assert [check.name for check in judge(asked, cost(), quality(0.75, Metric.ACCURACY)).checks[1:]] == ["accuracy"]


def test_what_is_searched_by(tmp_path: Path) -> None:
    """The first goal on all examples; for goals on single classes alone what counts rare ones as much."""
    assert contract(tmp_path, "{recall: {fall: 0.9}, f1: 0.8, accuracy: 0.9}").metric is Metric.F1
    assert contract(tmp_path, "{f1: {fall: 0.8}}").metric is Metric.BALANCED_ACCURACY
    assert contract(tmp_path, "{largest_error: 3}", "regression").metric is Metric.MSE
    assert contract(tmp_path, "{r2: 0.8, worst: 0.5}", "regression").goals[-1] == Goal(Metric.R2, 0.5, worst=True)


def test_anomalies_are_asked_for_at_a_share_of_false_alarms(tmp_path: Path) -> None:
    asked = contract(tmp_path, "{detection: 0.9, false_alarms: 0.02}", "anomaly")
    assert asked.goals == (Goal(Metric.DETECTION, 0.9, label="0.02"),)
    assert (asked.metric, asked.measures) == (Metric.AUC, ((Metric.DETECTION, "0.02"),))
    found = replace(quality(0.95, Metric.AUC), curve=((0.0, 0.3), (0.01, 0.8), (0.05, 0.95)))
    (goal,) = [check for check in judge(asked, cost(), found).checks if not check.hard]
    assert (goal.name, goal.measured, goal.met) == ("detection at 0.02 false alarms", 0.8, False)


@pytest.mark.parametrize(
    ("goals", "task", "key"),
    [
        ("{recall: {fall: 1.5}}", "classification", "goals.recall.fall"),
        ("{recall: {}}", "classification", "goals.recall"),
        ("{accuracy: {fall: 0.5}}", "classification", "goals.accuracy"),
        ("{recall: {fall: much}}", "classification", "goals.recall.fall"),
        ("{mse: 1, recall: {fall: 0.5}}", "regression", "goals.recall"),
        ("{false_alarms: 0.1}", "anomaly", "goals.false_alarms"),
        ("{detection: 0.9, false_alarms: 2}", "anomaly", "goals.false_alarms"),
        ("{largest_error: -1}", "regression", "goals.largest_error"),
    ],
)
def test_goals_that_cannot_be(tmp_path: Path, goals: str, task: str, key: str) -> None:
    with pytest.raises(ContractError) as caught:
        contract(tmp_path, goals, task)
    assert key in [problem.key for problem in caught.value.problems]


def test_a_class_that_the_contract_does_not_list_is_no_goal(tmp_path: Path) -> None:
    text = TEXT.replace("strata: [side]", "strata: [side]\n  classes: [walk, fall]")
    (tmp_path / "mlforge.yaml").write_text(text.format(goals="{recall: {fell: 0.9}}", task="classification"))
    with pytest.raises(ContractError, match=r"'fell'.*'fall'"):
        load_contract(tmp_path)


def test_goals_on_events_have_their_directions() -> None:
    for name, lower in (("event recall", False), ("event false accepts per hour", True)):
        assert facts.lower_is_better(Check(name, "", 0.9, 0.8, -0.1, hard=False)) is lower
