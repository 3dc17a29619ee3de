"""The tree of a contract to the `Contract`: defaults, units, and every rule that spans more than one key.

Runs whether or not the shape is right, so that all mistakes are told at once: a key that is missing or was already
reported yields a stand-in value, and the caller throws the result away when anything was reported.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from mlforge.contract.boards import ALIASES, CLOCK_HZ, canonical
from mlforge.contract.contract import (
    METRICS,
    BundleSpec,
    Contract,
    DataSpec,
    Engine,
    Goal,
    Limits,
    LoaderKind,
    Proposer,
    SearchSpec,
    SplitSpec,
    StageSpec,
    StandardiseSpec,
    TargetSpec,
    Task,
    WindowSpec,
)
from mlforge.contract.schema import did_you_mean, dotted, expectation, find, show
from mlforge.contract.tree import Node, Report
from mlforge.contract.units import parse_frequency, parse_size, parse_time

T = TypeVar("T")

DEFAULT_BOARD: Final = "mps2/an386"
MAX_WINDOW: Final = 65_536
MAX_SIZE_BYTES: Final = 1 << 30
MAX_TIME_US: Final = 3.6e9  # an hour; no inference on a microcontroller takes longer
C_KEYWORDS: Final = re.compile(
    "auto|break|case|char|const|continue|default|do|double|else|enum|extern|float|for|goto|if|inline|int|long|main|"
    "register|restrict|return|short|signed|sizeof|static|struct|switch|typedef|union|unsigned|void|volatile|while"
)


def build(root: Node, path: Path, reported: frozenset[str], report: Report) -> Contract:
    """`reported` holds the keys that the shape check has already complained about; they are not mentioned again."""
    reader = _Reader(root, reported, report)
    task = reader.choice(Task, "task", default=Task.CLASSIFICATION)
    content = json.dumps(root.plain(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return Contract(
        path=path,
        name=_name(reader),
        task=task,
        data=_data(reader),
        features=_features(reader),
        limits=_limits(reader),
        goals=_goals(reader, task),
        search=_search(reader),
        target=_target(reader),
        engine=reader.choice(Engine, "engine", default=Engine.STATIC),
        bundle=_bundle(reader),
        digest=hashlib.sha256(content.encode()).hexdigest(),
        lines=dict(_lines(root, "")),
    )


class _Reader:
    """Typed access to the tree by path; what is absent or broken gives the default."""

    def __init__(self, root: Node, reported: frozenset[str], report: Report) -> None:
        self.root = root
        self._reported = set(reported)
        self._report = report

    def node(self, *steps: str) -> Node | None:
        return find(self.root, list(steps))[0]

    def wrong(self, steps: tuple[str, ...], found: str, expected: str) -> None:
        key = dotted(list(steps))
        if key not in self._reported:
            self._reported.add(key)
            self._report(find(self.root, list(steps))[1], key, found, expected)

    def text(self, *steps: str, default: str = "") -> str:
        node = self.node(*steps)
        return node.value if node is not None and isinstance(node.value, str) else default

    def integer(self, *steps: str, default: int) -> int:
        node = self.node(*steps)
        return node.value if node is not None and type(node.value) is int else default

    def number(self, *steps: str, default: float) -> float:
        node = self.node(*steps)
        if node is None:
            return default
        if isinstance(node.value, int | float) and not isinstance(node.value, bool):
            return float(node.value)
        self.wrong(steps, show(node), expectation(list(steps)))
        return default

    def mapping(self, *steps: str) -> dict[str, Node]:
        node = self.node(*steps)
        return node.value if node is not None and isinstance(node.value, dict) else {}

    def choice(self, kind: type[T], *steps: str, default: T) -> T:
        try:
            return kind(self.text(*steps))  # type: ignore[call-arg]
        except ValueError:
            return default

    def quantity(self, parse: Callable[[str], T], *steps: str) -> T | None:
        """A value with its unit; None where the key is absent or wrong."""
        node = self.node(*steps)
        if node is None:
            return None
        if isinstance(node.value, dict | list) or node.value is None:
            self.wrong(steps, show(node), expectation(list(steps)))
            return None
        try:
            return parse(node.text)
        except ValueError as error:
            self.wrong(steps, show(node), str(error))
            return None


def _name(reader: _Reader) -> str:
    name = reader.text("name")
    if C_KEYWORDS.fullmatch(name):
        reader.wrong(("name",), repr(name), "a name that is not a word of the C language")
    return name


def _data(reader: _Reader) -> DataSpec:
    kind, argument = _loader(reader)
    split = SplitSpec(
        group=reader.text("data", "split", "group"),
        validate=_share(reader, "validate"),
        test=_share(reader, "test"),
        seed=reader.integer("data", "split", "seed", default=1),
    )
    total = split.validate + split.test
    if total >= 1:
        expected = "validate and test that leave something to train on (together below 1)"
        reader.wrong(("data", "split"), f"validate {split.validate:g} + test {split.test:g} = {total:g}", expected)
    classes = _words(reader, "classes")
    if classes and reader.text("task") == Task.REGRESSION:
        reader.wrong(("data", "classes"), "classes with task regression", "no classes: regression has none")
    elif len(classes) == 1:
        reader.wrong(("data", "classes"), "one class", expectation(["data", "classes"]))
    return DataSpec(loader=kind, argument=argument, split=split, strata=_words(reader, "strata"), classes=classes)


def _words(reader: _Reader, key: str) -> tuple[str, ...]:
    """A list of words under `data`, each once."""
    node = reader.node("data", key)
    words = [item.text for item in (node.items if node else []) if item.text]
    for word in words:
        if words.count(word) > 1:
            reader.wrong(("data", key), f"{word!r} twice", "each name once")
    return tuple(words)


def _share(reader: _Reader, key: str) -> float:
    steps = ("data", "split", key)
    value = reader.number(*steps, default=0.2)
    if not 0 < value < 1:
        reader.wrong(steps, f"{value:g}", "a share above 0 and below 1")
        return 0.2
    return value


def _loader(reader: _Reader) -> tuple[LoaderKind, str]:
    """`loader: NAME`, `loader: {KIND: ARGUMENT}`, `loader: "KIND: ARGUMENT"`, or KIND as a key of `data` itself."""
    steps = ("data", "loader")
    node = reader.node(*steps)
    direct = [kind for kind in LoaderKind if kind.value in reader.mapping("data")]
    if node is None:
        if len(direct) == 1:
            return _argument(reader, ("data", direct[0].value), direct[0])
        if reader.node("data") is not None and isinstance(reader.node("data"), Node):
            found = "nothing" if not direct else " and ".join(direct)
            reader.wrong(steps, found, f"one loader: {expectation(list(steps))}")
        return LoaderKind.CSV, ""
    if direct:
        reader.wrong(steps, f"a loader beside {direct[0].value!r}", "one loader only")
    if isinstance(node.value, dict) and len(node.value) == 1:
        name = next(iter(node.value))
        return _named(reader, (*steps, name), name)
    if isinstance(node.value, str):
        name, colon, argument = (part.strip() for part in node.value.partition(":"))
        if colon and name in list(LoaderKind):
            return _checked(reader, steps, LoaderKind(name), argument)
        return _named(reader, steps, name)
    reader.wrong(steps, show(node), expectation(list(steps)))
    return LoaderKind.CSV, ""


def _named(reader: _Reader, steps: tuple[str, ...], name: str) -> tuple[LoaderKind, str]:
    if name not in list(LoaderKind):
        reader.wrong(steps, f"the unknown loader {name!r}", did_you_mean(name, [kind.value for kind in LoaderKind]))
        return LoaderKind.CSV, ""
    return _argument(reader, steps, LoaderKind(name))


def _argument(reader: _Reader, steps: tuple[str, ...], kind: LoaderKind) -> tuple[LoaderKind, str]:
    node = reader.node(*steps)
    given = node.value if node is not None and steps[-1] == kind.value else None
    if given is not None and not isinstance(given, str) and node is not None:
        reader.wrong(steps, show(node), expectation(["data", kind.value]))
        return kind, ""
    return _checked(reader, steps, kind, str(given or "").strip())


def _checked(reader: _Reader, steps: tuple[str, ...], kind: LoaderKind, argument: str) -> tuple[LoaderKind, str]:
    if kind is LoaderKind.SEGLEARN_WATCH:
        if argument:
            reader.wrong(steps, repr(argument), "no argument: seglearn-watch has its own data")
    elif not argument:
        reader.wrong(steps, "no argument", f"{{{kind}: {expectation(['data', kind.value])}}}")
    elif kind is LoaderKind.PYTHON:
        module, _, function = argument.partition(":")
        if not (function.isidentifier() and all(part.isidentifier() for part in module.split("."))):
            reader.wrong(steps, repr(argument), "'module:function'")
    return kind, argument


def _features(reader: _Reader) -> tuple[StageSpec, ...]:
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


def _window(reader: _Reader, steps: tuple[str, ...]) -> WindowSpec:
    settings = reader.mapping(*steps)
    _unknown_settings(reader, steps, settings, ["length", "hop"])
    if "length" not in settings:
        reader.wrong((*steps, "length"), "nothing", f"a whole number of frames from 1 to {MAX_WINDOW} (required)")
    length = _frames(reader, (*steps, "length"), 1)
    hop = _frames(reader, (*steps, "hop"), length)
    return WindowSpec(length=length, hop=hop)


def _frames(reader: _Reader, steps: tuple[str, ...], default: int) -> int:
    node = reader.node(*steps)
    if node is None:
        return default
    if type(node.value) is not int or not 1 <= node.value <= MAX_WINDOW:
        reader.wrong(steps, show(node), f"a whole number of frames from 1 to {MAX_WINDOW}")
        return default
    return node.value


def _no_settings(reader: _Reader, steps: tuple[str, ...]) -> None:
    node = reader.node(*steps)
    if node is None or node.value is None:
        return
    if not isinstance(node.value, dict):
        reader.wrong(steps, show(node), "an empty mapping: {}")
    else:
        _unknown_settings(reader, steps, node.value, [])


def _unknown_settings(reader: _Reader, steps: tuple[str, ...], settings: Mapping[str, Node], known: list[str]) -> None:
    for key in settings:
        if key not in known:
            expected = did_you_mean(key, known) if known else "no settings: {}"
            reader.wrong((*steps, key), f"the unknown key {key!r}", expected)


def _limits(reader: _Reader) -> Limits:
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
        reader.wrong(("limits",), "no limit", "at least one of flash, ram, stack, latency")
    return Limits(sizes["flash"], sizes["ram"], sizes["stack"], latency_us, auto)


def _goals(reader: _Reader, task: Task) -> tuple[Goal, ...]:
    goals = []
    for name in reader.mapping("goals"):
        steps = ("goals", name)
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
    return tuple(goals)


def _search(reader: _Reader) -> SearchSpec:
    return SearchSpec(
        proposer=reader.choice(Proposer, "search", "proposer", default=Proposer.TPE),
        trials=reader.integer("search", "trials", default=40),
        seed=reader.integer("search", "seed", default=1),
        epochs=reader.integer("search", "epochs", default=40),
        workers=reader.integer("search", "workers", default=1),
        time_us=reader.quantity(parse_time, "search", "time"),
    )


def _target(reader: _Reader) -> TargetSpec:
    board = reader.text("target", "board", default=DEFAULT_BOARD)
    known = canonical(board)
    if known is None:
        names = [*CLOCK_HZ, *ALIASES]
        reader.wrong(("target", "board"), f"the unknown board {board!r}", did_you_mean(board, names))
    clock_hz = reader.quantity(parse_frequency, "target", "clock")
    return TargetSpec(board=known or board, clock_hz=clock_hz or CLOCK_HZ[known or DEFAULT_BOARD])


def _bundle(reader: _Reader) -> BundleSpec:
    for key in ("thresholds", "calibration"):
        node = reader.node("bundle", key)
        if node is not None and not isinstance(node.value, dict):
            reader.wrong(("bundle", key), show(node), expectation(["bundle", key]))
    plain = {key: node.plain() for key, node in reader.mapping("bundle").items()}

    def mapping(key: str) -> dict[str, Any]:
        return plain[key] if isinstance(plain.get(key), dict) else {}

    return BundleSpec(reader.text("bundle", "version", default="0.0.0"), mapping("thresholds"), mapping("calibration"))


def _only_key(node: Node) -> str | None:
    return next(iter(node.value)) if isinstance(node.value, dict) and len(node.value) == 1 else None


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
