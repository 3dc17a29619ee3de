"""The thresholds of a winner: those that the contract states, or found on validation data, and what they do."""

from __future__ import annotations

from mlforge.app.model import Model
from mlforge.app.prepare import Examples
from mlforge.contract.build_thresholds import ANOMALY_THRESHOLD
from mlforge.contract.contract import FalseAlarms, Task
from mlforge.measure.threshold import alarm_rates, threshold_for
from mlforge.records.quality import Split
from mlforge.records.threshold import Threshold
from mlforge.study.evaluate import Evaluator


def thresholds(evaluator: Evaluator, model: Model, test: Examples) -> tuple[Threshold, ...]:
    """Of an anomaly task: on the int8 scores of normal validation data; its rates on test data, too. Else none: the
    contract's numbers are the application's own affair. Raises what the host target raises."""
    if evaluator.task is not Task.ANOMALY:
        return ()
    validate, found = evaluator.prepared.validate, []
    scores = evaluator.int8_scores(model, validate), evaluator.int8_scores(model, test)
    for name, rule in evaluator.contract.bundle.thresholds.items():
        if name != ANOMALY_THRESHOLD:
            continue
        share = rule.share if isinstance(rule, FalseAlarms) else None
        value = threshold_for(scores[0], validate.y, rule.share) if isinstance(rule, FalseAlarms) else rule
        rates = (
            alarm_rates(scores[0], validate.y, value, Split.VALIDATE),
            alarm_rates(scores[1], test.y, value, Split.TEST),
        )
        found.append(Threshold(name, value, rates, share))
    return tuple(found)
