"""A contract that was tightened after the lock: held against what was measured then, where the image cannot tell.

Flash and RAM are those of the image that is built, and are held against it. Stack, latency and quality are known from
the lock alone.
"""

from __future__ import annotations

from dataclasses import replace

from mlforge.app.verdicts import event_check_name, judge
from mlforge.contract.contract import Contract
from mlforge.contract.streams import EventMetric
from mlforge.contract.units import format_current, format_energy, format_share, format_size, format_time
from mlforge.errors import ContractError, Problem
from mlforge.records.cost import Cost
from mlforge.records.lock import Lock
from mlforge.records.verdict import Check

_OF_THE_IMAGE = ("flash", "ram")
_CURE = "`west mlforge optimise` looks for another model"


def refuse_tightened(contract: Contract, lock: Lock) -> None:
    """Raises ContractError with every limit and goal that the locked model is known to miss."""
    cost = _at_clock(lock.confirmed or lock.cost, contract.target.clock_hz)
    verdict = judge(contract, cost, lock.final, lock.events[-1] if lock.events else None)
    problems = [
        _problem(contract, check) for check in verdict.checks if not check.met and check.name not in _OF_THE_IMAGE
    ]
    if problems:
        raise ContractError(problems)


def _at_clock(cost: Cost, clock_hz: int) -> Cost:
    """The cost at the contract's clock as it is now; what a device measured stays."""
    if cost.cycles is None or cost.feature_cycles is None:
        return cost
    latency_us = cost.cycles * 1e6 / clock_hz
    slower = latency_us / cost.latency_us if cost.latency_us else 1.0
    return replace(
        cost,
        latency_us=latency_us,
        feature_latency_us=cost.feature_cycles * 1e6 / clock_hz,
        stream=replace(cost.stream, feature_us=cost.stream.feature_us * slower) if cost.stream else None,
    )


def _problem(contract: Contract, check: Check) -> Problem:
    key = _key(contract, check)
    found, reached = _shown(check, check.limit), _shown(check, check.measured)
    bound = "at least" if check.measured > check.limit else "at most"
    return Problem(
        contract.path,
        contract.lines.get(key, 0),
        key,
        found,
        f"{bound} {reached}, which the locked model was measured at; {_CURE}",
    )


def _key(contract: Contract, check: Check) -> str:
    if check.hard:
        return f"limits.{check.name}"
    metric = next((metric for metric in EventMetric if event_check_name(metric) == check.name), None)
    return (
        f"events.goals.{metric}"
        if metric
        else next(f"goals.{goal.key}" for goal in contract.goals if goal.name == check.name)
    )


def _shown(check: Check, value: float) -> str:
    if check.unit == "bytes":
        return format_size(round(value))
    spelt = {"us": format_time, "uJ": format_energy, "uA": format_current, "share": format_share}.get(check.unit)
    return f"{value:.4g} {check.unit}".rstrip() if spelt is None else spelt(value)
