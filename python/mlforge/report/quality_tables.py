"""The terminal's tables of quality: three stages side by side, further figures, single classes, strata, baselines."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mlforge.records.baseline import Baseline
from mlforge.records.folds import CrossValidation
from mlforge.records.quality import Metric, Quality, Split
from mlforge.report import classes, facts, units
from mlforge.report.house import house_table


def quality_table(qualities: Sequence[Quality], *, title: str = "Quality") -> RenderableType:
    """The three stages side by side for each metric and split, then the spread per stratum."""
    tables: dict[Metric, Table] = {}
    ends: dict[Metric, dict[Split, Quality]] = {}  # the last stage of each split
    spreads = []
    for metric, split in _measured(qualities):
        columns = "split", "FP32 host>", "int8 host>", "int8 target>", "examples>", "groups>"
        table = tables.setdefault(metric, house_table(f"{title}: {units.label(metric)} ± standard error", *columns))
        staged = [facts.find_quality(qualities, stage, split, metric) for stage in facts.STAGES]
        last = next(quality for quality in reversed(staged) if quality is not None)
        cells = [units.score_with_error(q.value, q.standard_error) if q else units.NOTHING for q in staged]
        table.add_row(split, *cells, units.count(last.examples), units.count(last.groups or math.nan))
        ends.setdefault(metric, {})[split] = last
        if any(quality.strata for quality in staged if quality is not None):
            spreads.append(_spread_table(split, metric, staged))
    for metric, table in tables.items():
        intervals = ", ".join(f"{split} {facts.interval_words(quality)}" for split, quality in ends[metric].items())
        fewest = min(ends[metric].values(), key=lambda quality: quality.groups or math.inf)
        table.caption = Text(f"95 % interval: {intervals}. {facts.few_groups(fewest)}".strip())
    more = figures_table(qualities), *classes_tables(qualities)
    return Group(*tables.values(), *(table for table in more if table is not None), *spreads)


def figures_table(qualities: Sequence[Quality]) -> Table | None:
    """What else was measured of the same answers; None where nothing was."""
    rows = classes.figure_rows(qualities)
    if not rows:
        return None
    table = house_table("Further figures", "split", "figure", "FP32 host>", "int8 host>", "int8 target>")
    for row in rows:
        table.add_row(row.split, Text(row.name), *row.cells)
    return table


def classes_tables(qualities: Sequence[Quality]) -> tuple[Table, ...]:
    """Recall, precision and F1 of each class, and which class is taken for which, of the last stage on the most honest
    split; none without classes."""
    found = classes.last_confusion(qualities)
    if found is None:
        return ()
    where = f"{found.split}, {classes.STAGE_WORDS[found.stage]}"
    by_class = house_table(f"By class: {where}", "class", "recall>", "precision>", "F1>", "false alarms>", "examples>")
    for row in classes.class_rows(found.confusion):
        by_class.add_row(Text(row.name), row.recall, row.precision, row.f1, row.false_alarms, row.examples)
    if len(found.confusion.classes) > classes.MOST_COLUMNS:
        return (by_class,)
    names = [units.one_line(name, 12) for name in found.confusion.classes]
    matrix = house_table(f"Confusion: {where}", "true", *(f"{name}>" for name in names))
    for name, counts in zip(names, found.confusion.counts, strict=True):
        cells = [Text(units.count(count), "bold" if name == names[at] else "") for at, count in enumerate(counts)]
        matrix.add_row(Text(name), *cells)
    matrix.caption = Text("columns are the answers")
    return by_class, matrix


def folds_table(found: CrossValidation) -> Table:
    """The finalists in all folds, and what the sealed groups of the folds say."""
    table = house_table(f"Cross-validation in {found.folds} folds", "finalist", "quality>", "by fold>", "chosen in")
    for one in found.finalists:
        value = units.score_with_error(one.quality.value, one.quality.standard_error)
        chosen = ", ".join(str(fold + 1) for fold, number in enumerate(found.chosen) if number == one.trial)
        table.add_row(f"trial {one.trial}", value, " ".join(map(units.score, one.values)), chosen or units.NOTHING)
    table.caption = Text(facts.folds_words(found))
    return table


def baselines_table(baselines: Sequence[Baseline]) -> RenderableType:
    """What simpler models reach on the same features and splits, and the model's distance from them."""
    table = house_table("Baselines: FP32 on the host", "baseline", "split", "quality>", "the model's change>")
    for one in baselines:
        name, value = (
            units.label(one.figure.metric),
            units.score_with_error(one.figure.value, one.figure.standard_error),
        )
        change = units.NOTHING if one.change is None else units.signed_with_error(one.change, one.change_error)
        table.add_row(Text(one.name), one.split, f"{name} {value}", change)
    table.caption = Text(facts.baseline_words(baselines))
    return table


def _measured(qualities: Sequence[Quality]) -> list[tuple[Metric, Split]]:
    present = {(quality.metric, quality.split) for quality in qualities}
    return [(metric, split) for metric in Metric for split in facts.SPLITS if (metric, split) in present]


def _spread_table(split: Split, metric: Metric, staged: Sequence[Quality | None]) -> Table:
    title = f"{units.label(metric)} per stratum, {split}"
    table = house_table(title, "stratum", "FP32 host>", "int8 host>", "int8 target>", "examples>")
    last = next(quality for quality in reversed(staged) if quality is not None and quality.strata)
    worst_first = sorted(last.strata, key=lambda name: last.strata[name], reverse=not metric.higher_is_better)
    for name in worst_first:
        cells = [units.score(q.strata[name]) if q and name in q.strata else units.NOTHING for q in staged]
        table.add_row(Text(units.one_line(name)), *cells, units.count(last.strata_examples.get(name, math.nan)))
    return table
