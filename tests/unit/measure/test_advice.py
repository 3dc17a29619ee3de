"""What a study that missed its contract says: each sentence from figures, with the key to change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mlforge.contract.contract import Contract
from mlforge.contract.load import load_contract
from mlforge.measure.advice import advice, binding, reached
from mlforge.records.trial import Epoch, State, Trial
from mlforge.records.verdict import Check, Verdict
from tests.unit.study.fakes import quality, trial

TEXT = """
name: sensor
task: classification
data:
  loader: {csv: data}
  split: {group: person, validate: 0.2, test: 0.2}
limits:
  flash: 2000 B
goals: {accuracy: 0.8}
search:
  trials: 4
  epochs: 3
"""


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    (tmp_path / "mlforge.yaml").write_text(TEXT)
    return load_contract(tmp_path)


def said(contract: Contract, *trials: Trial) -> str:
    return "\n".join(advice(contract, trials))


def rejected(number: int, flash: int) -> Trial:
    return replace(trial(number, flash=flash, value=None), state=State.REJECTED)


def test_a_met_contract_needs_none(contract: Contract) -> None:
    assert advice(contract, [trial(0, value=0.9)]) == []


def test_where_no_proposal_fits_the_limit_that_would_have_to_give_way(contract: Contract) -> None:
    words = said(contract, rejected(0, 9000), rejected(1, 2500))
    assert "raise limits.flash (mlforge.yaml:8): the nearest proposal needs 2500 B of 2000 B" in words
    assert reached(contract, [rejected(0, 9000), rejected(1, 2500)]) == [
        "2 of 2 proposals broke a limit before training: flash 2 times"
    ]


def test_a_limit_that_the_best_uses_up_holds_it_back(contract: Contract) -> None:
    assert "the best trial uses 95% of limits.flash (mlforge.yaml:8): with 3000 B" in said(
        contract, trial(0, flash=1900, value=0.7)
    )
    assert "uses" not in said(contract, trial(0, flash=500, value=0.7))


def test_more_trainings_where_the_search_still_improved(contract: Contract) -> None:
    rising = [trial(number, value=0.5 + 0.05 * number) for number in range(4)]
    assert "training 4 of 4: the search was still improving, so search.trials (mlforge.yaml:11): 8" in said(
        contract, *rising
    )
    falling = [trial(number, value=0.7 - 0.05 * number) for number in range(4)]
    assert "training 1 of 4, and nothing after it was better" in said(contract, *falling)


def test_a_miss_within_its_error_is_no_certain_miss(contract: Contract) -> None:
    assert "by less than its standard error" in said(contract, trial(0, value=0.795))
    assert "by less than" not in said(contract, trial(0, value=0.5))


def test_what_trainings_show(contract: Contract) -> None:
    history = (Epoch(0.5, 0.9, 1.0), Epoch(0.3, 0.8, 1.0), Epoch(0.2, 0.7, 1.0))
    words = said(contract, replace(trial(0, value=0.7), history=history))
    assert "in its last of 3 epochs: search.epochs (mlforge.yaml:12): 6" in words
    assert "3.5 times the training loss" in words


def test_what_int8_lost(contract: Contract) -> None:
    made = trial(0, value=0.7)
    floats = replace(quality(0.85), stage=replace(made.qualities[0]).stage.FP32_HOST)
    assert "loses 0.150 of its accuracy in int8" in said(contract, replace(made, qualities=(floats, *made.qualities)))


def test_what_binds_and_what_was_reached(contract: Contract) -> None:
    checks = Verdict(
        (
            Check("flash", "bytes", 2048.0, 4096.0, -1.0, hard=True),
            Check("latency", "us", 1000.0, 500.0, 0.5, hard=True),
            Check("accuracy", "", 0.8, 0.7, -0.125, hard=False),
        )
    ).checks
    assert binding(checks) == ["flash is 4 KiB of 2 KiB", "accuracy is 0.7 of 0.8"]
    found = reached(contract, [trial(0, flash=900, value=0.6), trial(1, flash=1900, value=0.7)])
    assert found[0].startswith("the best within the limits is trial 1: accuracy 0.700")
    assert found[1].startswith("the smallest within the limits is trial 0")
