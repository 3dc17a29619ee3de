"""The contract's `goals`: metrics of all examples, of single classes, of anomalies at a share of false alarms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mlforge.contract.contract import METRICS, OF_A_CLASS, SEARCHED, Goal, Task
from mlforge.contract.reader import Reader
from mlforge.contract.schema import did_you_mean
from mlforge.contract.tree import Node
from mlforge.records.quality import Metric

USUAL_FALSE_ALARMS: Final = 0.05  # at which anomalies are to be detected, where the goals do not say
_BY_CLASS: Final = OF_A_CLASS | {Metric.F1}


def build_goals(reader: Reader, task: Task) -> tuple[Goal, ...]:
    """The goals on all examples first, those on strata last, whatever the order in the file."""
    goals: list[Goal] = []
    for name, node in reader.mapping("goals").items():
        if name != "worst" and _known(reader, task, name):
            goals += _of_anomalies(reader, name) if task is Task.ANOMALY else _of_metric(reader, Metric(name), node)
    if "worst" in reader.mapping("goals"):
        goals += _worst(reader, task, goals)
    if reader.node("goals") is not None and not reader.mapping("goals"):
        reader.wrong(("goals",), "no goal", f"a metric and its value, such as {{{METRICS[task][0]}: 0.8}}")
    return tuple(sorted(goals, key=lambda goal: (goal.worst, goal.metric not in SEARCHED or bool(goal.label))))


def _known(reader: Reader, task: Task, name: str) -> bool:
    """Whether the task has the metric; the shape check has told of names that no task has."""
    if name in METRICS[task] or (task is Task.ANOMALY and name == Metric.FALSE_ALARMS):
        return True
    if any(name in metrics for metrics in METRICS.values()) and reader.text("task") in list(Task):
        reader.wrong(("goals", name), f"{name} with task {task}", f"a metric of {task}: {', '.join(METRICS[task])}")
    return False


def _of_metric(reader: Reader, metric: Metric, node: Node) -> Iterator[Goal]:
    """One goal, or one for each class that is named."""
    if not isinstance(node.value, dict):
        yield Goal(metric, _value(reader, metric, "goals", metric))
        return
    if metric not in _BY_CLASS:
        reader.wrong(("goals", metric), "a mapping", f"a number: {metric} is one of all examples")
        return
    if not node.value:
        reader.wrong(("goals", metric), "no class", "a number, or one for each class, such as {fall: 0.9}")
    classes = [item.text for item in getattr(reader.node("data", "classes"), "items", ())]
    for label in node.value:
        if classes and label not in classes:
            reader.wrong(("goals", metric, label), f"the unknown class {label!r}", did_you_mean(label, classes))
        yield Goal(metric, _value(reader, metric, "goals", metric, label), label=label)


def _of_anomalies(reader: Reader, name: str) -> Iterator[Goal]:
    """`false_alarms` is the share at which `detection` is asked for, and no goal by itself."""
    if name == Metric.FALSE_ALARMS:
        if "detection" not in reader.mapping("goals"):
            expected = "detection beside it: a threshold that nothing exceeds raises no false alarm"
            reader.wrong(("goals", name), "false_alarms alone", expected)
        return
    metric = Metric(name)
    share = f"{_value(reader, Metric.FALSE_ALARMS, 'goals', 'false_alarms', default=USUAL_FALSE_ALARMS):g}"
    yield Goal(metric, _value(reader, metric, "goals", name), label=share if metric is Metric.DETECTION else "")


def _worst(reader: Reader, task: Task, goals: list[Goal]) -> Iterator[Goal]:
    """The metric that is searched by, in each stratum."""
    steps = ("goals", "worst")
    metric = next((goal.metric for goal in goals if goal.metric in SEARCHED and not goal.label), METRICS[task][0])
    if not reader.node("data", "strata"):
        reader.wrong(steps, "worst without data.strata", "data.strata, whose worst stratum is meant")
    yield Goal(metric, _value(reader, metric, *steps), worst=True)


def _value(reader: Reader, metric: Metric, *steps: str, default: float = 0.5) -> float:
    value = reader.number(*steps, default=default)
    least_allowed = 0.0 if metric in (Metric.FALSE_ALARMS, Metric.LARGEST_ERROR) else 1e-300
    most = 1.0 if metric.bounded or metric is Metric.R2 else float("inf")
    if not (least_allowed <= value <= most) or value == float("inf"):
        words = "a number above 0" if least_allowed else "a number of 0 or above"
        reader.wrong(steps, f"{value:g}", words + (" and at most 1" if most == 1.0 else ""))
    return value
