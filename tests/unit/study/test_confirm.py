"""Who is passed over, what the contract says of it, and what a machine without Zephyr does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest

from mlforge.contract.contract import Confirm, Contract
from mlforge.contract.load import load_contract
from mlforge.errors import BuildError, TargetUnavailableError
from mlforge.records.scheduling import Delays, Part, Scheduling, ThreadPart, ThreadUse
from mlforge.records.trial import Trial
from mlforge.records.verdict import Check, Verdict
from mlforge.study.optimise import study_name
from mlforge.study.winner import confirm
from mlforge.study.winner.confirm import MOST, Confirmer, Measured, confirming_target, select
from tests.unit.study import fakes

ACTIVITY = (Path(__file__).parents[3] / "samples" / "activity" / "mlforge.yaml").read_text()


def contract(directory: Path, target: str = "") -> Contract:
    text = ACTIVITY.replace("clock: 120 MHz", f"clock: 120 MHz{target}")
    assert not target or target in text
    (directory / "mlforge.yaml").write_text(text)
    return load_contract(directory)


def as_app(directory: Path) -> None:
    (directory / "CMakeLists.txt").write_text("find_package(Zephyr REQUIRED)\n")


@dataclass(frozen=True, slots=True)
class FakeEvaluator:
    contract: Contract


class FakeConfirmer(Confirmer):
    """Answers with flash sizes instead of building; a limit of 2000 bytes is held against them."""

    flash: dict[int, int]

    def _measured(self, trial: Trial) -> Measured:
        size = self.flash[trial.number]
        return Measured(fakes.cost(size)) if size else Measured(None, "the image does not fit")

    def _verdict(self, trial: Trial, measured: Measured) -> Verdict | None:
        if measured.cost is None:
            return None
        flash = measured.cost.flash.total
        return Verdict((Check("flash", "bytes", 2000.0, float(flash), (2000 - flash) / 2000, hard=True),))


def confirmer(found: Contract, flash: dict[int, int], said: list[str]) -> Confirmer:
    made = FakeConfirmer(cast("Any", FakeEvaluator(found)), "zephyr:mps2/an386", said.append)
    object.__setattr__(made, "flash", flash)
    return made


def trials(count: int) -> list[Trial]:
    """The first is the best; nobody is tied."""
    values = [0.95 - 0.02 * number for number in range(count)]
    return [fakes.trial(n, value=v, strata={f"who={i}": v for i in range(4)}) for n, v in enumerate(values)]


def test_the_first_that_holds_wins(tmp_path: Path) -> None:
    said: list[str] = []
    selection = select(confirmer(contract(tmp_path), {0: 2001, 1: 0, 2: 1999, 3: 1000}, said), trials(4))
    assert selection.choice is not None
    assert selection.choice.winner.number == 2
    assert selection.confirmed == fakes.cost(1999)
    assert [(one.trial.number, one.reason) for one in selection.passed_over] == [
        (0, "flash is 2001 bytes of 2000"),
        (1, "the image does not fit"),
    ]
    assert [sentence.split(":")[0] for sentence in said] == ["trial 0 is passed over", "trial 1 is passed over"]


def test_deadlines_and_load_are_held_against_what_was_measured(tmp_path: Path) -> None:
    """The real verdict: the cost is fine, a thread's deadline is not."""
    found = contract(tmp_path, ", ram_kept_free: 8 KiB")
    found = replace(found, target=replace(found.target, load=0.3))
    limits = replace(
        found.limits, deadlines_us={"control": 1000.0}, flash_bytes=10**6, ram_bytes=10**6, latency_us=5000.0
    )
    made = Confirmer(cast("Any", FakeEvaluator(replace(found, limits=limits))), "zephyr:mps2/an386", print)

    def broken(worst_us: float, inference_us: float, kept: bool) -> str:
        part = ThreadPart(0.1, Delays(10, worst_us, 9), int(worst_us > 1000))
        inference = Part("under load", None, None, Delays(10, inference_us, 9), 0)
        threads = (ThreadUse("control", 1, 1024, 200, 1000.0, (part,)),)
        scheduling = Scheduling("mps2/an386", 5e4, 1.0, 0.3, (inference,), threads, kept, "by hand")
        verdict = made._verdict(trials(1)[0], Measured(fakes.cost(1000), scheduling=scheduling))
        assert verdict is not None
        return ", ".join(check.name for check in verdict.checks if not check.met)

    assert broken(900, 4000, True) == ""
    assert broken(1100, 4000, True) == "deadline of control"
    assert broken(900, 6000, False) == "latency under 30% load, RAM kept free"


def test_it_gives_up_after_the_promising_few(tmp_path: Path) -> None:
    said: list[str] = []
    selection = select(confirmer(contract(tmp_path), dict.fromkeys(range(9), 3000), said), trials(7))
    assert selection.choice is None
    assert [one.trial.number for one in selection.passed_over] == list(range(MOST))
    assert selection.passed_over[0].trial.verdict is not None
    assert not selection.passed_over[0].trial.verdict.met


def test_without_a_confirmer_the_search_decides() -> None:
    selection = select(None, trials(3))
    assert selection.choice is not None
    assert (selection.choice.winner.number, selection.confirmed) == (0, None)


@pytest.mark.parametrize("insists", [False, True])
def test_an_application_that_does_not_build(tmp_path: Path, insists: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    found, said = contract(tmp_path, ", confirm: zephyr" if insists else ""), list[str]()

    def fail(*_: object) -> Measured:
        raise BuildError("Zephyr could not build it")

    monkeypatch.setattr(FakeConfirmer, "_measured", fail)
    if insists:
        with pytest.raises(BuildError):
            select(confirmer(found, {}, said), trials(2))
    else:
        assert select(confirmer(found, {}, said), trials(2)).choice is not None
        assert said == ["the winner is not confirmed on Zephyr: Zephyr could not build it"]


def test_where_there_is_no_application_one_line_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    assert confirming_target(contract(tmp_path), said.append) == ""
    assert said == [f"winners are not confirmed on Zephyr: {tmp_path} is not a Zephyr application"]


def test_where_there_is_no_workspace_the_contract_may_insist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Missing:
        def unavailable(self) -> str:
            return "no Zephyr workspace found"

    monkeypatch.setattr(confirm, "target_named", lambda _: Missing())
    as_app(tmp_path)
    said: list[str] = []
    assert confirming_target(contract(tmp_path), said.append) == ""
    assert said == ["winners are not confirmed on Zephyr: no Zephyr workspace found"]
    with pytest.raises(TargetUnavailableError, match=r"mlforge\.yaml:\d+: target\.confirm: .*no Zephyr workspace"):
        confirming_target(contract(tmp_path, ", confirm: zephyr"), said.append)
    assert confirming_target(contract(tmp_path, ", confirm: none"), said.append) == ""
    assert len(said) == 1


@pytest.mark.parametrize(
    ("board", "expected"),
    [("mps2/an521", "zephyr:mps2/an521/cpu0"), ("qemu_riscv32", "zephyr:qemu_riscv32"), ("host", "")],
)
def test_boards_map_to_zephyrs(tmp_path: Path, board: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class There:
        def unavailable(self) -> None:
            return None

    monkeypatch.setattr(confirm, "target_named", lambda _: There())
    as_app(tmp_path)
    found = contract(tmp_path)
    found = replace(found, target=replace(found.target, board=board))
    assert confirming_target(found, lambda _: None) == expected


def test_how_winners_are_confirmed_does_not_make_another_study(tmp_path: Path) -> None:
    names = {study_name(contract(tmp_path, word), "data") for word in ("", ", confirm: none", ", confirm: zephyr")}
    assert len(names) == 1
    assert contract(tmp_path).target.confirm is Confirm.AUTO
