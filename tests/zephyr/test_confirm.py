"""Winners of a study, built into a real application before they may win."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mlforge.contract.load import load_contract
from mlforge.errors import BuildError
from mlforge.study.confirm import Confirmer, select
from mlforge.study.image import image_limits
from mlforge.targets.zephyr import ZephyrTarget
from tests.programs.locked_app import CLASSES, lock_model, tiny_tflite
from tests.zephyr.measured_app import candidate, make_app, make_confirmer
from tests.zephyr.workspace import Workspace, boards

pytestmark = [pytest.mark.zephyr, pytest.mark.usefixtures("need_toolchain")]
LARGE, SMALL = 24, 4


@pytest.mark.parametrize("board", boards("mps2/an386"))
def test_who_breaks_a_limit_in_the_application_is_passed_over(
    zephyr: Workspace, board: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, said = make_app(tmp_path / "app"), list[str]()
    confirmer = make_confirmer(app, said)
    artefacts = confirmer.evaluator.artefacts
    trials = [
        candidate(artefacts, 0, filters=LARGE, value=0.95),
        candidate(artefacts, 1, filters=SMALL, value=0.85),
    ]
    generous = confirmer.select(trials)
    assert generous.choice is not None
    assert generous.choice.winner.number == 0
    assert generous.confirmed is not None
    assert generous.confirmed.target == f"zephyr:{board}"
    assert generous.confirmed.feature_instructions > 0
    assert not generous.passed_over

    strict = _with_flash(confirmer, generous.confirmed.flash.total - 1)
    passed = strict.select(trials)
    assert passed.choice is not None
    assert passed.choice.winner.number == 1
    assert [one.trial.number for one in passed.passed_over] == [0]
    assert "flash" in passed.passed_over[0].reason
    assert any("trial 0 is passed over" in sentence for sentence in said)

    nobody = _with_flash(confirmer, 1000).select(trials)
    assert nobody.choice is None
    assert nobody.confirmed is None
    assert [one.trial.number for one in nobody.passed_over] == [0, 1]

    def refuse(*_: object) -> None:
        pytest.fail("measured twice")

    monkeypatch.setattr(ZephyrTarget, "build", refuse)
    assert make_confirmer(app, said).select(trials).confirmed == generous.confirmed
    monkeypatch.undo()

    _the_build_of_the_winner_says_the_same(zephyr, app, board, tmp_path / "build", generous.confirmed.flash.total)
    _an_application_that_does_not_build(confirmer, trials, app, said)


def _with_flash(confirmer: Confirmer, flash_bytes: int) -> Confirmer:
    contract = confirmer.evaluator.contract
    limits = replace(contract.limits, flash_bytes=flash_bytes)
    return replace(confirmer, evaluator=replace(confirmer.evaluator, contract=replace(contract, limits=limits)))


def _the_build_of_the_winner_says_the_same(
    zephyr: Workspace, app: Path, board: str, build: Path, flash_bytes: int
) -> None:
    """What `west build` holds against the limits, of the same model in the same application."""
    (app / "model").mkdir()
    lock_model(app, tiny_tflite(seed=1, filters=LARGE))
    zephyr.build(app, build, board)
    limits = {limit.key: limit for limit in image_limits(load_contract(app), build / "zephyr" / "zephyr.elf")}
    assert limits["limits.flash"].used_bytes == flash_bytes
    assert CLASSES


def _an_application_that_does_not_build(confirmer: Confirmer, trials: list, app: Path, said: list[str]) -> None:  # type: ignore[type-arg]
    """Is no reason to give up a study, unless the contract insists."""
    main = app / "src" / "main.c"
    main.write_text(main.read_text() + "\nint broken(\n")
    lenient = select(confirmer, trials)
    assert lenient.choice is not None
    assert lenient.confirmed is None
    assert "the winner is not confirmed on Zephyr" in said[-1]
    contract = confirmer.evaluator.contract
    target = replace(contract.target, confirm="zephyr")  # type: ignore[arg-type]
    insisting = replace(confirmer, evaluator=replace(confirmer.evaluator, contract=replace(contract, target=target)))
    with pytest.raises(BuildError):
        select(insisting, trials)
