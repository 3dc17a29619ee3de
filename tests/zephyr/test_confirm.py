"""Winners of a study, built into a real application before they may win."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mlforge.app.auto_limits import Resolved
from mlforge.app.image_limits import image_limits
from mlforge.contract.contract import Confirm
from mlforge.contract.load import load_contract
from mlforge.errors import BuildError
from mlforge.records.trial import Trial
from mlforge.study.winner.confirm import Confirmer, Selection, select
from mlforge.targets.zephyr import ZephyrTarget
from tests.programs.locked_app import lock_model, tiny_tflite
from tests.zephyr.measured_app import candidate, make_app, make_confirmer
from tests.zephyr.workspace import Workspace, boards, require_toolchain

pytestmark = [
    pytest.mark.zephyr,
    pytest.mark.usefixtures("need_toolchain"),
    pytest.mark.parametrize("board", boards("mps2/an386"), scope="module"),
]
LARGE, SMALL = 24, 4


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_app(tmp_path_factory.mktemp("confirm") / "app")


@pytest.fixture(scope="module")
def trials(app: Path) -> list[Trial]:
    artefacts = make_confirmer(app, []).evaluator.artefacts
    return [candidate(artefacts, 0, filters=LARGE, value=0.95), candidate(artefacts, 1, filters=SMALL, value=0.85)]


@pytest.fixture(scope="module")
def confirmed(zephyr: Workspace, board: str, app: Path, trials: list[Trial]) -> Selection:
    """What limits that leave room for all choose."""
    require_toolchain(board)
    return make_confirmer(app, []).select(trials)


def test_the_best_wins_where_it_holds(board: str, confirmed: Selection) -> None:
    assert confirmed.choice is not None
    assert confirmed.choice.winner.number == 0
    assert confirmed.confirmed is not None
    assert confirmed.confirmed.target == f"zephyr:{board}"
    assert confirmed.confirmed.feature_instructions
    assert not confirmed.passed_over


def test_who_breaks_a_limit_is_passed_over(board: str, app: Path, trials: list[Trial], confirmed: Selection) -> None:
    said: list[str] = []
    assert confirmed.confirmed is not None
    passed = _with_flash(make_confirmer(app, said), confirmed.confirmed.flash.total - 1).select(trials)
    assert passed.choice is not None
    assert passed.choice.winner.number == 1
    assert [one.trial.number for one in passed.passed_over] == [0]
    assert "flash" in passed.passed_over[0].reason
    assert any("trial 0 is passed over" in sentence for sentence in said)
    nobody = _with_flash(make_confirmer(app, said), 1000).select(trials)
    assert nobody.choice is None
    assert [one.trial.number for one in nobody.passed_over] == [0, 1]


def test_a_resumed_study_measures_nothing_again(
    board: str, app: Path, trials: list[Trial], confirmed: Selection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ZephyrTarget, "build", lambda *_: pytest.fail("measured twice"))
    assert make_confirmer(app, []).select(trials).confirmed == confirmed.confirmed


def test_what_a_build_is_held_against_is_what_was_measured(
    zephyr: Workspace, board: str, app: Path, confirmed: Selection, tmp_path: Path
) -> None:
    """The same model in the same application, without the measuring firmware."""
    (app / "model").mkdir()
    lock_model(app, tiny_tflite(seed=1, filters=LARGE))
    zephyr.build(app, tmp_path / "build", board)
    image = tmp_path / "build" / "zephyr" / "zephyr.elf"
    limits = {limit.key: limit for limit in image_limits(Resolved(load_contract(app), {}), image).limits}
    assert confirmed.confirmed is not None
    assert limits["limits.flash"].used_bytes == confirmed.confirmed.flash.total
    assert limits["limits.ram"].used_bytes == confirmed.confirmed.ram.total


def test_an_application_that_does_not_build_stops_who_insists(board: str, app: Path, trials: list[Trial]) -> None:
    said: list[str] = []
    main = app / "src" / "main.c"
    main.write_text(main.read_text() + "\nint broken(\n")
    confirmer = make_confirmer(app, said)
    lenient = select(confirmer, trials)
    assert lenient.choice is not None
    assert lenient.confirmed is None
    assert "the winner is not confirmed on Zephyr" in said[-1]
    contract = confirmer.evaluator.contract
    target = replace(contract.target, confirm=Confirm.ZEPHYR)
    insisting = replace(confirmer, evaluator=replace(confirmer.evaluator, contract=replace(contract, target=target)))
    with pytest.raises(BuildError):
        select(insisting, trials)


@pytest.mark.requires(asked="MLFORGE_NIGHTLY=1")
def test_other_work_and_kept_memory_are_part_of_it(zephyr: Workspace, board: str, tmp_path: Path) -> None:
    """A candidate that is not locked, in the application's own build, with its memory and its processor taken."""
    app, said = make_app(tmp_path / "app"), list[str]()
    text = (app / "mlforge.yaml").read_text()
    text = text.replace("clock: 80 MHz", "clock: 80 MHz, load: 30 %, ram_kept_free: 8 KiB")
    text += "power: {profile: nrf52840, period: 20 ms}\n"
    (app / "mlforge.yaml").write_text(text)
    confirmer = make_confirmer(app, said)
    trial = candidate(confirmer.evaluator.artefacts, 0, filters=LARGE, value=0.95)
    measured = confirmer._measured(trial)
    assert measured.scheduling is not None
    assert measured.scheduling.kept_free is True
    assert measured.scheduling.stretch > 1.2
    verdict = confirmer._verdict(trial, measured)
    assert verdict is not None
    assert verdict.met
    checks = {check.name: check for check in verdict.checks}
    assert checks["latency under 30% load"].measured > checks["latency"].measured
    (app / "mlforge.yaml").write_text(text.replace("8 KiB", "900 MiB"))
    huge = make_confirmer(app, said)._measured(trial)
    assert huge.cost is None
    assert "kept free" in huge.reason


def _with_flash(confirmer: Confirmer, flash_bytes: int) -> Confirmer:
    contract = confirmer.evaluator.contract
    limits = replace(contract.limits, flash_bytes=flash_bytes)
    return replace(confirmer, evaluator=replace(confirmer.evaluator, contract=replace(contract, limits=limits)))
