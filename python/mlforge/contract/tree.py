"""YAML text to a tree whose every node knows its line; hostile or ambiguous YAML is refused with its place.

Read from ruamel.yaml's event stream, so nothing is constructed, aliases are never expanded, and all duplicate keys
are found, not only the first. Scalars follow the YAML 1.2 core schema (`yes` and `on` are text). Knows no contract.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final, NoReturn, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

MAX_DEPTH: Final = 12
_INTEGER: Final = re.compile(r"[-+]?\d{1,18}")
_FLOAT: Final = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?")

Scalar: TypeAlias = str | int | float | bool | None
Report: TypeAlias = Callable[[int, str, str, str], None]  # line, key, found, expected


@dataclass(slots=True)
class Node:
    """A value of the document: a scalar, a list of nodes, or a mapping of nodes by key. `line` is 1-based."""

    value: Scalar | list[Node] | dict[str, Node]
    line: int
    key_lines: dict[str, int] = field(default_factory=dict)  # of a mapping: where each key stands
    text: str = ""  # of a scalar: as written

    @property
    def items(self) -> list[Node]:
        """The nodes of a list; none for anything else."""
        return self.value if isinstance(self.value, list) else []

    def plain(self) -> Any:
        """The value as plain dicts, lists and scalars."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


def parse(text: str, report: Report, max_depth: int = MAX_DEPTH) -> Node | None:
    """The document's root, or None where the text cannot be read on; each mistake goes to `report`."""
    try:
        return _Builder(iter(YAML(typ="safe", pure=True).parse(text)), report, max_depth).document()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        report(line, "(syntax)", _excerpt(text, line), f"valid YAML ({error.problem or error.context})")
    except ReaderError as error:
        line = text.count("\n", 0, int(error.position)) + 1
        report(line, "(syntax)", f"the character U+{ord(text[error.position]):04X}", "printable text")
    except YAMLError as error:
        report(0, "(syntax)", "text that is not YAML", f"valid YAML ({error})")
    except _RefusedError:
        pass
    return None


class _RefusedError(Exception):
    """Already reported; there is no point in reading on."""


class _Builder:
    def __init__(self, events: Iterator[Event], report: Report, max_depth: int) -> None:
        self._events = events
        self._report = report
        self._max_depth = max_depth
        self._root: Node | None = None

    def document(self) -> Node | None:
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                if self._root is not None:
                    self._refuse(event, "(document)", "a second document ('---')", "one document")
                self._root = self._node(next(self._events), "", 1)
        return self._root

    def _node(self, event: Event, key: str, depth: int) -> Node:
        line = _line(event)
        anchor, tag = getattr(event, "anchor", None), getattr(event, "tag", None)
        if isinstance(event, AliasEvent):
            self._refuse(event, key, f"the alias *{anchor}", "the value itself: aliases are not accepted")
        if anchor:
            self._refuse(event, key, f"the anchor &{anchor}", "no anchors: they are not accepted")
        if tag:
            self._refuse(event, key, f"the tag {tag}", "a plain value: tags are not accepted")
        if depth > self._max_depth:
            self._refuse(event, key, f"{depth} levels of nesting", f"at most {self._max_depth}")
        if isinstance(event, ScalarEvent):
            return Node(resolve(event.value) if event.style is None else event.value, line, text=event.value)
        if isinstance(event, SequenceStartEvent):
            return Node(self._items(key, depth), line)
        if not isinstance(event, MappingStartEvent):
            self._refuse(event, key, type(event).__name__, "a value")
        return self._mapping(key, line, depth)

    def _items(self, key: str, depth: int) -> list[Node]:
        items: list[Node] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            items.append(self._node(event, f"{key}[{len(items)}]", depth + 1))
        return items

    def _mapping(self, path: str, line: int, depth: int) -> Node:
        node = Node({}, line)
        children: dict[str, Node] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            if not isinstance(event, ScalarEvent):
                self._refuse(event, path or "(document)", "a list or mapping as a key", "a plain word as a key")
            name = str(getattr(event, "value", ""))
            where = f"{path}.{name}" if path else name
            if getattr(event, "anchor", None) or getattr(event, "tag", None):
                self._refuse(event, where, "an anchor or tag on a key", "a plain word as a key")
            child = self._node(next(self._events), where, depth + 1)
            if name in children:
                first = node.key_lines[name]
                self._report(_line(event), where, f"the key {name!r} again", f"each key once (first on line {first})")
                continue
            children[name] = child
            node.key_lines[name] = _line(event)
        node.value = children
        return node

    def _refuse(self, event: Event, key: str, found: str, expected: str) -> NoReturn:
        self._report(_line(event), key or "(document)", found, expected)
        raise _RefusedError


def resolve(text: str) -> Scalar:
    """A plain scalar by the YAML 1.2 core schema; `.inf` and `.nan` stay text, as no contract can mean them."""
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text.lower() == "true"
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if isfinite(number) else text
    return text


def _line(event: Event) -> int:
    return int(event.start_mark.line) + 1


def _excerpt(text: str, line: int) -> str:
    lines = text.splitlines()
    return repr(lines[line - 1].strip()[:60]) if 0 < line <= len(lines) else "the end of the file"
