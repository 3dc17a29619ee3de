"""What was said for one trial, as it is stored and replayed. No disk: an archive maps a trial's number to text."""

from __future__ import annotations

import json
from collections.abc import MutableMapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from mlforge.errors import StudyError
from mlforge.records.serial import new_converter, structure

Archive: TypeAlias = MutableMapping[int, str]

FORMAT: Final = 1
PROPOSED: Final = "proposed"
HANDED_OVER: Final = "handed over"
_CONVERTER: Final = new_converter()


@dataclass(frozen=True, slots=True)
class Turn:
    """One message to the model and its reply. `costed`: architectures that were costed to answer the reply."""

    said: str
    reply: str
    tokens_in: int
    tokens_out: int
    seconds: float
    costed: int = 0


@dataclass(frozen=True, slots=True)
class Exchange:
    """The conversation about one trial: unfinished while `ended` is empty, else PROPOSED, or HANDED_OVER for a
    `reason`."""

    number: int
    model: str
    turns: tuple[Turn, ...] = ()
    ended: str = ""
    reason: str = ""
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Spent:
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    costed: int = 0

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out


def load(archive: Archive, number: int) -> Exchange | None:
    """The exchange about a trial; None where there was none. Raises StudyError where it is damaged."""
    text = archive.get(number)
    if text is None:
        return None
    try:
        exchange = structure(_CONVERTER, json.loads(text), Exchange)
    except (ValueError, RecursionError) as error:
        raise StudyError(
            f"the stored exchange about trial {number} is damaged", hint="delete it, and the model is asked again"
        ) from error
    if exchange.number != number or exchange.format != FORMAT:
        raise StudyError(f"the stored exchange about trial {number} is of another trial or format")
    return exchange


def save(archive: Archive, exchange: Exchange) -> Exchange:
    archive[exchange.number] = json.dumps(_CONVERTER.unstructure(exchange), indent=2, sort_keys=True) + "\n"
    return exchange


def with_turn(exchange: Exchange, turn: Turn) -> Exchange:
    return replace(exchange, turns=(*exchange.turns, turn))


def spent(archive: Archive) -> Spent:
    """What all stored exchanges took together. Raises StudyError where one is damaged."""
    turns = [turn for number in sorted(archive) if (known := load(archive, number)) for turn in known.turns]
    return Spent(
        sum(turn.tokens_in for turn in turns),
        sum(turn.tokens_out for turn in turns),
        sum(turn.seconds for turn in turns),
        sum(turn.costed for turn in turns),
    )
