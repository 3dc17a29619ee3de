"""The options of a custom operator: a flexbuffer, which is a map of names and integers."""

from __future__ import annotations

import struct
from typing import Final

from flatbuffers import flexbuffers

from mlforge.errors import ModelError

_MAX_OPTIONS: Final = 32
_STUMBLES: Final = (LookupError, ValueError, TypeError, OverflowError, struct.error)  # of the accessors


def read_options(kind: str, data: bytes) -> dict[str, int]:
    """Of the untrusted `data`; truths count as 0 and 1.

    Raises:
        ModelError: this is no map, is damaged, or has values that are no integers.
    """
    if not data:
        return {}
    try:
        return _fields(kind, data)
    except _STUMBLES as error:
        raise ModelError(f"{kind}: its options are damaged: an offset leads nowhere") from error


def _fields(kind: str, data: bytes) -> dict[str, int]:
    root = flexbuffers.GetRoot(data)
    if not root.IsMap:
        raise ModelError(f"{kind}: its options are no map of a flexbuffer")
    fields = root.AsMap
    if len(fields) > _MAX_OPTIONS:
        raise ModelError(f"{kind}: it has {len(fields)} options: at most {_MAX_OPTIONS}")
    keys, values = fields.Keys, fields.Values
    return {_text(keys[at].AsKeyBytes): _integer(kind, values[at]) for at in range(len(fields))}


def _text(key: bytes) -> str:
    return bytes(key[:64]).decode("ascii")


def _integer(kind: str, value: flexbuffers.Ref) -> int:
    if not (value.IsInt or value.IsBool):
        raise ModelError(f"{kind}: an option is no integer")
    return int(value.AsInt)
