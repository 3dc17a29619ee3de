"""The tree of a contract to the `Contract`: defaults, units, and every rule that spans more than one key.

Runs whether or not the shape is right, so that all mistakes are told at once: a key that is missing or was already
reported yields a stand-in value, and the caller throws the result away when anything was reported.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Final

from mlforge.contract.boards import ALIASES, CLOCK_HZ, canonical
from mlforge.contract.build_agent import build_agent
from mlforge.contract.build_bundle import build_bundle
from mlforge.contract.build_data import build_data
from mlforge.contract.build_features import build_features
from mlforge.contract.build_limits import build_goals, build_limits, build_robustness
from mlforge.contract.build_training import build_training
from mlforge.contract.contract import (
    Confirm,
    Contract,
    Proposer,
    Pruner,
    SearchSpec,
    TargetSpec,
    Task,
)
from mlforge.contract.reader import Reader
from mlforge.contract.schema import did_you_mean
from mlforge.contract.tree import Node, Report
from mlforge.contract.units import parse_frequency, parse_time
from mlforge.records.program import Engine

DEFAULT_BOARD: Final = "mps2/an386"
C_KEYWORDS: Final = re.compile(
    "auto|break|case|char|const|continue|default|do|double|else|enum|extern|float|for|goto|if|inline|int|long|main|"
    "register|restrict|return|short|signed|sizeof|static|struct|switch|typedef|union|unsigned|void|volatile|while"
)


def build(root: Node, path: Path, reported: frozenset[str], report: Report) -> Contract:
    """`reported` holds the keys that the shape check has already complained about; they are not mentioned again."""
    reader = Reader(root, reported, report)
    task = reader.choice(Task, "task", default=Task.CLASSIFICATION)
    data = build_data(reader)
    return Contract(
        path=path,
        name=_name(reader),
        task=task,
        data=data,
        features=build_features(reader, data),
        limits=build_limits(reader),
        goals=build_goals(reader, task),
        search=_search(reader),
        training=build_training(reader, task),
        target=_target(reader),
        engine=reader.choice(Engine, "engine", default=Engine.STATIC),
        bundle=build_bundle(reader, task),
        digest=hashlib.sha256(_content(root).encode()).hexdigest(),
        lines=dict(_lines(root, "")),
        robustness=build_robustness(reader),
    )


def _name(reader: Reader) -> str:
    name = reader.text("name")
    if C_KEYWORDS.fullmatch(name):
        reader.wrong(("name",), repr(name), "a name that is not a word of the C language")
    return name


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
        names = [*CLOCK_HZ, *ALIASES]
        reader.wrong(("target", "board"), f"the unknown board {board!r}", did_you_mean(board, names))
    clock_hz = reader.quantity(parse_frequency, "target", "clock")
    return TargetSpec(
        board=known or board,
        clock_hz=clock_hz or CLOCK_HZ[known or DEFAULT_BOARD],
        product=reader.text("target", "product", default=""),
        confirm=reader.choice(Confirm, "target", "confirm", default=Confirm.AUTO),
    )


def _content(root: Node) -> str:
    """What a model is searched for: a release may state other numbers without being another model's."""
    plain = root.plain() if isinstance(root.value, dict) else {}
    searched = {key: value for key, value in plain.items() if key != "bundle"}
    return json.dumps(searched, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


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
