"""What models that need no search reach behind the same front end, and whether ours beats them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mlforge.app.prepare import Examples, Prepared
from mlforge.contract.contract import Contract, Task
from mlforge.measure.baseline import Answers, classifiers, detectors, regressors
from mlforge.measure.quality import error_of_difference, evaluate
from mlforge.records.baseline import Baseline
from mlforge.records.quality import Figure, Quality, Split, Stage


def baselines(
    contract: Contract, prepared: Prepared, examples: Examples, split: Split, model: Quality | None = None
) -> tuple[Baseline, ...]:
    """Each baseline on the examples of a split, fitted to the training split, the best one last.

    Args:
        model: the int8 quality of ours on the same examples; None where there is none.
    """
    judged = [
        (
            answers.name,
            evaluate(
                answers.outputs,
                examples.y,
                metric=contract.metric,
                stage=Stage.FP32_HOST,
                split=split,
                groups=examples.groups,
                classes=prepared.classes,
                also=contract.measures,
            ),
        )
        for answers in _answers(contract.task, prepared, examples)
    ]
    sign = 1.0 if contract.metric.higher_is_better else -1.0
    return tuple(_baseline(name, own, model) for name, own in sorted(judged, key=lambda one: sign * one[1].value))


def _answers(task: Task, prepared: Prepared, examples: Examples) -> Iterator[Answers]:
    train = prepared.train
    match task:
        case Task.CLASSIFICATION:
            return classifiers(train.x, train.y, examples.x, len(prepared.classes))
        case Task.REGRESSION:
            return regressors(train.x, train.y, examples.x)
        case Task.ANOMALY:
            return detectors(train.x, examples.x)


def _baseline(name: str, own: Quality, model: Quality | None) -> Baseline:
    figure = Figure(own.metric, "", own.value, own.standard_error)
    found = Baseline(name, own.split, figure, own.figures)
    if model is None or model.metric is not own.metric:
        return found
    known = own.standard_error is not None and model.standard_error is not None
    error = error_of_difference(model, own)[0] if known else None
    return replace(found, change=model.value - own.value, change_error=error)
