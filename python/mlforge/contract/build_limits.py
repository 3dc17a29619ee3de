"""The contract's `limits` and `goals`, what candidates are held against, and `robustness`, what tries the winner."""

from __future__ import annotations

from typing import Final

from mlforge.contract.contract import METRICS, Goal, Limits, RobustnessSpec, Task
from mlforge.contract.reader import Reader
from mlforge.contract.schema import expectation
from mlforge.contract.units import parse_current, parse_energy, parse_size, parse_temperature, parse_time

MAX_SIZE_BYTES: Final = 1 << 30
MAX_TIME_US: Final = 3.6e9  # an hour; no inference on a microcontroller takes longer


def build_limits(reader: Reader) -> Limits:
    known = reader.mapping("limits")
    auto = frozenset(name for name in ("flash", "ram") if reader.text("limits", name).strip() == "auto")
    sizes: dict[str, int | None] = {}
    for name in ("flash", "ram", "stack"):
        size = None if name in auto else reader.quantity(parse_size, "limits", name)
        if size is not None and size > MAX_SIZE_BYTES:
            reader.wrong(("limits", name), repr(reader.text("limits", name)), "at most 1024 MiB")
        sizes[name] = size
    latency_us = reader.quantity(parse_time, "limits", "latency")
    if latency_us is not None and latency_us > MAX_TIME_US:
        reader.wrong(("limits", "latency"), repr(reader.text("limits", "latency")), "at most 60 min")
    if reader.node("limits") is not None and not known:
        reader.wrong(("limits",), "no limit", "at least one of flash, ram, stack, latency, energy, current")
    return Limits(
        sizes["flash"],
        sizes["ram"],
        sizes["stack"],
        latency_us,
        reader.quantity(parse_energy, "limits", "energy"),
        reader.quantity(parse_current, "limits", "current"),
        reader.quantity(parse_temperature, "limits", "temperature_rise"),
        auto,
    )


def build_goals(reader: Reader, task: Task) -> tuple[Goal, ...]:
    """The goal on all examples first, whatever the order in the file."""
    goals = []
    own = METRICS[task][0]
    for name in reader.mapping("goals"):
        steps = ("goals", name)
        if name == "worst":
            value = reader.number(*steps, default=0.5)
            if not (value > 0 and (own == "mse" or value <= 1)):
                reader.wrong(steps, f"{value:g}", "a number above 0" + ("" if own == "mse" else " and at most 1"))
            if not reader.node("data", "strata"):
                reader.wrong(steps, "worst without data.strata", "data.strata, whose worst stratum is meant")
            goals.append(Goal(own, value, worst=True))
            continue
        if name not in METRICS[task]:
            if any(name in metrics for metrics in METRICS.values()) and reader.text("task") in list(Task):
                reader.wrong(steps, f"{name} with task {task}", f"a metric of {task}: {', '.join(METRICS[task])}")
            continue
        value = reader.number(*steps, default=0.5)
        if not (value > 0 and (name == "mse" or value <= 1)):
            reader.wrong(steps, f"{value:g}", expectation(list(steps)))
        goals.append(Goal(name, value))
    if reader.node("goals") is not None and not reader.mapping("goals"):
        reader.wrong(("goals",), "no goal", f"a metric and its value, such as {{{METRICS[task][0]}: 0.8}}")
    return tuple(sorted(goals, key=lambda goal: goal.worst))


def build_robustness(reader: Reader) -> RobustnessSpec:
    """Kinds that are not named have their default magnitudes; an empty list leaves one out."""
    default = RobustnessSpec()
    given = {}
    for kind, magnitudes in (
        ("noise", default.noise),
        ("gain", default.gain),
        ("offset", default.offset),
        ("dropout", default.dropout),
    ):
        node = reader.node("robustness", kind)
        items = node.items if node is not None else []
        numbers = [item.value for item in items if isinstance(item.value, int | float)]
        given[kind] = magnitudes if node is None else tuple(float(number) for number in numbers)
    return RobustnessSpec(**given)
