"""Records to JSON values and back, by their type annotations alone (cattrs).

A union of records is told apart by a `kind` field holding the class name. Unknown keys and numbers of the wrong kind
are refused, so that a misspelt field of a hand-written or agent-written document is an error and not a default.
Byte strings do not belong in records: store them as artefacts and name their hash.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, TypeVar, cast

import cattrs
from cattrs.gen import make_dict_unstructure_fn
from cattrs.preconf.json import JsonConverter, make_converter
from cattrs.strategies import configure_tagged_union

T = TypeVar("T")

OMIT_IF_DEFAULT: Final = MappingProxyType({"omit_if_default": True})  # metadata of a field that is seldom written down
_OMIT: Final = cattrs.override(omit_if_default=True)


def new_converter(*unions: Any) -> JsonConverter:
    """A converter that knows the given unions of records. A union may appear only behind those that it contains."""
    converter = make_converter(forbid_extra_keys=True)
    for scalar, hook in ((int, _integer), (float, _number), (str, _text), (bool, _flag)):
        converter.register_structure_hook(scalar, hook)
    converter.register_unstructure_hook(StrEnum, lambda value: value.value)  # plain text, for writers other than JSON's
    converter.register_unstructure_hook_factory(
        lambda kind: bool(_omitted(kind)),
        lambda kind: make_dict_unstructure_fn(kind, converter, **cast(Any, dict.fromkeys(_omitted(kind), _OMIT))),
    )
    for union in unions:
        configure_tagged_union(union, converter, tag_name="kind")
    return converter


def _omitted(kind: Any) -> list[str]:
    """The fields of a record that are left out where they have their default."""
    return [one.name for one in fields(kind) if one.metadata == OMIT_IF_DEFAULT] if is_dataclass(kind) else []


def structure(converter: JsonConverter, value: Any, into: type[T]) -> T:
    """Reads `into` from a JSON value. Raises ValueError that lists each mistake with its path."""
    if not isinstance(value, dict):
        raise ValueError(f"expected an object, found {type(value).__name__}")
    try:
        return converter.structure(value, into)
    except Exception as error:  # cattrs wraps whatever a hook raised; its own function turns that into sentences
        raise ValueError("; ".join(cattrs.transform_error(error))) from error


# cattrs hands a hook the subclasses of its type as well: an enumeration of text or numbers reads itself.


def _integer(value: Any, kind: Any) -> int:
    if kind is not int:
        return kind(value)  # type: ignore[no-any-return]
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"expected a whole number, found {value!r}")


def _number(value: Any, _: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise ValueError(f"expected a number, found {value!r}")


def _text(value: Any, kind: Any) -> str:
    if kind is not str:
        return kind(value)  # type: ignore[no-any-return]
    if isinstance(value, str):
        return value
    raise ValueError(f"expected text, found {value!r}")


def _flag(value: Any, _: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError(f"expected true or false, found {value!r}")
