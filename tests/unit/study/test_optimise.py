"""What a study refuses before it starts, and what makes it another study."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mlforge.contract.contract import Contract
from mlforge.contract.load import load_contract
from mlforge.errors import ContractError
from mlforge.study.events import Silent
from mlforge.study.optimise import optimise, study_name

ACTIVITY = (Path(__file__).parents[3] / "samples" / "activity" / "mlforge.yaml").read_text()


def contract(directory: Path, text: str) -> Contract:
    (directory / "mlforge.yaml").write_text(text)
    return load_contract(directory)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("engine: static", "engine: tflm"), "engine: found tflm"),
    ],
)
def test_what_cannot_be_searched_is_said_at_once(tmp_path: Path, change: tuple[str, str], expected: str) -> None:
    with pytest.raises(ContractError, match=expected):
        optimise(contract(tmp_path, ACTIVITY.replace(*change)), Silent(), lambda _: None)


def test_a_board_without_a_target_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ContractError):
        optimise(contract(tmp_path, ACTIVITY.replace("mps2/an386", "native_sim")), Silent(), lambda _: None)


def test_the_budget_is_not_part_of_a_study_and_everything_else_is(tmp_path: Path) -> None:
    original = contract(tmp_path, ACTIVITY)
    name = study_name(original, "data")
    more = replace(original, search=replace(original.search, trials=99))
    assert study_name(more, "data") == name
    assert study_name(original, "other data") != name
    for change in (
        ("flash: 32 KiB", "flash: 31 KiB"),
        ("seed: 1", "seed: 2"),
        ("120 MHz", "100 MHz"),
        ("hop: 64", "hop: 32"),
        ("engine: static", "training: {reuse: true}\nengine: static"),
    ):
        assert study_name(contract(tmp_path, ACTIVITY.replace(*change)), "data") != name
