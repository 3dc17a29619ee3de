"""Rows on single classes and further figures, for terminal and page. Knows records alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mlforge.records.quality import Confusion, Metric, Quality, Split, Stage
from mlforge.report import facts, units

MOST_COLUMNS: Final = 12  # classes whose confusion fits into a terminal
STAGE_WORDS: Final = {
    Stage.FP32_HOST: "FP32 on the host",
    Stage.INT8_HOST: "int8 on the host",
    Stage.INT8_TARGET: "int8 on the target",
}


@dataclass(frozen=True, slots=True)
class FigureRow:
    split: str
    name: str
    cells: tuple[str, ...]  # one for each stage


@dataclass(frozen=True, slots=True)
class ClassRow:
    name: str
    recall: str
    precision: str
    f1: str
    false_alarms: str
    examples: str


@dataclass(frozen=True, slots=True)
class Found:
    confusion: Confusion
    split: Split
    stage: Stage


def figure_rows(qualities: Sequence[Quality]) -> tuple[FigureRow, ...]:
    """Each figure beside the main metric once for a split, in the order in which they were measured."""
    rows = []
    for split in facts.SPLITS:
        of_split = [quality for quality in qualities if quality.split is split]
        names = dict.fromkeys((one.metric, one.label) for quality in of_split for one in quality.figures)
        for metric, label in names:
            staged = [next((quality for quality in of_split if quality.stage is stage), None) for stage in facts.STAGES]
            figures = [quality.figure(metric, label) if quality else None for quality in staged]
            cells = [units.score_with_error(one.value, one.standard_error) if one else units.NOTHING for one in figures]
            rows.append(FigureRow(split, figure_name(metric, label), tuple(cells)))
    return tuple(rows)


def figure_name(metric: Metric, label: str) -> str:
    """`Recall of fall`, `Detection at 5.0 % false alarms`."""
    if metric is Metric.DETECTION:
        return f"{units.label(metric)} at {units.percent(float(label))} false alarms"
    return units.label(f"{metric} of {label}" if label else metric)


def last_confusion(qualities: Sequence[Quality]) -> Found | None:
    """Of the most honest split that was measured, as near to the target as it was."""
    for split in facts.SPLITS:
        for stage in reversed(facts.STAGES):
            for quality in qualities:
                if (quality.split, quality.stage) == (split, stage) and quality.confusion is not None:
                    return Found(quality.confusion, split, stage)
    return None


def class_rows(confusion: Confusion) -> tuple[ClassRow, ...]:
    """In the order of the model's outputs. A figure of a class without examples, or without answers, is unknown."""
    return tuple(
        ClassRow(
            name=units.one_line(name, 60),
            recall=_figure(confusion, Metric.RECALL, at, confusion.examples(at)),
            precision=_figure(confusion, Metric.PRECISION, at, confusion.answers(at)),
            f1=_figure(confusion, Metric.F1, at, confusion.examples(at) + confusion.answers(at)),
            false_alarms=_figure(confusion, Metric.FALSE_ALARMS, at, 1),
            examples=units.count(confusion.examples(at)),
        )
        for at, name in enumerate(confusion.classes)
    )


def _figure(confusion: Confusion, metric: Metric, at: int, of: int) -> str:
    return units.score(confusion.of(metric, at)) if of else units.NOTHING
