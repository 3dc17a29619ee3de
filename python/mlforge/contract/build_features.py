"""The contract's `features`: the stages in front of the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mlforge.contract.contract import StageSpec, StandardiseSpec, WindowSpec
from mlforge.contract.reader import Reader
from mlforge.contract.schema import did_you_mean, show
from mlforge.contract.tree import Node

MAX_WINDOW: Final = 65_536


def build_features(reader: Reader) -> tuple[StageSpec, ...]:
    node = reader.node("features")
    stages: list[StageSpec] = []
    for index, item in enumerate(node.items if node else []):
        steps = ("features", str(index))
        name = item.value if isinstance(item.value, str) else _only_key(item)
        if name is None:
            reader.wrong(steps, show(item), "one stage with its settings, such as {standardise: {}}")
        elif name == "window":
            stages.append(_window(reader, (*steps, name)))
        elif name == "standardise":
            _no_settings(reader, (*steps, name))
            stages.append(StandardiseSpec())
        else:
            reader.wrong((*steps, name), f"the unknown stage {name!r}", did_you_mean(name, ["window", "standardise"]))
    for kind, name in ((WindowSpec, "window"), (StandardiseSpec, "standardise")):
        if sum(isinstance(stage, kind) for stage in stages) > 1:
            reader.wrong(("features",), f"{name} twice", f"at most one {name}")
    return tuple(stages)


def _window(reader: Reader, steps: tuple[str, ...]) -> WindowSpec:
    settings = reader.mapping(*steps)
    _unknown_settings(reader, steps, settings, ["length", "hop"])
    if "length" not in settings:
        reader.wrong((*steps, "length"), "nothing", f"a whole number of frames from 1 to {MAX_WINDOW} (required)")
    length = _frames(reader, (*steps, "length"), 1)
    hop = _frames(reader, (*steps, "hop"), length)
    return WindowSpec(length=length, hop=hop)


def _frames(reader: Reader, steps: tuple[str, ...], default: int) -> int:
    node = reader.node(*steps)
    if node is None:
        return default
    if type(node.value) is not int or not 1 <= node.value <= MAX_WINDOW:
        reader.wrong(steps, show(node), f"a whole number of frames from 1 to {MAX_WINDOW}")
        return default
    return node.value


def _no_settings(reader: Reader, steps: tuple[str, ...]) -> None:
    node = reader.node(*steps)
    if node is None or node.value is None:
        return
    if not isinstance(node.value, dict):
        reader.wrong(steps, show(node), "an empty mapping: {}")
    else:
        _unknown_settings(reader, steps, node.value, [])


def _unknown_settings(reader: Reader, steps: tuple[str, ...], settings: Mapping[str, Node], known: list[str]) -> None:
    for key in settings:
        if key not in known:
            expected = did_you_mean(key, known) if known else "no settings: {}"
            reader.wrong((*steps, key), f"the unknown key {key!r}", expected)


def _only_key(node: Node) -> str | None:
    return next(iter(node.value)) if isinstance(node.value, dict) and len(node.value) == 1 else None
