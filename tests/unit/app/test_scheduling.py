"""Deadlines, load and memory held against a measurement; what stays of it for the report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mlforge.app.interference import FILE, Interference, note_interference, noted_interference
from mlforge.app.own_image import emulated_board, held_blocking
from mlforge.app.scheduling import asked_for, period_of, scheduling_checks
from mlforge.app.verdicts import blocking_check, judge
from mlforge.contract.contract import Contract
from mlforge.contract.load import load_contract
from mlforge.errors import ContractError
from mlforge.records.scheduling import Blocking, Delays, Locked, Part, Scheduling, ThreadPart, ThreadUse
from mlforge.report.html import render_html
from mlforge.report.scheduling import scheduling_section
from tests.unit.study.fakes import cost

GOOD = Path(__file__).parents[2] / "corpus" / "contracts" / "good" / "scheduling.yaml"
BLOCKING = Blocking((Locked("hold", 3, 500.0, 1500.0), Locked("short", 9, 2.0, 18.0)), 0.2, 125.0)


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    (tmp_path / "mlforge.yaml").write_text(GOOD.read_text())
    return load_contract(tmp_path)


def thread(name: str, worst_us: float, missed: int = 0) -> ThreadUse:
    part = ThreadPart(0.1, Delays(worst_us / 2, worst_us, 10), missed)
    return ThreadUse(name, 5, 1024, 200, 1000.0, (part, part))


def measured(*threads: ThreadUse, inference_us: float = 900.0, kept: bool = True) -> Scheduling:
    parts = (
        Part("with the model", Delays(1, 9, 10), Delays(2, 9, 10), Delays(600, 600, 5), 0),
        Part("under load", Delays(1, 9, 10), Delays(2, 9, 10), Delays(700, inference_us, 5), 0),
    )
    return Scheduling("mps2/an386", 50_000, 1.0, 0.3, parts, threads, kept, "by hand")


def test_deadlines_are_kept_or_not(contract: Contract) -> None:
    control, writer = scheduling_checks(contract, measured(thread("control", 900), thread("log writer", 30_000, 4)))[:2]
    assert (control.name, control.met, control.measured) == ("deadline of control", True, 900)
    assert (writer.name, writer.met, writer.where) == ("deadline of log writer", False, "missed 4 times")
    lost = scheduling_checks(contract, measured(thread("control", 900)))[1]
    assert (lost.met, lost.where) == (False, "no such thread")


def test_latency_holds_under_load(contract: Contract) -> None:
    limited = replace(contract, limits=replace(contract.limits, latency_us=1000.0))
    names = [check.name for check in scheduling_checks(contract, measured())]
    assert names == ["deadline of control", "deadline of log writer", "RAM kept free"]
    for inference_us, met in ((900.0, True), (1100.0, False)):
        found = {check.name: check for check in scheduling_checks(limited, measured(inference_us=inference_us))}
        assert found["latency under 30% load"].met is met


def test_memory_that_was_taken_is_not_kept_free(contract: Contract) -> None:
    assert scheduling_checks(contract, measured())[-1].met
    assert not scheduling_checks(contract, measured(kept=False))[-1].met


def test_blocking_is_a_limit_like_others(contract: Contract) -> None:
    checks = {check.name: check for check in judge(contract, cost(), blocking=BLOCKING).checks}
    assert (checks["blocking"].met, checks["blocking"].where, checks["blocking"].measured) == (False, "hold", 500.0)
    assert "blocking" not in {check.name for check in judge(contract, cost()).checks}, "not run, so not told"
    assert blocking_check(200.0, Blocking((), 0.2, 125.0)).met


def test_a_board_that_is_not_emulated_holds_nothing_at_build_time(contract: Contract, tmp_path: Path) -> None:
    held = held_blocking(contract, tmp_path / "none.elf", "nrf52840dk/nrf52840")
    assert held is not None
    assert held.met
    assert str(held) == "200 us; not held here: nrf52840dk/nrf52840 is no Cortex-M that QEMU emulates"
    plain = replace(contract, limits=replace(contract.limits, blocking_us=None))
    assert held_blocking(plain, tmp_path / "none.elf", "mps2/an386") is None


def test_what_it_is_measured_in(contract: Contract) -> None:
    with pytest.raises(ContractError, match="not a Zephyr application"):
        emulated_board(contract, "limits.blocking")
    (contract.app_dir / "CMakeLists.txt").write_text("find_package(Zephyr)\n")
    assert emulated_board(contract, "limits.blocking").name == "mps2/an386"
    riscv = replace(contract, target=replace(contract.target, board="qemu_riscv32"))
    with pytest.raises(ContractError, match="Cortex-M that QEMU emulates"):
        emulated_board(riscv, "limits.blocking")


def test_how_often_the_model_runs(contract: Contract) -> None:
    assert asked_for(contract)
    assert period_of(contract, replace(cost(), period_us=20_000.0)) == 20_000.0
    with pytest.raises(ContractError, match="how often the model runs"):
        period_of(contract, replace(cost(), period_us=None))


def test_what_was_measured_stays_for_the_report(contract: Contract) -> None:
    assert noted_interference(contract) == Interference(contract.digest)
    found = Interference(contract.digest, BLOCKING, measured(thread("control", 900)))
    note_interference(contract, found)
    assert noted_interference(contract) == found
    section = scheduling_section(noted_interference(contract))
    assert section is not None
    assert "hold locks interrupts longest: 500 us" in section.note
    assert section.blocking[0] == ("hold", "500 us", "3", "1.5 ms")
    assert section.threads[0][0] == "control"
    page = render_html(None, [], name="activity", contract=contract)
    assert "Threads and interrupts" in page
    assert "<code>hold</code>" in page
    other = replace(contract, digest="0" * 64)
    assert noted_interference(other) == Interference(other.digest), "of another contract"
    (contract.app_dir / ".mlforge" / FILE).write_text("{")
    assert noted_interference(contract) == Interference(contract.digest), "damaged"
    assert scheduling_section(Interference("")) is None
