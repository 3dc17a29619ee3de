"""Goals on the worst stratum."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlforge.app.verdicts import judge, limits_alone
from mlforge.contract.contract import Contract, Goal
from mlforge.contract.load import load_contract
from mlforge.errors import DataError
from mlforge.measure.quality import worst_stratum
from mlforge.records.quality import Metric, Quality, Split, Stage
from mlforge.records.verdict import Verdict
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
    assert goals == (Goal("accuracy", 0.8), Goal("accuracy", 0.7, worst=True))
    assert contract(tmp_path, "{worst: 0.85}").goals == (Goal("accuracy", 0.85, worst=True),)


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
