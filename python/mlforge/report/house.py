"""The house style of the terminal's tables."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from mlforge.report import units


def house_table(title: str, *columns: str) -> Table:
    """A table in the house style; a column ending in `>` is right-aligned and never wrapped."""
    table = Table(
        title=Text(units.one_line(title)),
        title_justify="left",
        title_style="bold",
        caption_justify="left",
        caption_style="",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        header_style="",
        padding=(0, 1, 0, 0),
    )
    for column in columns:
        figures = column.endswith(">")
        table.add_column(column.rstrip(">"), justify="right" if figures else "left", no_wrap=figures)
    return table
