"""The JSON schema of an answer, generated from the architecture language's dataclasses.

Numbers are menus (`enum`), not ranges: grammars for small models know enumerations, few know bounds. A menu guides;
what is allowed is decided by the validator alone. All fields are required and nothing else is accepted, as OpenAI's
strict mode demands.
"""

from __future__ import annotations

import types
from dataclasses import fields
from enum import StrEnum
from itertools import product
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from mlforge.records.architecture import Dense, Dropout, Layer, Shape, Trees

MAX_LAYERS: Final = 16
MAX_REASONING: Final = 300  # characters

_SIZES: Final = (1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 128)
_MENUS: Final[dict[str, tuple[float, ...]]] = {
    "filters": _SIZES,
    "units": _SIZES,
    "multiplier": (1, 2),
    "rate": (0.1, 0.2, 0.3),
    "kernel": (1, 2, 3, 4, 5, 7, 9, 11),
    "stride": (1, 2, 4, 8),
    "size": (1, 2, 3, 4, 5, 8),
}


def answer_schema(input_shape: Shape, *, questions: int) -> dict[str, Any]:
    """The schema of one answer about networks with that input: an action, its architectures, and one sentence.

    Args:
        questions: how many architectures may still be costed in one answer; without any, only "propose" is offered.
    """
    layers_of_networks = [kind for kind in get_args(Layer) if kind is not Trees]
    kinds = [kind for kind in layers_of_networks if len(input_shape) == 3 or kind in (Dense, Dropout)]
    layers = {
        "type": "array",
        "items": {"anyOf": [_record(kind, signal=len(input_shape) == 3 and input_shape[1] == 1) for kind in kinds]},
        "minItems": 1,
        "maxItems": MAX_LAYERS,
    }
    return _object(
        {
            "reasoning": {"type": "string", "maxLength": MAX_REASONING},
            "action": {"type": "string", "enum": ["cost", "propose"] if questions else ["propose"]},
            "architectures": {
                "type": "array",
                "items": _object({"layers": layers}),
                "minItems": 1,
                "maxItems": max(1, questions),
            },
        }
    )


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _record(kind: type, *, signal: bool) -> dict[str, Any]:
    hints = get_type_hints(kind)
    named = {field.name: _value(hints[field.name], field.name, signal=signal) for field in fields(kind)}
    return _object({"kind": {"type": "string", "enum": [kind.__name__]}, **named})


def _value(hint: Any, name: str, *, signal: bool) -> dict[str, Any]:
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return {"type": "string", "enum": [member.value for member in hint]}
    if hint is bool:
        return {"type": "boolean"}
    if hint in (int, float):
        return {"type": "integer" if hint is int else "number", "enum": list(_MENUS[name])}
    arguments = get_args(hint)
    if arguments == (int, int):
        return _pair(name, signal=signal)
    if get_origin(hint) is tuple:
        options = get_args(arguments[0]) if get_origin(arguments[0]) in (Union, types.UnionType) else (arguments[0],)
        steps = {"anyOf": [_record(option, signal=signal) for option in options]}
        return {"type": "array", "items": steps, "minItems": 1, "maxItems": 4}
    raise TypeError(f"{name}: no JSON schema for {hint}")


def _pair(name: str, *, signal: bool) -> dict[str, Any]:
    """Height and width; a signal has no width, and pictures get square windows. The menu of whole pairs stands beside
    that of their parts, for those who do not take lists as members of an enumeration."""
    menu = _MENUS[name]
    pairs = [[one, 1] for one in menu] if signal else [[a, b] for a, b in product(menu, menu) if a == b]
    items = {"type": "integer", "enum": list(menu)}
    return {"type": "array", "items": items, "minItems": 2, "maxItems": 2, "enum": pairs}


def without_pair_menus(schema: Any) -> Any:
    """The schema without enumerations of lists."""
    if isinstance(schema, list):
        return [without_pair_menus(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: without_pair_menus(value)
        for key, value in schema.items()
        if not (key == "enum" and schema.get("type") == "array")
    }
