"""Records from JSON: the right kinds only, nothing converted behind anyone's back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import pytest

from mlforge.records.serial import new_converter, structure


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Thing:
    count: int
    weight: float
    name: str
    heavy: bool
    colour: Colour
    sizes: tuple[int, ...] = ()
    limit: float | None = None


GOOD = {"count": 3, "weight": 2, "name": "x", "heavy": True, "colour": "red", "sizes": [1, 2], "limit": None}


def test_round_trip() -> None:
    converter = new_converter()
    thing = structure(converter, GOOD, Thing)
    assert thing == Thing(3, 2.0, "x", True, Colour.RED, (1, 2))
    assert isinstance(thing.colour, Colour)
    assert isinstance(thing.weight, float)
    assert structure(converter, converter.unstructure(thing), Thing) == thing


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("count", 3.0),
        ("count", True),
        ("count", "3"),
        ("weight", "2"),
        ("weight", True),
        ("name", 5),
        ("heavy", 1),
        ("heavy", "yes"),
        ("colour", "blue"),
        ("sizes", [1, 2.5]),
        ("sizes", 7),
        ("limit", "1"),
        ("surprise", 1),
    ],
)
def test_wrong_kinds_are_refused(key: str, value: object) -> None:
    with pytest.raises(ValueError, match=key if key != "sizes" else "sizes|iterable"):
        structure(new_converter(), {**GOOD, key: value}, Thing)
