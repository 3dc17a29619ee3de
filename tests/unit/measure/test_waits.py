"""Wait states of the flash: what code, branches and loads wait for, and the documented tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlforge.measure import cycles
from mlforge.measure.cycles import CycleModel
from mlforge.measure.timing import timings_markdown
from mlforge.records.waits import FlashWaits
from mlforge.targets.target import Block, Window
from mlforge.toolchain.sources import root

# Eight instructions of two bytes, two of them loads apart: 10 cycles on a Cortex-M4, one line of 128 bits.
CODE = bytes.fromhex("01300130086801300130013008680130")
EXECUTED, TAKEN = 10, 3


def window(monkeypatch: pytest.MonkeyPatch, waits: FlashWaits) -> cycles.WindowCycles:
    monkeypatch.setattr(cycles, "_segments", lambda _: [(0, CODE)])
    model = CycleModel(Path("none"), "cortex-m4", waits)
    return model.window(Window((Block(0, 0, len(CODE), 8, EXECUTED, TAKEN),)), 1)


BARE = 10 * EXECUTED + 2 * TAKEN  # two cycles for a branch that is taken


@pytest.mark.parametrize(
    ("waits", "waiting"),
    [
        (FlashWaits(), 0),
        (FlashWaits(3), 3 * EXECUTED + 2 * 3 * EXECUTED + 3 * TAKEN),  # a line, two loads, branches
        (FlashWaits(3, line_bytes=4), 4 * 3 * EXECUTED + 2 * 3 * EXECUTED + 3 * TAKEN),
        (FlashWaits(3, prefetch=True), 2 * 3 * EXECUTED + 3 * TAKEN),  # ten cycles are enough for the next line
        (FlashWaits(5, True, 8), 2 * (6 - 5) * EXECUTED + 2 * 5 * EXECUTED + 5 * TAKEN),  # five are not
    ],
)
def test_what_waits(monkeypatch: pytest.MonkeyPatch, waits: FlashWaits, waiting: int) -> None:
    found = window(monkeypatch, waits)
    assert found.without_waits == BARE
    assert found.total == found.operators[0] == BARE + waiting


def test_the_documented_tables() -> None:
    """After a change: `MLFORGE_UPDATE_DOCS` does not write these; copy what `timings_markdown` returns."""
    page = (root() / "docs" / "performance.md").read_text(encoding="utf-8")
    assert f"<!-- timings -->\n{timings_markdown()}\n<!-- end of timings -->" in page
