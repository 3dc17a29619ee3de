"""Holds a document against `schema.yaml` and puts pykwalify's findings into the contract's own words and lines."""

from __future__ import annotations

import difflib
import logging
import re
from functools import cache
from pathlib import Path
from typing import Any

from mlforge.contract.tree import Node, Report


def check_shape(root: Node, report: Report) -> None:
    """Reports each unknown or missing key, wrong type and value outside its list or range."""
    logging.getLogger("pykwalify").setLevel(logging.CRITICAL + 1)  # it logs what it finds as errors
    from pykwalify.core import Core  # here, as it is slow to import

    core = Core(source_data=_without_lone_nulls(root.plain()), schema_data=schema())
    core.validate(raise_exception=False)
    seen: set[str] = set()
    for error in core.errors:
        missing, unknown = "required key" in error.msg, "was not defined" in error.msg
        steps = [step for step in str(error.path).split("/") if step]
        if missing or unknown:
            steps.append(str(error.key))
        key = dotted(steps)
        if key not in seen:
            seen.add(key)
            _translate(root, steps, missing, unknown, report)


@cache
def schema() -> dict[str, Any]:
    """The parsed schema. Callers must not change it."""
    from ruamel.yaml import YAML

    text = (Path(__file__).parent / "schema.yaml").read_text(encoding="utf-8")
    return dict(YAML(typ="safe", pure=True).load(text))


def dotted(steps: list[str]) -> str:
    return re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", ".".join(steps)) or "(document)"


def find(root: Node, steps: list[str]) -> tuple[Node | None, int]:
    """The node at the path and the line to name for it: its key's line, or that of the nearest parent that exists."""
    node, line = root, root.line
    for step in steps:
        if isinstance(node.value, dict) and step in node.value:
            line = node.key_lines[step]
            node = node.value[step]
        elif isinstance(node.value, list) and step.isdecimal() and int(step) < len(node.value):
            node = node.value[int(step)]
            line = node.line
        else:
            return None, line
    return node, line


def show(node: Node) -> str:
    """What stands there, for an error: short, and telling text from numbers."""
    if isinstance(node.value, dict):
        return "a mapping" if node.value else "an empty mapping"
    if isinstance(node.value, list):
        return "a list" if node.value else "an empty list"
    if node.value is None:
        return "nothing"
    return repr(node.value if isinstance(node.value, str) else node.text)[:80]


def known_keys(steps: list[str]) -> list[str]:
    """The keys that the schema allows in the mapping at the path."""
    return list(_rule(steps).get("mapping", {}))


def expectation(steps: list[str]) -> str:
    return str(_rule(steps).get("desc", "another value"))


def did_you_mean(word: str, choices: list[str]) -> str:
    """The choices, led by the one that the word nearly is."""
    near = difflib.get_close_matches(word.lower(), choices, n=1, cutoff=0.5)
    listing = ", ".join(choices)
    return f"{near[0]!r} (did you mean that? known: {listing})" if near else f"one of: {listing}"


def _translate(root: Node, steps: list[str], missing: bool, unknown: bool, report: Report) -> None:
    node, line = find(root, steps)
    if missing:
        report(line, dotted(steps), "nothing", f"{expectation(steps)} (this key is required)")
    elif unknown:
        report(line, dotted(steps), f"the unknown key {steps[-1]!r}", did_you_mean(steps[-1], known_keys(steps[:-1])))
    elif node is not None:
        report(line, dotted(steps), show(node), expectation(steps))


def _rule(steps: list[str]) -> dict[str, Any]:
    rule: dict[str, Any] = schema()
    for step in steps:
        if "mapping" in rule:
            rule = rule["mapping"].get(step, {})
        elif "sequence" in rule:
            rule = rule["sequence"][0]
        else:
            return {}
    return rule


def _without_lone_nulls(value: Any) -> Any:
    """Empty values (`goals:` with nothing behind) as text that fits no type: pykwalify takes null for any."""
    if isinstance(value, dict):
        return {key: _without_lone_nulls(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_lone_nulls(item) for item in value]
    return False if value is None else value
