"""The section on energy, in the terminal and on the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from mlforge.contract import load_contract
from mlforge.contract.chain_text import chain_text
from mlforge.report import terminal
from mlforge.report.energy import battery_life, energy_section
from mlforge.report.html import render_html
from tests.unit.report.factory import cost, study

ENERGY = Path(__file__).parents[2] / "corpus" / "contracts" / "good" / "energy.yaml"


def test_the_page_says_what_is_estimated_and_from_what() -> None:
    contract = load_contract(ENERGY)
    page = render_html(None, study(12), name="activity", contract=contract)
    assert "<h2>Energy</h2>" in page
    assert "Estimated: time × " in page
    assert "nobody has held this profile against measurements" in page
    assert "nRF52840 Product Specification" in page
    assert "<h2>Energy</h2>" not in render_html(None, study(12), name="activity")


def test_the_terminal_has_one_table() -> None:
    section = energy_section(load_contract(ENERGY), replace(cost(), period_us=64e6 / 52))
    assert section is not None
    screen = Console(width=120, record=True, file=None, force_terminal=False)
    with screen.capture() as capture:
        screen.print(terminal.energy_table(section))
    text = capture.get()
    assert "Energy of an inference" in text
    assert "Battery life, of the model alone" in text
    assert text.count("other ways") == 3


@pytest.mark.parametrize(
    ("hours", "text"), [(None, "–"), (3.25, "3.25 h"), (240, "10 days"), (8766 * 3, "3 years"), (47.9, "47.9 h")]
)
def test_battery_lives(hours: float | None, text: str) -> None:
    assert battery_life(hours) == text


def test_the_page_names_the_chain_of_features() -> None:
    contract = load_contract(ENERGY)
    assert f"Features: {chain_text(contract.features)}." in render_html(
        None, study(12), name="activity", contract=contract
    )
    assert "Features: " not in render_html(None, study(12), name="activity")
