"""Holds Cost and Quality against the contract."""

from __future__ import annotations

from mlforge.contract.contract import OF_A_CLASS, Contract, Goal
from mlforge.contract.streams import EventMetric
from mlforge.measure.energy import energy_of, measured
from mlforge.measure.quality import worst_stratum
from mlforge.records.cost import Cost
from mlforge.records.energy import MeasuredPower
from mlforge.records.events import EventQuality
from mlforge.records.quality import Metric, Quality
from mlforge.records.scheduling import Blocking
from mlforge.records.verdict import Check, Verdict


def judge(
    contract: Contract,
    cost: Cost,
    quality: Quality | None = None,
    events: EventQuality | None = None,
    *,
    in_application: bool = False,
    power: MeasuredPower | None = None,
    blocking: Blocking | None = None,
) -> Verdict:
    """Limit by limit, then goal by goal where a quality is given (goals on what it does not tell are left out).

    Args:
        in_application: the cost is of the app's own image, which has the app's inference service.
        power: what a meter measured on the board of the cost, in place of the estimate.
        blocking: who locked interrupts in the app's image; None where that was not run.

    Raises:
        DataError: a goal on the worst stratum, of which none could be judged.
    """
    service_bytes = contract.limits.service_bytes if in_application else 0
    energy = energy_of(contract, cost) if power is None else measured(contract, cost, power)
    found = {
        "flash": cost.flash.total,
        "ram": cost.ram.total - service_bytes,
        "stack": cost.stack_bytes,
        "latency": cost.total_latency_us,
        "energy": None if energy is None else energy.inference_uj,
        "current": None if energy is None else energy.average_ua,
        "temperature_rise": None if energy is None else energy.rise_k,
        "cpu": cost.cpu,  # measured wherever the limit stands: that needs a rate
    }
    checks = [
        Check(name, unit, limit, float(value), _headroom(limit, float(value)), hard=True)
        for name, unit, limit in _bounds(contract)
        if (value := found.get(name)) is not None
    ]
    if blocking is not None and contract.limits.blocking_us is not None:
        checks.append(blocking_check(contract.limits.blocking_us, blocking))
    if quality is not None:
        checks += [check for goal in contract.goals if (check := _goal(goal, quality, contract)) is not None]
    if events is not None and contract.events is not None:
        checks += [_event_goal(metric, value, events) for metric, value in contract.events.goals.items()]
    return Verdict(tuple(checks))


def blocking_check(limit_us: float, found: Blocking) -> Check:
    """`where` is the function that locked interrupts for longest."""
    longest_us = found.worst.longest_us if found.worst else 0.0
    where = found.worst.function if found.worst else ""
    return Check("blocking", "us", limit_us, longest_us, _headroom(limit_us, longest_us), hard=True, where=where)


def limits_alone(contract: Contract) -> Verdict:
    """The contract's limits and goals with nothing measured yet (0), for a report to draw."""
    checks = [Check(name, unit, limit, 0.0, 0.0, hard=True) for name, unit, limit in _bounds(contract)]
    checks += [Check(goal.name, "", goal.value, 0.0, 0.0, hard=False) for goal in contract.goals]
    return Verdict(tuple(checks))


def _bounds(contract: Contract) -> list[tuple[str, str, float]]:
    """(name, unit, limit) of what the contract limits."""
    limits = contract.limits
    bounds = (
        ("flash", "bytes", limits.flash_bytes),
        ("ram", "bytes", limits.ram_bytes),
        ("stack", "bytes", limits.stack_bytes),
        ("latency", "us", limits.latency_us),
        ("energy", "uJ", limits.energy_uj),
        ("current", "uA", limits.current_ua),
        ("temperature_rise", "K", limits.temperature_rise_k),
        ("cpu", "share", limits.cpu),
        ("blocking", "us", limits.blocking_us),
    )
    return [(name, unit, float(limit)) for name, unit, limit in bounds if limit is not None]


def event_check_name(metric: EventMetric) -> str:
    """`event recall`, unlike a metric of the same name of single windows."""
    return f"event {metric.replace('_', ' ')}"


def _event_goal(metric: EventMetric, goal: float, events: EventQuality) -> Check:
    value: float = getattr(events, metric)
    margin = (value - goal) / goal if metric.higher_is_better else _headroom(goal, value)
    return Check(event_check_name(metric), "", goal, value, margin, hard=False)


def _goal(goal: Goal, quality: Quality, contract: Contract) -> Check | None:
    """None where the quality does not tell. Raises DataError where the goal is on the worst stratum and none could be
    judged."""
    where = ""
    if goal.worst:
        if goal.metric is not quality.metric:
            return None
        where, value = worst_stratum(quality, contract.data.strata)
    elif goal.metric in OF_A_CLASS and not goal.label:
        if quality.confusion is None:
            return None
        where, value = quality.confusion.worst(goal.metric)
    elif (figure := quality.figure(goal.metric, goal.label)) is not None:
        value = figure.value
    else:
        return None
    return Check(goal.name, "", goal.value, value, goal_margin(goal.metric, goal.value, value), hard=False, where=where)


def goal_margin(metric: str, goal: float, value: float) -> float:
    """The share of the goal that is to spare; for metrics where lower is better, the share that is left of it."""
    if Metric(metric).higher_is_better:
        return (value - goal) / goal if goal else value
    return _headroom(goal, value)


def _headroom(limit: float, value: float) -> float:
    return (limit - value) / limit if limit else -value
