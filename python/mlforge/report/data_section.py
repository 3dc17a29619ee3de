"""The report's section on the data: counts by split and class, ranges, and what was found, as rows for templates."""

from __future__ import annotations

from dataclasses import dataclass

from mlforge.records.data_summary import DataSummary, Inspection
from mlforge.report.data_tables import CLASSES, summary_line
from mlforge.report.units import one_line


@dataclass(frozen=True, slots=True)
class FindingRow:
    severity: str
    kind: str
    what: str
    cure: str
    where: str
    places: str


@dataclass(frozen=True, slots=True)
class DataSection:
    sentence: str
    columns: tuple[str, ...]  # of `splits`, behind the split's name
    splits: tuple[tuple[str, ...], ...]
    channels: tuple[tuple[str, ...], ...]  # name, lowest, median, highest, deviation
    more_channels: int
    findings: tuple[FindingRow, ...]


def data_section(inspection: Inspection) -> DataSection:
    """Equal inspections give equal rows."""
    summary = inspection.summary
    return DataSection(
        sentence=summary_line(summary).removeprefix("data: ") + ".",
        columns=("Recordings", "Groups", "Inputs", *_classes(summary)),
        splits=tuple(
            (split.name, *(f"{number:,}" for number in (split.recordings, split.groups, split.inputs)), *counts)
            for split, counts in zip(summary.splits, _counts(summary), strict=True)
        ),
        channels=tuple(
            (
                one_line(one.name, 40),
                *(f"{value:.4g}" for value in (one.lowest, one.median, one.highest, one.deviation)),
            )
            for one in summary.channels
        ),
        more_channels=summary.channel_count - len(summary.channels),
        findings=tuple(
            FindingRow(
                severity=str(one.severity),
                kind=one_line(one.kind, 60),
                what=one_line(one.what, 1000),
                cure=one_line(one.cure, 500),
                where=one_line(one.where, 200),
                places=one_line(", ".join(one.places) + (", ..." if one.count > len(one.places) else ""), 1000),
            )
            for one in inspection.findings
        ),
    )


def _classes(summary: DataSummary) -> tuple[str, ...]:
    names = [one_line(name, 30) for name in summary.splits[0].classes]
    return (*names[:CLASSES], *([f"{len(names) - CLASSES:,} more"] if len(names) > CLASSES else []))


def _counts(summary: DataSummary) -> list[tuple[str, ...]]:
    found = []
    for split in summary.splits:
        counts = list(split.classes.values())
        rest = [sum(counts[CLASSES:])] if len(counts) > CLASSES else []
        found.append(tuple(f"{number:,}" for number in (*counts[:CLASSES], *rest)))
    return found
