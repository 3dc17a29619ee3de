"""The code blocks of a page and what its author says about each, in HTML comments directly before it.

    <!-- not run: REASON -->   shown only
    <!-- nightly: REASON -->   runs at night, because it takes long
    <!-- zephyr -->            runs where a Zephyr workspace is found
    <!-- in: NAME -->          sh: the directory that it runs in; c, cmake, dts: the frame that it is put into
    <!-- to: PATH -->          the block is added to this file: at its end, or
    <!-- after: TEXT -->       behind the first line that holds TEXT, or
    <!-- before: TEXT -->      in front of it
    <!-- until: TEXT -->       the last command never ends; it is stopped when it has printed TEXT
    <!-- output -->            text: what the block before it prints

Knows Markdown and nothing of what is in a block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from mlforge.toolchain.sources import root

LANGUAGES = ("sh", "yaml", "json", "c", "python", "kconfig", "cmake", "dts", "text")
_COMMENT = re.compile(r"\s*<!--\s*(.*?)\s*-->\s*", re.DOTALL)
_MARK = re.compile(r"(not run|nightly|zephyr|in|to|after|before|until|output)(?:: +(.+))?", re.DOTALL)
_WITHOUT_VALUE = ("zephyr", "output")
_LEAST_WORDS = 2  # of a reason


class Stage(StrEnum):
    """When a block is checked."""

    QUICK = "with every run of the tests"
    ZEPHYR = "where there is a Zephyr workspace"
    NIGHTLY = "at night"
    NEVER = "never"


class UnmarkedError(Exception):
    """A block that is neither run, nor validated, nor marked. The message names page, line and cure."""


@dataclass(frozen=True, slots=True)
class Block:
    """`line` is that of the fence, from 1. `marks` are the comments before it, by their first word."""

    page: Path
    line: int
    language: str
    text: str
    marks: dict[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(root())}:{self.line}"

    @property
    def stage(self) -> Stage:
        if "not run" in self.marks:
            return Stage.NEVER
        if "nightly" in self.marks:
            return Stage.NIGHTLY
        return Stage.ZEPHYR if "zephyr" in self.marks else Stage.QUICK

    def refuse(self, why: str) -> UnmarkedError:
        return UnmarkedError(f"{self.place}: {why}")


def blocks(page: Path) -> list[Block]:
    """All code blocks of a page, in its order.

    Raises:
        UnmarkedError: a block or a comment before it is not as this file's head says.
    """
    return list(_blocks(page, MarkdownIt().parse(page.read_text(encoding="utf-8"))))


def _blocks(page: Path, tokens: list[Token]) -> Iterator[Block]:
    comments: list[str] = []
    for token in tokens:
        line = (token.map or [0])[0] + 1
        if token.type == "html_block" and (comment := _COMMENT.fullmatch(token.content)):
            comments.append(comment[1])
        elif token.type == "code_block":
            raise Block(page, line, "", "").refuse("an indented block: write a fence with a language")
        elif token.type == "fence":
            block = Block(page, line, token.info.strip(), token.content)
            yield _checked(Block(page, line, block.language, block.text, dict(_marks(block, comments))))
            comments = []
        else:
            comments = []


def _marks(block: Block, comments: list[str]) -> Iterator[tuple[str, str]]:
    for comment in comments:
        mark = _MARK.fullmatch(" ".join(comment.split()))
        if mark is None or (mark[1] in _WITHOUT_VALUE) == bool(mark[2]):
            raise block.refuse(f"found the comment '{comment}', expected one of those in {Path(__file__).name}")
        yield mark[1], mark[2] or ""


def _checked(block: Block) -> Block:
    if block.language not in LANGUAGES:
        raise block.refuse(f"found the language '{block.language}', expected one of {', '.join(LANGUAGES)}")
    if block.language == "text" and not {"output", "not run"} & set(block.marks):
        raise block.refuse("text says neither `output` nor `not run`")
    for mark in ("not run", "nightly"):
        if mark in block.marks and len(block.marks[mark].split()) < _LEAST_WORDS:
            raise block.refuse(f"`{mark}` gives no reason")
    if "not run" in block.marks and len(block.marks) > 1:
        raise block.refuse("`not run` stands alone")
    return block
