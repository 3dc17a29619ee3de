"""What a power meter measured: held against the limits, shown beside the estimate, and noted with who measured."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from mlforge.app.energy_log import FILE, Measured, note
from mlforge.app.verdicts import judge
from mlforge.contract import load_contract
from mlforge.measure.energy import energy_of, measured
from mlforge.records.energy import MeasuredPower
from mlforge.report.energy import measured_table
from tests.unit.report.factory import cost

GOOD = Path(__file__).parents[2] / "corpus" / "contracts" / "good"
POWER = MeasuredPower(100.0, 1.0, 2000.0, 17_000.0, 3.0, 3.0, 10, 250, "PPK2", "pin")


def test_a_measurement_stands_in_for_the_estimate() -> None:
    """100 uJ in 2 ms for the network: with 1 ms of features half as much again; every second at 3 V that is 50 uA."""
    contract = load_contract(GOOD / "energy.yaml")
    found = replace(cost(latency_us=2000.0), feature_latency_us=1000.0, period_us=1e6, stream=None)
    assert contract.power is not None
    contract = replace(contract, power=replace(contract.power, period_us=None))
    energy = measured(contract, found, POWER)
    assert energy.inference_uj == pytest.approx(150.0)
    assert energy.average_ua == pytest.approx(50.0 + 3.0)
    assert energy.method == "measured: PPK2, 10 bursts of 250 inferences at 3 V, ± 1.0%"
    checks = {check.name: check.measured for check in judge(contract, found, power=POWER).checks}
    assert checks["energy"] == energy.inference_uj
    assert checks["current"] == energy.average_ua


def test_it_is_noted_with_who_measured(tmp_path: Path) -> None:
    contract, found = load_contract(GOOD / "energy.yaml"), cost(latency_us=2000.0)
    one = Measured(POWER, measured(contract, found, POWER), energy_of(contract, found))
    for board in ("board:1", "board:2"):
        note(tmp_path, board, "ab12", one)
    lines = [json.loads(line) for line in (tmp_path / ".mlforge" / FILE).read_text().splitlines()]
    assert [line["board"] for line in lines] == ["board:1", "board:2"]
    assert "@" in lines[0]["who"]
    assert lines[0]["when"].startswith("20")
    assert one.estimate is not None
    assert lines[0]["measured_over_estimated"] == pytest.approx(one.energy.inference_uj / one.estimate.inference_uj)
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(measured_table(one))
    assert f"measured / estimated: {one.ratio:.2f} on this board" in console.export_text()
