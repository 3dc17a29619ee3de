"""Energy by hand: every figure here is worked out from the formulas in docs/energy.md."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mlforge.app.verdicts import judge, limits_alone
from mlforge.contract import load_contract
from mlforge.contract.contract import Contract
from mlforge.contract.power import ActivePoint, PowerSpec
from mlforge.measure.energy import duties, energy_of, estimate
from tests.unit.report.factory import cost

GOOD = Path(__file__).parents[2] / "corpus" / "contracts" / "good"
BOARD = PowerSpec("own", 3.0, (ActivePoint(64_000_000, 3300.0),), 3.0, "a meter", wake_us=1000, thermal_k_per_w=50)


def contract() -> Contract:
    return load_contract(GOOD / "energy.yaml")


def test_an_inference_by_hand() -> None:
    """3.3 mA at 3 V for 9 ms and 1 ms of waking up: 99 uJ; every 100 ms that is a tenth of the time."""
    energy = estimate(replace(BOARD, battery_mah=220), 64_000_000, 9_000, 100_000)
    assert energy.inference_uj == pytest.approx(3.3e-3 * 3 * 10e-3 * 1e6)
    assert energy.average_ua == pytest.approx(0.1 * 3300 + 0.9 * 3)
    assert energy.rise_k == pytest.approx(3 * 332.7e-6 * 50)
    assert energy.battery_h == pytest.approx(220_000 / 332.7)


def test_one_that_never_ends_in_time_never_sleeps() -> None:
    assert estimate(BOARD, 64_000_000, 200_000, 100_000).average_ua == pytest.approx(3300)


def test_without_a_period_there_is_no_average() -> None:
    energy = estimate(BOARD, 64_000_000, 9_000, None)
    assert (energy.average_ua, energy.rise_k, energy.battery_h) == (None, None, None)


def test_the_verdict_holds_the_contract_against_the_estimate() -> None:
    """Of the contract: 120 MHz by default is not nrf52840's clock, so its current goes up in proportion."""
    asked, measured = contract(), replace(cost(latency_us=3412.5), period_us=64e6 / 52)
    energy = energy_of(asked, measured)
    assert energy is not None
    checks = {check.name: check for check in judge(asked, measured).checks}
    assert checks["energy"].measured == energy.inference_uj
    assert checks["current"].measured == energy.average_ua
    assert checks["temperature_rise"].measured == energy.rise_k
    assert [check.unit for check in limits_alone(asked).checks if check.hard] == ["bytes", "uJ", "uA", "K"]


def test_a_limit_on_energy_makes_a_candidate_infeasible() -> None:
    asked = contract()
    asked = replace(asked, limits=replace(asked.limits, energy_uj=0.1))
    assert not judge(asked, cost()).feasible


def test_a_contract_without_currents_has_no_energy() -> None:
    assert energy_of(replace(contract(), power=None), cost()) is None


def test_slower_is_cheaper_and_too_slow_is_said() -> None:
    asked = replace(contract(), power=replace(BOARD, active=(ActivePoint(8_000_000, 900.0), *BOARD.active)))
    asked = replace(asked, limits=replace(asked.limits, latency_us=10_000.0))
    found = duties(asked, replace(cost(latency_us=3412.5), period_us=100_000.0))
    currents = [duty.energy.average_ua for duty in found]
    assert currents == sorted(currents, key=lambda current: current or 0)
    assert {duty.in_time for duty in found if duty.clock_hz == 8_000_000} == {False}
    assert any(duty.in_time for duty in found)
    assert {duty.period_us for duty in found} == {100_000.0, 200_000.0, 400_000.0}


def test_a_device_that_measured_says_nothing_of_other_clocks() -> None:
    assert duties(contract(), replace(cost(), cycles=None, period_us=1e5)) == ()
