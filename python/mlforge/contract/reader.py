"""Typed access to a contract's tree by path. What is absent or broken gives a stand-in, and is reported once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from mlforge.contract.schema import dotted, expectation, find, show
from mlforge.contract.tree import Node, Report

T = TypeVar("T")


class Reader:
    """Typed access to the tree by path; what is absent or broken gives the default."""

    def __init__(self, root: Node, reported: frozenset[str], report: Report, directory: Path = Path()) -> None:
        """`directory` is the contract's, from which its paths are."""
        self.root = root
        self.directory = directory
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

    def flag(self, *steps: str, default: bool) -> bool:
        node = self.node(*steps)
        return node.value if node is not None and isinstance(node.value, bool) else default

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
