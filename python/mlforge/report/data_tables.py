"""What is in the data, as the terminal shows it: counts, ranges, and what was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.table import Table

from mlforge.records.data_summary import ChannelSummary, DataSummary
from mlforge.records.finding import Finding, Severity
from mlforge.report.units import one_line

CLASSES: Final = 8  # columns of a table
STYLES: Final = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}


def summary_line(summary: DataSummary) -> str:
    """`data: 140 recordings of 10 subject groups, 6 channels at 50 Hz, 214 to 2,160 frames (median 986)`."""
    owners = f" of {summary.groups:,} groups ({one_line(summary.group, 40)})" if summary.group else ""
    rate = f" at {summary.rate_hz:g} Hz" if summary.rate_hz else ""
    lengths = f", {summary.shortest:,} to {summary.longest:,} frames (median {summary.median:,})"
    if summary.shortest == summary.longest:
        lengths = f", {summary.longest:,} frames each"
    left = f"; {summary.left_out:,} more are too short" if summary.left_out else ""
    channels = f"{summary.channel_count:,} channel{'s' if summary.channel_count > 1 else ''}{rate}"
    return f"data: {summary.recordings:,} recordings{owners}, {channels}{lengths if summary.longest > 1 else ''}{left}"


def split_table(summary: DataSummary) -> Table:
    """Recordings, groups and model inputs of each split, and the inputs by class."""
    table = Table(box=None, pad_edge=False)
    table.add_column("split")
    classes = list(summary.splits[0].classes)
    for column in ("recordings", "groups", "inputs", *(one_line(name, 16) for name in classes[:CLASSES])):
        table.add_column(column, justify="right")
    if len(classes) > CLASSES:
        table.add_column(f"{len(classes) - CLASSES:,} more", justify="right")
    for split in summary.splits:
        counts = list(split.classes.values())
        rest = [sum(counts[CLASSES:])] if len(counts) > CLASSES else []
        numbers = (split.recordings, split.groups, split.inputs, *counts[:CLASSES], *rest)
        table.add_row(split.name, *(f"{number:,}" for number in numbers))
    return table


def channel_table(summary: DataSummary) -> Table:
    """The ranges of the channels over the training split."""
    table = Table(box=None, pad_edge=False)
    table.add_column("channel")
    for column in ("lowest", "median", "highest", "deviation"):
        table.add_column(column, justify="right")
    for channel in summary.channels:
        table.add_row(one_line(channel.name, 30), *(f"{value:.4g}" for value in _values(channel)))
    if summary.channel_count > len(summary.channels):
        table.add_row(f"... {summary.channel_count - len(summary.channels):,} more")
    return table


def findings_lines(findings: Sequence[Finding]) -> Iterator[tuple[str, str]]:
    """(style, sentence) of each finding."""
    for finding in findings:
        yield STYLES[finding.severity], one_line(str(finding), 2000)


def _values(channel: ChannelSummary) -> tuple[float, ...]:
    return channel.lowest, channel.median, channel.highest, channel.deviation
