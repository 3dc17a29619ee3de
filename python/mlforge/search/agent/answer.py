"""A model's text to an Answer: one JSON object, read by type and validated; anything else is sent back as a complaint.

The input, the outputs and the head belong to the contract: the model only gives the layers between them.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from mlforge.errors import ArchitectureError
from mlforge.records.architecture import Architecture
from mlforge.search.agent.bounds import check_bounds
from mlforge.search.agent.schema import MAX_REASONING

MAX_TEXT: Final = 64 * 1024  # characters of one reply
_EXPECTED: Final = 'one JSON object {"reasoning": "...", "action": "...", "architectures": [{"layers": [...]}]}'
_SPACE: Final = re.compile(r"\s+")


class ComplaintError(Exception):
    """What is wrong with an answer, in words for its author."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`propose` has one architecture, `cost` at least one."""

    propose: bool
    architectures: tuple[Architecture, ...]
    reasoning: str  # one clean line


def read_answer(text: str, frame: Architecture, flash_bytes: int | None, questions: int) -> Answer:
    """Reads and validates.

    Args:
        frame: an architecture without layers: input, outputs and head.
        flash_bytes: the limit; what cannot keep it is refused before it is built.
        questions: how many architectures may be costed at once.

    Raises:
        ComplaintError: the text is no answer.
    """
    document = _document(text)
    action = document.get("action")
    if action not in ("cost", "propose"):
        raise ComplaintError(f'"action" is {_shown(action)}: expected "cost" or "propose"')
    if action == "cost" and not questions:
        raise ComplaintError('no cost can be asked for any more: "propose" one architecture')
    given = document.get("architectures")
    most = 1 if action == "propose" else questions
    if not isinstance(given, list) or not 1 <= len(given) <= most:
        count = len(given) if isinstance(given, list) else "no list"
        raise ComplaintError(f'"architectures" holds {count}: "{action}" takes 1{f" to {most}" if most > 1 else ""}')
    architectures = tuple(_architecture(item, index, frame, flash_bytes) for index, item in enumerate(given))
    return Answer(action == "propose", architectures, one_sentence(document.get("reasoning")))


def one_sentence(value: Any) -> str:
    """Text that a person will read, in one line: no control, format or private characters, bounded."""
    if not isinstance(value, str):
        return ""
    kept = "".join(character for character in value[:4096] if character.isspace() or _printable(character))
    line = _SPACE.sub(" ", kept).strip()
    return line if len(line) <= MAX_REASONING else line[: MAX_REASONING - 1] + "…"


def _printable(character: str) -> bool:
    return not unicodedata.category(character).startswith("C")


def _document(text: str) -> Mapping[str, Any]:
    """The first JSON object in the text, which may stand in a fence or behind words."""
    if len(text) > MAX_TEXT:
        raise ComplaintError(f"{len(text)} characters: at most {MAX_TEXT}")
    start = text.find("{")
    if start < 0:
        raise ComplaintError(f"no JSON object: expected {_EXPECTED}")
    try:
        document, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError) as error:
        place = f" at character {error.pos}: {error.msg}" if isinstance(error, json.JSONDecodeError) else ""
        raise ComplaintError(f"not valid JSON{place}") from error
    if not isinstance(document, dict):
        raise ComplaintError(f"expected {_EXPECTED}")
    if unknown := sorted(str(key) for key in document.keys() - {"reasoning", "action", "architectures"}):
        raise ComplaintError(f"unknown key {_shown(unknown[0])}: expected {_EXPECTED}")
    return document


def _architecture(item: Any, index: int, frame: Architecture, flash_bytes: int | None) -> Architecture:
    layers = item.get("layers") if isinstance(item, dict) else None
    if not isinstance(item, dict) or set(item) != {"layers"} or not isinstance(layers, list) or not layers:
        raise ComplaintError(f'architectures[{index}]: expected {{"layers": [...]}} with at least one layer')
    try:
        whole = {**json.loads(replace(frame, layers=()).to_json()), "layers": layers}
        architecture = Architecture.from_json(json.dumps(whole))
        check_bounds(architecture, flash_bytes)
    except (ArchitectureError, OverflowError, RecursionError) as error:
        reason = error.message if isinstance(error, ArchitectureError) else "numbers or nesting beyond any use"
        raise ComplaintError(f"architectures[{index}]: {reason[:600]}") from error
    return architecture


def _shown(value: Any) -> str:
    return one_sentence(json.dumps(value, ensure_ascii=True))[:60]
