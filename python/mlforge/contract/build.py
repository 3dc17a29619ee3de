"""The tree of a contract to the `Contract`: defaults, units, and every rule that spans more than one key.

Runs whether or not the shape is right, so that all mistakes are told at once: a key that is missing or was already
reported yields a stand-in value, and the caller throws the result away when anything was reported.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mlforge.contract.boards import ALIASES, CLOCK_HZ, UNMEASURED, canonical
from mlforge.contract.build_agent import build_agent
from mlforge.contract.build_bundle import build_bundle
from mlforge.contract.build_data import build_data
from mlforge.contract.build_goals import build_goals
from mlforge.contract.build_limits import build_limits, build_robustness
from mlforge.contract.build_power import build_power, profiles
from mlforge.contract.build_streams import build_decision, build_events
from mlforge.contract.build_training import build_training
from mlforge.contract.contract import (
    Confirm,
    Contract,
    DataSpec,
    Execution,
    Proposer,
    Pruner,
    SearchSpec,
    TargetSpec,
    Task,
)
from mlforge.contract.front_ends import build_front_ends
from mlforge.contract.power import PowerSpec
from mlforge.contract.products import advice
from mlforge.contract.reader import Reader
from mlforge.contract.schema import did_you_mean
from mlforge.contract.stages import FrontEnd
from mlforge.contract.stages_user import UserSpec
from mlforge.contract.tree import Node, Report
from mlforge.contract.units import format_time, parse_clock, parse_time
from mlforge.records.program import Engine

DEFAULT_BOARD: Final = "mps2/an386"
C_KEYWORDS: Final = re.compile(
    "auto|break|case|char|const|continue|default|do|double|else|enum|extern|float|for|goto|if|inline|int|long|main|"
    "register|restrict|return|short|signed|sizeof|static|struct|switch|typedef|union|unsigned|void|volatile|while"
)


def build(root: Node, path: Path, reported: frozenset[str], report: Report) -> Contract:
    """`reported` holds the keys that the shape check has already complained about; they are not mentioned again."""
    reader = Reader(root, reported, report, path.parent)
    task = reader.choice(Task, "task", default=Task.CLASSIFICATION)
    data = build_data(reader)
    front_ends = build_front_ends(reader, data)
    decision = build_decision(reader, task)
    return Contract(
        path=path,
        name=_name(reader),
        task=task,
        data=data,
        front_ends=front_ends,
        limits=build_limits(reader),
        goals=build_goals(reader, task),
        search=_search(reader),
        training=build_training(reader, task),
        target=_target(reader),
        engine=reader.choice(Engine, "engine", default=Engine.STATIC),
        bundle=build_bundle(reader, task, decision),
        digest=hashlib.sha256((_content(root) + _code(front_ends)).encode()).hexdigest(),
        lines=dict(_lines(root, "")),
        robustness=build_robustness(reader),
        power=_power(reader, data),
        decision=decision,
        events=build_events(reader, decision),
        execution=_execution(reader, task),
    )


def _name(reader: Reader) -> str:
    name = reader.text("name")
    if C_KEYWORDS.fullmatch(name):
        reader.wrong(("name",), repr(name), "a name that is not a word of the C language")
    return name


def _execution(reader: Reader, task: Task) -> Execution:
    execution = reader.choice(Execution, "execution", default=Execution.WHOLE)
    if execution is not Execution.WHOLE:
        if reader.choice(Engine, "engine", default=Engine.STATIC).interprets:
            reader.wrong(("execution",), str(execution), "whole: TensorFlow Lite Micro runs whole windows")
        if task is Task.ANOMALY:
            reader.wrong(("execution",), str(execution), "whole: a reconstruction is of a whole window")
    return execution


def _search(reader: Reader) -> SearchSpec:
    return SearchSpec(
        proposer=reader.choice(Proposer, "search", "proposer", default=Proposer.TPE),
        trials=reader.integer("search", "trials", default=40),
        seed=reader.integer("search", "seed", default=1),
        epochs=reader.integer("search", "epochs", default=40),
        workers=reader.integer("search", "workers", default=2),
        pruner=reader.choice(Pruner, "search", "pruner", default=Pruner.HALVING),
        time_us=reader.quantity(parse_time, "search", "time"),
        agent=build_agent(reader),
    )


def _target(reader: Reader) -> TargetSpec:
    board = reader.text("target", "board", default=DEFAULT_BOARD)
    known = canonical(board)
    if known is None:
        _refuse_board(reader, board)
    clock_hz = reader.quantity(parse_clock, "target", "clock") or CLOCK_HZ[known or DEFAULT_BOARD]
    _check_latency(reader, clock_hz)
    return TargetSpec(
        board=known or board,
        clock_hz=clock_hz,
        product=reader.text("target", "product", default=""),
        confirm=reader.choice(Confirm, "target", "confirm", default=Confirm.AUTO),
    )


def _refuse_board(reader: Reader, board: str) -> None:
    """A board that measures nothing, a slip of the pen, or a product's board, for which an emulated one measures."""
    where, names = ("target", "board"), [*CLOCK_HZ, *ALIASES]
    if board in UNMEASURED:
        found = f"{board}, where a model runs, but where flash, RAM, stack and latency are not a microcontroller's"
        reader.wrong(where, found, f"an emulated board: {', '.join(CLOCK_HZ)}")
    elif difflib.get_close_matches(board.lower(), names, n=1, cutoff=0.8):
        reader.wrong(where, f"the unknown board {board!r}", did_you_mean(board, names))
    else:
        reader.wrong(where, f"{board!r}, which is not emulated", advice(board))


def _power(reader: Reader, data: DataSpec) -> PowerSpec | None:
    """The board's currents, and what limits on energy ask of them."""
    power, limits = build_power(reader), reader.mapping("limits")
    for name in ("energy", "current", "temperature_rise"):
        if name not in limits:
            continue
        steps = ("limits", name)
        if reader.node("power") is None:
            expected = f"`power:` with a profile ({', '.join(profiles())}), or your board's currents"
            reader.wrong(steps, f"{name} without `power`", expected)
        elif name != "energy" and power is not None and power.period_us is None and data.signal is None:
            found = f"{name}, an average, where nothing says how often the model runs"
            reader.wrong(steps, found, "data.signal: {rate: ...}, or power.period")
        elif name == "temperature_rise" and power is not None and power.thermal_k_per_w is None:
            reader.wrong(steps, "temperature_rise without power.thermal_resistance", "the package's, such as '48 K/W'")
    return power


def _check_latency(reader: Reader, clock_hz: int) -> None:
    latency_us = reader.quantity(parse_time, "limits", "latency")
    if latency_us is not None and latency_us * clock_hz < 1e6:
        expected = f"at least one cycle of the clock, {format_time(1e6 / clock_hz)}"
        reader.wrong(("limits", "latency"), repr(reader.text("limits", "latency")), expected)


def _content(root: Node) -> str:
    """What a model is searched for: a release may state other numbers without being another model's."""
    plain = root.plain() if isinstance(root.value, dict) else {}
    searched = {key: value for key, value in plain.items() if key != "bundle"}
    return json.dumps(searched, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _code(front_ends: Sequence[FrontEnd]) -> str:
    """The texts of the application's own stages: another text makes other features."""
    texts = {stage.text for front_end in front_ends for stage in front_end.stages if isinstance(stage, UserSpec)}
    return json.dumps(sorted(texts)) if texts else ""


def _lines(node: Node, prefix: str) -> list[tuple[str, int]]:
    """(dotted key, line) of everything in the tree, in file order."""
    found: list[tuple[str, int]] = []
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            name = f"{prefix}.{key}" if prefix else key
            found += [(name, node.key_lines[key]), *_lines(child, name)]
    elif isinstance(node.value, list):
        for index, child in enumerate(node.value):
            found += [(f"{prefix}[{index}]", child.line), *_lines(child, f"{prefix}[{index}]")]
    return found
