"""The tree of a contract to the `Contract`: defaults, units, and every rule that spans more than one key.

Runs whether or not the shape is right, so that all mistakes are told at once: a key that is missing or was already
reported yields a stand-in value, and the caller throws the result away when anything was reported.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mlforge.contract.build_agent import build_agent
from mlforge.contract.build_bundle import build_bundle
from mlforge.contract.build_data import build_data
from mlforge.contract.build_goals import build_goals
from mlforge.contract.build_limits import build_limits, build_robustness, within_board
from mlforge.contract.build_power import build_power, profiles
from mlforge.contract.build_streams import build_decision, build_events
from mlforge.contract.build_target import build_target
from mlforge.contract.build_training import build_training
from mlforge.contract.contract import (
    Contract,
    DataSpec,
    Execution,
    Family,
    Proposer,
    Pruner,
    SearchSpec,
    TargetSpec,
    Task,
)
from mlforge.contract.front_ends import build_front_ends
from mlforge.contract.power import PowerSpec
from mlforge.contract.reader import Reader
from mlforge.contract.schema import expectation
from mlforge.contract.stages import FrontEnd, each_spec
from mlforge.contract.stages_user import UserSpec
from mlforge.contract.tree import Node, Report
from mlforge.contract.units import parse_time
from mlforge.records.program import Engine, Prefer

_NO_CORTEX_M: Final = ("qemu_riscv32",)
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
    target = build_target(reader)
    _watched(reader, target)
    decision = build_decision(reader, task)
    execution = _execution(reader, task)
    return Contract(
        path=path,
        name=_name(reader),
        task=task,
        data=data,
        front_ends=front_ends,
        limits=within_board(build_limits(reader), target.zephyr_board),
        goals=build_goals(reader, task),
        search=_search(reader, task, execution),
        training=build_training(reader, task),
        target=target,
        engine=reader.choice(Engine, "engine", default=Engine.STATIC),
        bundle=build_bundle(reader, task, decision),
        digest=hashlib.sha256((_content(root) + _code(front_ends)).encode()).hexdigest(),
        lines=dict(_lines(root, "")),
        robustness=build_robustness(reader),
        power=_power(reader, data),
        decision=decision,
        events=build_events(reader, decision),
        execution=execution,
        prefer=_prefer(reader),
        weight_bits=_weight_bits(reader),
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


def _prefer(reader: Reader) -> Prefer:
    prefer = reader.choice(Prefer, "prefer", default=Prefer.SPEED)
    if prefer is not Prefer.SPEED and reader.choice(Engine, "engine", default=Engine.STATIC).interprets:
        reader.wrong(("prefer",), str(prefer), "speed: TensorFlow Lite Micro has its own kernels")
    return prefer


def _weight_bits(reader: Reader) -> int:
    bits = reader.integer("compression", "bits", default=0)
    if bits and reader.choice(Engine, "engine", default=Engine.STATIC).interprets:
        reader.wrong(
            ("compression",), "compression", "the static engine: TensorFlow Lite Micro takes weights as they are"
        )
    return bits


def _families(reader: Reader, task: Task, execution: Execution) -> tuple[Family, ...] | None:
    """In the order of the enumeration; None where the search decides."""
    node = reader.node("search", "families")
    named = [item.text for item in (node.items if node else [])]
    found = tuple(family for family in Family if family.value in named)
    if node is None or not isinstance(node.value, list):
        return None
    steps = ("search", "families")
    if any(name not in list(Family) for name in named):
        return None  # the schema has said so
    if len(set(named)) < len(named) or not named:
        reader.wrong(steps, "one twice" if named else "none", expectation(list(steps)))
    elif Family.TREES in found and task is Task.ANOMALY:
        reader.wrong(steps, "trees with task anomaly", "[networks]: trees tell classes apart or give a value")
    elif Family.TREES in found and execution is Execution.STREAM:
        reader.wrong(steps, "trees with execution stream", "[networks]: trees take whole windows")
    return found or None


def _search(reader: Reader, task: Task, execution: Execution) -> SearchSpec:
    return SearchSpec(
        proposer=reader.choice(Proposer, "search", "proposer", default=Proposer.BAYESIAN),
        trials=reader.integer("search", "trials", default=40),
        seed=reader.integer("search", "seed", default=1),
        epochs=reader.integer("search", "epochs", default=40),
        workers=reader.integer("search", "workers", default=2),
        pruner=reader.choice(Pruner, "search", "pruner", default=Pruner.HALVING),
        time_us=reader.quantity(parse_time, "search", "time"),
        agent=build_agent(reader),
        families=_families(reader, task, execution),
        seeds=reader.integer("search", "seeds", default=1),
    )


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


def _watched(reader: Reader, target: TargetSpec) -> None:
    """What only a run of the application's own image tells: QEMU's plugins follow Cortex-M alone."""
    wanted = (("limits", "blocking"), ("limits", "deadlines"), ("target", "load"), ("target", "ram_kept_free"))
    for steps in wanted:
        if reader.node(*steps) is not None and target.board in _NO_CORTEX_M:
            reader.wrong(
                steps, f"{steps[1]} on {target.board}", "a board with a Cortex-M, in whose image it is measured"
            )


def _content(root: Node) -> str:
    """What a model is searched for: a release may state other numbers without being another model's."""
    plain = root.plain() if isinstance(root.value, dict) else {}
    searched = {key: value for key, value in plain.items() if key != "bundle"}
    return json.dumps(searched, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _code(front_ends: Sequence[FrontEnd]) -> str:
    """The texts of the application's own stages: another text makes other features."""
    stages = (stage for front_end in front_ends for stage in each_spec(front_end.stages))
    texts = {stage.text for stage in stages if isinstance(stage, UserSpec)}
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
