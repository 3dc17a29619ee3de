"""What a contract comes to: every limit and goal with its value and the place that it comes from, for `check`."""

from __future__ import annotations

from dataclasses import dataclass

from mlforge.contract.contract import OF_A_CLASS, Contract
from mlforge.contract.units import (
    format_current,
    format_energy,
    format_frequency,
    format_share,
    format_size,
    format_time,
)
from mlforge.records.quality import Metric


@dataclass(frozen=True, slots=True)
class Setting:
    """One resolved setting. `value` is None where nothing is set, or where `auto` still waits for the app's build."""

    key: str  # dotted, such as "limits.flash"
    value: float | None
    unit: str  # bytes, us, Hz, or empty
    text: str  # the value for people
    source: str  # "mlforge.yaml:12", or why it has no line


def describe(contract: Contract) -> tuple[Setting, ...]:
    """The limits, goals and clock of the contract, in its own order of importance."""
    limits, latency = contract.limits, contract.limits.latency_us
    rows = [
        _size(contract, "flash", limits.flash_bytes),
        _size(contract, "ram", limits.ram_bytes),
        _size(contract, "stack", limits.stack_bytes),
        _limit(contract, "latency", latency, "us", "" if latency is None else format_time(latency)),
    ]
    if limits.cpu is not None:
        rows.append(_limit(contract, "cpu", limits.cpu, "", format_share(limits.cpu)))
    others = (
        ("blocking", limits.blocking_us, "us", format_time),
        ("energy", limits.energy_uj, "uJ", format_energy),
        ("current", limits.current_ua, "uA", format_current),
        ("temperature_rise", limits.temperature_rise_k, "K", "{:g} K".format),
    )
    rows += [_limit(contract, name, value, unit, spelt(value)) for name, value, unit, spelt in others if value]
    rows += [
        _limit(contract, f"deadlines.{name}", us, "us", format_time(us)) for name, us in limits.deadlines_us.items()
    ]
    if contract.power is not None:
        active_ua = contract.power.active_ua(contract.target.clock_hz)
        text = f"{format_current(active_ua)} at {contract.power.supply_v:g} V, {contract.power.name}"
        rows.append(Setting("power.active", active_ua, "uA", text, contract.power.source))
    for goal in contract.goals:
        key = f"goals.{goal.key}"
        bound = "at least" if goal.metric.higher_is_better else "at most"
        where = f", {goal.metric} in each stratum of {', '.join(contract.data.strata)}" if goal.worst else ""
        if goal.metric is Metric.DETECTION:
            where = f" of anomalies, with {goal.label} false alarms"
        elif goal.metric in OF_A_CLASS and not goal.label:
            where = ", for each class"
        rows.append(Setting(key, goal.value, "", f"{bound} {goal.value:g}{where}", _source(contract, key, "")))
    for metric, value in contract.events.goals.items() if contract.events else ():
        key = f"events.goals.{metric}"
        bound = "at least" if metric.higher_is_better else "at most"
        rows.append(Setting(key, value, "", f"{bound} {value:g}", _source(contract, key, "")))
    clock, board = contract.target.clock_hz, contract.target.zephyr_board
    default = f"default clock of {board.name if board else contract.target.board}"
    if board:
        text = f"{board.core}, measured on {contract.target.board}"
        rows.append(Setting("target.board", None, "", text, _source(contract, "target.board", "")))
    rows.append(
        Setting("target.clock", clock, "Hz", format_frequency(clock), _source(contract, "target.clock", default))
    )
    if kept := contract.target.ram_kept_free_bytes:
        source = _source(contract, "target.ram_kept_free", "")
        rows.append(Setting("target.ram_kept_free", kept, "bytes", format_size(kept), source))
    if contract.target.load:
        source = _source(contract, "target.load", "")
        rows.append(Setting("target.load", contract.target.load, "", format_share(contract.target.load), source))
    return tuple(rows)


def stand_in(contract: Contract) -> str:
    """Which emulated board measures for the contract's, as a sentence; empty where that measures itself."""
    board, emulated = contract.target.zephyr_board, contract.target.board
    if board is None:
        return ""
    like = "" if board.core.removesuffix("f") == board.emulated_core else f", as those of a {board.emulated_core}"
    share = board.cycles_share
    takes = f"; by CoreMark, a {board.core} takes about {share:.2f} times the cycles" if share else ""
    return f"costs on {board.name} ({board.core}) are measured on the emulated {emulated}{like}{takes}"


def _size(contract: Contract, name: str, size_bytes: int | None) -> Setting:
    return _limit(contract, name, size_bytes, "bytes", "" if size_bytes is None else format_size(size_bytes))


def _limit(contract: Contract, name: str, value: float | None, unit: str, text: str) -> Setting:
    key = f"limits.{name}"
    if name in contract.limits.auto and value is None:
        return Setting(key, None, unit, "auto: what the app's own build leaves free", _source(contract, key, ""))
    board = contract.target.zephyr_board
    otherwise = f"what {board.name} has" if board and value is not None else "not in the contract"
    return Setting(key, value, unit, text or "no limit", _source(contract, key, otherwise))


def _source(contract: Contract, key: str, otherwise: str) -> str:
    line = contract.lines.get(key)
    return f"{contract.path.name}:{line}" if line else otherwise
