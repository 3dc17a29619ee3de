"""What the page says of single classes and of baselines: rows, and the shades of the confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlforge.records.baseline import Baseline
from mlforge.records.evidence import Evidence
from mlforge.records.folds import CrossValidation
from mlforge.records.quality import Confusion, Quality
from mlforge.report import classes, units


@dataclass(frozen=True, slots=True)
class Cell:
    """`shade` is the share of the row, in percent."""

    count: str
    shade: int
    right: bool
    title: str


@dataclass(frozen=True, slots=True)
class ConfusionRow:
    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class ClassesSection:
    where: str  # such as "test, int8 on the target"
    rows: tuple[classes.ClassRow, ...]
    names: tuple[str, ...]
    confusion: tuple[ConfusionRow, ...]


@dataclass(frozen=True, slots=True)
class BaselineRow:
    name: str
    split: str
    metric: str
    value: str
    gain: str


@dataclass(frozen=True, slots=True)
class FoldRow:
    trial: str
    quality: str
    values: str  # by fold
    chosen: str  # the folds whose own validation groups chose it


@dataclass(frozen=True, slots=True)
class MistakeRow:
    source: str
    truth: str
    answer: str
    score: str


def mistake_rows(evidence: Evidence | None) -> tuple[MistakeRow, ...]:
    return tuple(
        MistakeRow(
            source=units.one_line(one.source, 160),
            truth=units.one_line(one.truth, 60),
            answer=units.one_line(one.answer, 60) or units.NOTHING,
            score=units.score(one.score),
        )
        for one in (evidence.mistakes if evidence else ())
    )


def mistakes_note(evidence: Evidence | None) -> str:
    """What the listed examples are; empty for none."""
    if evidence is None or not evidence.mistakes:
        return ""
    if evidence.edges:
        return "Anomalies that look most normal, then normal examples that look strangest; validation data, int8."
    if evidence.pairs:
        return "The largest errors; validation data, int8."
    shown = len(evidence.mistakes)
    which = f"The {shown} most certain of them" if shown < evidence.wrong else "All of them, the most certain first"
    return f"{evidence.wrong:,} of {evidence.examples:,} validation examples are answered wrongly in int8. {which}."


def classes_section(qualities: Sequence[Quality]) -> ClassesSection | None:
    """None where no quality tells classes apart."""
    found = classes.last_confusion(qualities)
    if found is None:
        return None
    names = tuple(units.one_line(name, 40) for name in found.confusion.classes)
    where = f"{found.split}, {classes.STAGE_WORDS[found.stage]}"
    rows = tuple(_row(found.confusion, names, at) for at in range(len(names)))
    return ClassesSection(where, classes.class_rows(found.confusion), names, rows)


def _row(confusion: Confusion, names: Sequence[str], at: int) -> ConfusionRow:
    total = confusion.examples(at)
    cells = []
    for answer, count in enumerate(confusion.counts[at]):
        share = count / total if total else 0.0
        title = f"{units.count(count)} of {units.count(total)} of {names[at]} taken for {names[answer]}"
        cells.append(Cell(units.count(count), round(100 * share), answer == at, f"{title}, {units.percent(share)}"))
    return ConfusionRow(names[at], tuple(cells))


def fold_rows(found: CrossValidation | None) -> tuple[FoldRow, ...]:
    if found is None:
        return ()
    return tuple(
        FoldRow(
            trial=str(one.trial),
            quality=units.score_with_error(one.quality.value, one.quality.standard_error),
            values=", ".join(map(units.score, one.values)),
            chosen=", ".join(str(fold + 1) for fold, number in enumerate(found.chosen) if number == one.trial),
        )
        for one in found.finalists
    )


def baseline_rows(baselines: Sequence[Baseline]) -> tuple[BaselineRow, ...]:
    return tuple(
        BaselineRow(
            name=units.one_line(one.name, 60),
            split=one.split,
            metric=units.label(one.figure.metric),
            value=units.score_with_error(one.figure.value, one.figure.standard_error),
            gain=units.NOTHING if one.change is None else units.signed_with_error(one.change, one.change_error),
        )
        for one in baselines
    )
