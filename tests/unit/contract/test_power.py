"""What a board draws: shipped profiles, own ones, and shipped ones with changes."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from mlforge.contract import build_power, load_contract
from mlforge.contract.contract import Contract
from mlforge.contract.power import ActivePoint, PowerSpec, Regulator
from tests.unit.contract.test_load import FULL, write

SHIPPED = Path(build_power.__file__).parent / "power_profiles.yaml"


def contract(tmp_path: Path, power: str, limits: str = "energy: 400 uJ") -> Contract:
    text = FULL.replace("  latency: 5 ms\n", f"  latency: 5 ms\n  {limits}\n")
    return load_contract(write(tmp_path, f"{text}\npower: {power}\n"))


def test_every_shipped_profile_says_where_its_values_come_from() -> None:
    raw = YAML(typ="safe").load(SHIPPED)
    assert set(raw) == set(build_power.profiles())
    for name, profile in build_power.profiles().items():
        assert "active:" in profile.source, name
        assert "sleep:" in profile.source, name
        assert isinstance(raw[name]["date"], datetime.date), name
        assert profile.active[0].current_ua > 100 * profile.sleep_ua, name


def test_a_profile_by_name(tmp_path: Path) -> None:
    power = contract(tmp_path, "nrf52840").power
    assert power is not None
    assert (power.name, power.supply_v, power.active_ua(64_000_000)) == ("nrf52840", 3.0, 3300.0)


def test_an_own_board(tmp_path: Path) -> None:
    power = contract(tmp_path, "{supply: 3.3 V, active: 52 uA/MHz, sleep: 2 µA, source: my meter, period: 2 s}").power
    assert power is not None
    assert power.active_ua(64_000_000) == pytest.approx(3328)
    assert (power.name, power.sleep_ua, power.period_us, power.band) == ("own", 2.0, 2e6, None)


@pytest.mark.parametrize(("profile", "expected_ua"), [("nrf52840", 3300 * 3 / 1.8), ("stm32l4r5", 25_000 * 64 / 120)])
def test_another_supply_keeps_the_power_or_the_current(tmp_path: Path, profile: str, expected_ua: float) -> None:
    """Behind a switching regulator the power, behind a linear one the current."""
    power = contract(tmp_path, f"{{profile: {profile}, supply: 1.8 V}}").power
    assert power is not None
    assert power.active_ua(64_000_000) == pytest.approx(expected_ua)


def test_own_currents_have_no_shipped_band(tmp_path: Path) -> None:
    given_ones = contract(tmp_path, "{profile: stm32u575, active: {160 MHz: 9 mA}}").power
    shipped = contract(tmp_path, "{profile: stm32u575, battery: 1 Ah}").power
    assert given_ones is not None
    assert shipped is not None
    assert given_ones.band is None
    assert shipped.band == build_power.profiles()["stm32u575"].band
    assert shipped.battery_mah == 1000


POINTS = (ActivePoint(16_000_000, 1000.0), ActivePoint(64_000_000, 3000.0))


@pytest.mark.parametrize(("mhz", "current_ua"), [(8, 500), (16, 1000), (40, 2000), (64, 3000), (128, 6000)])
def test_between_clocks_a_line_and_beyond_them_in_proportion(mhz: int, current_ua: float) -> None:
    assert PowerSpec("own", 3.0, POINTS, 1.0, "").active_ua(mhz * 1e6) == pytest.approx(current_ua)


@given(supply_v=st.floats(1.0, 5.0))
def test_a_switching_regulator_keeps_the_power(supply_v: float) -> None:
    power = PowerSpec("own", 3.0, POINTS, 1.0, "", Regulator.SWITCHING)
    for before, after in zip(power.active, power.at_supply(supply_v), strict=True):
        assert after.current_ua * supply_v == pytest.approx(before.current_ua * power.supply_v)
