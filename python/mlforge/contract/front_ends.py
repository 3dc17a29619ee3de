"""`features` with choices: every chain of stages that they allow, each resolved to concrete numbers.

`{choose: [24, 40]}` stands for a setting, a list too, `{choose: {raw: [...], spectral: [...]}}` for a whole chain, and
`{preset: speech}` for a chain of presets.yaml. Each combination is read and checked like a contract without choices;
one that cannot be computed (more cepstral coefficients than bands) is no part of the search, and an option that no
sound combination has is a mistake.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import prod
from pathlib import Path
from typing import Final, TypeAlias

from mlforge.contract.build_features import build_features
from mlforge.contract.contract import DataSpec
from mlforge.contract.reader import Reader
from mlforge.contract.schema import did_you_mean, show
from mlforge.contract.stages import FrontEnd, StageSetting
from mlforge.contract.tree import Node, parse

MAX_FRONT_ENDS: Final = 1024
CHOOSE: Final = "choose"
PRESET: Final = "preset"
BRANCHES: Final = "branches"
CHAIN: Final = "chain"  # the setting that says which of several chains

Problem: TypeAlias = tuple[int, str, str, str]  # line, key, found, expected


@dataclass(frozen=True, slots=True)
class _Choice:
    """A setting with options. `steps` lead to it from the chain: stage, name, setting."""

    name: str
    steps: tuple[str, ...]
    options: tuple[Node, ...]


def build_front_ends(reader: Reader, data: DataSpec) -> tuple[FrontEnd, ...]:
    """Every front end of the contract, the first options first; at least one, whatever was reported."""
    node = reader.node("features")
    chains = {"": None} if node is None else _chains(reader, node)
    found = [one for name, chain in chains.items() for one in _of_chain(reader, data, name, chain)]
    if len(found) > MAX_FRONT_ENDS:
        reader.wrong(("features",), f"{len(found)} front ends", f"choices that make at most {MAX_FRONT_ENDS}")
    return tuple(found[:MAX_FRONT_ENDS]) or (FrontEnd((), ()),)


def _chains(reader: Reader, node: Node) -> Mapping[str, Node]:
    """The chains that `features` names, by name; "" where it is one."""
    value = node.value
    if isinstance(value, list):
        return {"": node}
    if isinstance(value, dict) and PRESET in value:
        preset = _preset(reader, node)
        return {} if preset is None else _chains(reader, preset)
    chosen = value.get(CHOOSE) if isinstance(value, dict) and len(value) == 1 else None
    if chosen is None or not isinstance(chosen.value, dict) or not chosen.value:
        reader.wrong(("features",), show(node), "a list of stages, {preset: speech}, or {choose: {NAME: [stages], …}}")
        return {}
    found: dict[str, Node] = {}
    for name, chain in chosen.value.items():
        inner = _chains(reader, chain)
        found |= {f"{name}.{sub}" if sub else name: each for sub, each in inner.items()}
    return found


def _preset(reader: Reader, node: Node) -> Node | None:
    """The preset's chains, with the stages that stand beside `preset` in place of its own."""
    settings = dict(node.value) if isinstance(node.value, dict) else {}
    name = settings.pop(PRESET)
    known = presets()
    if not isinstance(name.value, str) or name.value not in known:
        reader.wrong(("features", PRESET), show(name), did_you_mean(str(name.value), list(known)))
        return None
    unused = set(settings)
    made = _replaced(known[name.value], settings, name.line, unused)
    for stage in sorted(unused):
        expected = did_you_mean(stage, sorted(_stage_names(known[name.value])))
        reader.wrong(("features", stage), f"{stage!r}, which the preset {name.value} does not have", expected)
    return made


def _replaced(node: Node, settings: Mapping[str, Node], line: int, unused: set[str]) -> Node:
    """A copy in which every node stands in `line`, and stages have the given settings."""
    if isinstance(node.value, list):
        return Node([_replaced(item, settings, line, unused) for item in node.value], line)
    if not isinstance(node.value, dict):
        return Node(node.value, line, text=node.text)
    made = {key: _replaced(child, settings, line, unused) for key, child in node.value.items()}
    for key in made.keys() & settings.keys():
        unused.discard(key)
        made[key] = _merged(made[key], settings[key])
    return Node(made, line, {key: child.line for key, child in made.items()})


def _merged(old: Node, new: Node) -> Node:
    """A stage's settings, with some replaced; what is no mapping is left for the checks to find."""
    if not isinstance(old.value, dict) or not isinstance(new.value, dict):
        return new
    return Node({**old.value, **new.value}, new.line, {**old.key_lines, **new.key_lines})


def _stage_names(node: Node) -> Iterator[str]:
    for item in node.items:
        if isinstance(item.value, dict):
            yield from item.value
    if isinstance(node.value, dict) and isinstance((chosen := node.value[CHOOSE]).value, dict):
        for chain in chosen.value.values():
            yield from _stage_names(chain)


@cache
def presets() -> Mapping[str, Node]:
    """The chains of presets.yaml by name."""
    root = parse((Path(__file__).parent / "presets.yaml").read_text(encoding="utf-8"), _no_report)
    return root.value if root is not None and isinstance(root.value, dict) else {}


def _of_chain(reader: Reader, data: DataSpec, chain_name: str, chain: Node | None) -> list[FrontEnd]:
    choices = list(_choices(reader, chain)) if chain is not None else []
    before: tuple[StageSetting, ...] = ((CHAIN, chain_name),) if chain_name else ()
    if not choices and not chain_name:
        return [FrontEnd((), build_features(reader, data))]
    if prod(len(choice.options) for choice in choices) > MAX_FRONT_ENDS:
        count = prod(len(choice.options) for choice in choices)
        reader.wrong(("features",), f"{count} front ends", f"choices that make at most {MAX_FRONT_ENDS}")
        return []
    found, used, refused = [], set(), list[Problem]()
    for options in product(*(range(len(choice.options)) for choice in choices)):
        problems: list[Problem] = []
        resolved = chain
        for choice, option in zip(choices, options, strict=True):
            resolved = _with(resolved, choice.steps, choice.options[option])
        stages = build_features(_reader_of(reader, resolved, problems), data)
        if problems:
            refused += problems[:1]
            continue
        used |= set(enumerate(options))
        settings = tuple((one.name, _scalar(one.options[at])) for one, at in zip(choices, options, strict=True))
        found.append(FrontEnd((*before, *settings), stages))
    _report_unused(reader, choices, used, refused)
    return found


def _report_unused(
    reader: Reader, choices: Sequence[_Choice], used: set[tuple[int, int]], refused: Sequence[Problem]
) -> None:
    """Options that no sound combination has; what is wrong with the first one where there is none at all."""
    if refused and not used:
        _, key, what, expected = refused[0]
        reader.wrong(tuple(key.replace("[", ".").replace("]", "").split(".")), what, expected)
    for index, choice in enumerate(choices):
        for option, node in enumerate(choice.options):
            if used and (index, option) not in used:
                what, expected = refused[0][2:]
                reader.wrong(
                    ("features", *choice.steps), f"{show(node)}, with which no chain is sound ({what})", expected
                )


def _choices(reader: Reader, chain: Node) -> Iterator[_Choice]:
    """Of settings, and of stages whose setting is a list."""
    found = list(_stages(chain, ()))
    names = [stage for _, stage, _ in found]
    for index, (before, stage, settings) in enumerate(found):
        name = stage if names.count(stage) == 1 else f"{stage}{names[:index].count(stage) + 1}"
        for key, node in settings.value.items() if isinstance(settings.value, dict) else ():
            chosen, label, steps = node, f"{name}.{key}", (*before, stage, key)
            if key == CHOOSE:
                chosen, label, steps = settings, name, (*before, stage)
            if not isinstance(chosen.value, dict) or CHOOSE not in chosen.value:
                continue
            options = tuple(chosen.value[CHOOSE].items)
            if len(chosen.value) != 1 or not options or any(isinstance(one.value, dict | None) for one in options):
                reader.wrong(("features", *steps), show(chosen), "a choice such as {choose: [24, 40]}")
                continue
            yield _Choice(label, steps, options)


def _stages(chain: Node, before: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str, Node]]:
    """(steps to it, name, settings) of each stage, those of branches behind them."""
    for index, item in enumerate(chain.items):
        for stage, settings in item.value.items() if isinstance(item.value, dict) else ():
            steps = (*before, str(index))
            yield steps, stage, settings
            for at, branch in enumerate(settings.items) if stage == BRANCHES else ():
                yield from _stages(branch, (*steps, stage, str(at)))


def _scalar(node: Node) -> int | float | str | bool:
    """What tells an option from the others."""
    if isinstance(node.value, list | dict):
        return _spelt(node)
    return node.text if node.value is None else node.value


def _spelt(node: Node) -> str:
    if isinstance(node.value, list):
        return f"[{','.join(_spelt(one) for one in node.value)}]"
    if isinstance(node.value, dict):
        return ",".join(f"{key}:{_spelt(one)}" for key, one in node.value.items())
    return node.text.replace(" ", "")


def _with(node: Node | None, steps: Sequence[str], value: Node) -> Node:
    """A copy of the tree with another value at the end of the steps."""
    if not steps or node is None:
        return value
    if isinstance(node.value, list):
        index = int(steps[0])
        items = [_with(item, steps[1:], value) if at == index else item for at, item in enumerate(node.value)]
        return Node(items, node.line)
    children = dict(node.value) if isinstance(node.value, dict) else {}
    children[steps[0]] = _with(children.get(steps[0]), steps[1:], value)
    return Node(children, node.line, node.key_lines)


def _reader_of(reader: Reader, chain: Node | None, problems: list[Problem]) -> Reader:
    """A reader of the contract with this chain as its features."""
    root = _with(reader.root, ("features",), chain or Node([], reader.root.line))
    return Reader(root, frozenset(), lambda *problem: problems.append(problem), reader.directory)


def _no_report(line: int, key: str, found: str, expected: str) -> None:
    """presets.yaml is ours, and a test reads it."""
