"""How the candidate was trained and what it answers, as pictures: learning curves, ROC, histogram, scatter."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mlforge.records.evidence import Evidence
from mlforge.records.quality import Metric, Quality
from mlforge.records.trial import Epoch
from mlforge.report import facts, units
from mlforge.report.charts import Frame, Mark, Rule, Scale, axis, extent, path, steps
from mlforge.report.search_plots import Plot


def learning_curves(history: Sequence[Epoch]) -> Plot | None:
    """Losses of training and validation by epoch; the epoch whose weights were kept is marked."""
    finite = [epoch for epoch in history if math.isfinite(epoch.loss) and math.isfinite(epoch.validation_loss)]
    if len(finite) < 2 or len(finite) != len(history):
        return None
    frame = Frame(560, 300, 58, 14, 548, 248)
    x = Scale(1.0, float(len(history)), frame.left, frame.right)
    losses = [loss for epoch in history for loss in (epoch.loss, epoch.validation_loss)]
    y = Scale(*extent(losses, floor=0.0), frame.bottom, frame.top)
    best = min(range(len(history)), key=lambda at: history[at].validation_loss)
    marks = [
        Mark(
            x(number + 1.0),
            y(epoch.validation_loss),
            "chosen" if number == best else "met",
            "diamond" if number == best else "dot",
            f"epoch {number + 1}: training {units.score(epoch.loss)}, validation {units.score(epoch.validation_loss)}",
        )
        for number, epoch in enumerate(history)
    ]
    return Plot(
        id="learning",
        title="Learning curves",
        description=f"{len(history)} epochs; the lowest validation loss in epoch {best + 1}.",
        frame=frame,
        x=axis("Epoch", x, 12, whole=True),
        y=axis("Loss", y, 6),
        marks=tuple(sorted(marks, key=lambda mark: mark.kind == "chosen")),
        front=path((x(number + 1.0), y(epoch.validation_loss)) for number, epoch in enumerate(history)),
        second=path((x(number + 1.0), y(epoch.loss)) for number, epoch in enumerate(history)),
    )


def roc(qualities: Sequence[Quality]) -> Plot | None:
    """Detection against false alarms, of the most honest split, as near to the target as it was measured."""
    for split in facts.SPLITS:
        for stage in reversed(facts.STAGES):
            found = facts.find_quality(qualities, stage, split, Metric.AUC)
            if found is not None and found.curve:
                return _roc(found)
    return None


def _roc(quality: Quality) -> Plot:
    frame = Frame(400, 340, 58, 14, 388, 288)
    x, y = Scale(0.0, 1.0, frame.left, frame.right), Scale(0.0, 1.0, frame.bottom, frame.top)
    points = [(share, detected) for share, detected in quality.curve] + [(1.0, 1.0)]
    return Plot(
        id="roc",
        title=f"ROC, {quality.split} data: AUC {units.score(quality.value)}",
        description=f"Detection at {len(quality.curve)} shares of false alarms.",
        frame=frame,
        x=axis("False alarms", x, 6),
        y=axis("Detected", y, 6),
        marks=tuple(
            Mark(x(share), y(detected), "met", "dot", f"{units.percent(share)} false alarms: {units.percent(detected)}")
            for share, detected in points
        ),
        front=path(steps((x(share), y(detected)) for share, detected in points)),
        second=path([(x(0.0), y(0.0)), (x(1.0), y(1.0))]),
    )


def histogram(evidence: Evidence | None, threshold: float | None) -> Plot | None:
    """Scores of normal and of anomalous examples, as shares of each."""
    if evidence is None or not evidence.edges:
        return None
    frame = Frame(560, 300, 58, 26, 548, 248)
    x = Scale(evidence.edges[0], evidence.edges[-1], frame.left, frame.right)
    shares = [[count / max(sum(counts), 1) for count in counts] for counts in (evidence.normal, evidence.anomalous)]
    y = Scale(0.0, max(max(each, default=0.0) for each in shares) * 1.08 or 1.0, frame.bottom, frame.top)
    lines = [_outline(each, evidence.edges, x, y) for each in shares]
    down = None
    if threshold is not None and math.isfinite(threshold) and threshold > 0 and x.holds(math.log10(threshold)):
        at = x(math.log10(threshold))
        down = Rule(at, f"threshold {threshold:.3g}", at > (frame.left + frame.right) / 2)
    return Plot(
        id="scores",
        title="Anomaly scores on validation data",
        description=f"{sum(evidence.normal)} normal and {sum(evidence.anomalous)} anomalous examples.",
        frame=frame,
        x=axis("Score, power of ten", x, 8),
        y=axis("Share of the examples", y, 6),
        marks=(),
        front=lines[1],
        second=lines[0],
        down=down,
    )


def _outline(shares: Sequence[float], edges: Sequence[float], x: Scale, y: Scale) -> str:
    corners = [(x(edges[0]), y(0.0))]
    for at, share in enumerate(shares):
        corners += [(x(edges[at]), y(share)), (x(edges[at + 1]), y(share))]
    return path([*corners, (x(edges[-1]), y(0.0))])


def scatter(evidence: Evidence | None) -> Plot | None:
    """Answers against the truth, with the line on which both are equal."""
    if evidence is None or not evidence.pairs:
        return None
    frame = Frame(400, 340, 66, 14, 388, 288)
    low, high = extent([value for pair in evidence.pairs for value in pair])
    x, y = Scale(low, high, frame.left, frame.right), Scale(low, high, frame.bottom, frame.top)
    return Plot(
        id="scatter",
        title="Answers against the truth, validation data",
        description=f"{len(evidence.pairs)} examples.",
        frame=frame,
        x=axis("Truth", x, 6),
        y=axis("Answer", y, 6),
        marks=tuple(
            Mark(x(truth), y(answer), "met", "dot", f"{units.score(answer)} for {units.score(truth)}")
            for truth, answer in evidence.pairs
        ),
        second=path([(x(low), y(low)), (x(high), y(high))]),
    )
