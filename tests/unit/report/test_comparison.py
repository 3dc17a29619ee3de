"""The winner's figures as the search had them beside those of the application's image, wherever results are shown."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from rich.console import Console

from mlforge.records.lock import Lock
from mlforge.report import terminal
from mlforge.report.comparison import cost_rows
from mlforge.report.html import render_html
from tests.unit.report import factory

SEARCHED, CONFIRMED = factory.cost(20_000), replace(factory.cost(21_000), target="zephyr:mps2/an386")


def test_differences_are_from_what_the_search_had() -> None:
    rows = {row.name: row for row in cost_rows(SEARCHED, replace(CONFIRMED, feature_instructions=0))}
    assert (rows["Flash"].searched, rows["Flash"].confirmed) == ("20,000 B", "21,000 B")
    assert rows["Flash"].difference == "+5.0 %"
    assert rows["RAM"].difference == "0.0 %"
    less = cost_rows(CONFIRMED, SEARCHED)[0]
    assert less.difference == "-4.8 %"
    nothing = cost_rows(replace(SEARCHED, stack_bytes=0), CONFIRMED)[2]
    assert nothing.difference == "–"


def test_terminal_and_page_show_both_side_by_side() -> None:
    screen = StringIO()
    Console(file=screen, width=90).print(terminal.comparison_table(SEARCHED, CONFIRMED))
    for text in (screen.getvalue(), _page(CONFIRMED)):
        assert "Confirmed in the application" in text
        for word in (SEARCHED.target, "zephyr:mps2/an386", "20,000 B", "21,000 B", "+5.0 %"):
            assert word in text, word
    assert "Confirmed in the application" not in _page(None)


def test_a_lock_keeps_both() -> None:
    trial = factory.trained(1, found=SEARCHED)
    lock = replace(factory.lock(trial, [trial]), confirmed=CONFIRMED)
    assert Lock.from_dict(lock.to_dict()) == lock
    without = {name: value for name, value in lock.to_dict().items() if name != "confirmed"}
    assert Lock.from_dict(without).confirmed is None


def _page(confirmed: object) -> str:
    trial = factory.trained(1, found=SEARCHED)
    lock = replace(factory.lock(trial, [trial]), confirmed=confirmed)  # type: ignore[arg-type]
    return render_html(lock, [trial], name="activity", command="", provenance={})
