"""Where the fields of a .tflite file lie, so that a mutation can aim at one of them.

Walks a *sound* file once; knows the slots of TensorFlow Lite's schema.fbs that decide anything, and takes an options
table as it is, field by field.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Field:
    """`kind` says what the bytes mean; `width` is that of one element in bytes."""

    kind: str
    position: int
    width: int


STRUCTURE: Final = frozenset({"reference", "vtable", "slot", "length"})  # kinds of fields that hold the file together

# Slot of each table: kind and width of a scalar, of a vector's elements ("[kind"), or the name of a table.
_SCHEMA: Final[dict[str, dict[int, tuple[str, int]]]] = {
    "Model": {1: ("[>OperatorCode", 0), 2: ("[>SubGraph", 0), 4: ("[>Buffer", 0)},
    "OperatorCode": {0: ("code", 1), 2: ("version", 4), 3: ("code", 4)},
    "SubGraph": {0: ("[>Tensor", 0), 1: ("[index", 4), 2: ("[index", 4), 3: ("[>Operator", 0)},
    "Tensor": {
        0: ("[dimension", 4),
        1: ("type", 1),
        2: ("buffer", 4),
        3: ("[text", 1),
        4: (">Quantization", 0),
        5: ("flag", 1),
        7: ("[dimension", 4),
    },
    "Quantization": {2: ("[scale", 4), 3: ("[zero point", 8), 6: ("axis", 4)},
    "Operator": {
        0: ("code index", 4),
        1: ("[index", 4),
        2: ("[index", 4),
        3: ("options type", 1),
        4: (">options", 0),
        5: ("[custom option", 1),
    },
    "Buffer": {0: ("[data", 1), 1: ("offset", 8), 2: ("offset", 8)},
    "options": {},
}
_SHORT_DATA: Final = 256  # bytes: buffers that may hold axes, paddings, shapes, biases


def fields_of(data: bytes) -> list[Field]:
    """All fields of a sound file."""
    return list(_table(data, 0, struct.unpack_from("<I", data, 0)[0], "Model"))


def _table(data: bytes, reference: int, table: int, name: str) -> Iterator[Field]:
    yield Field("reference", reference, 4)
    yield Field("vtable", table, 4)
    vtable = table - struct.unpack_from("<i", data, table)[0]
    size, inline = struct.unpack_from("<HH", data, vtable)
    for slot in range((size - 4) // 2):
        yield Field("slot", vtable + 4 + 2 * slot, 2)
        offset = struct.unpack_from("<H", data, vtable + 4 + 2 * slot)[0]
        if not offset:
            continue
        kind, width = _SCHEMA[name].get(slot, ("option" if name == "options" else "unused", 0))
        position = table + offset
        if kind.startswith("["):
            yield from _vector(data, position, kind[1:], width)
        elif kind.startswith(">"):
            yield from _table(data, position, _follow(data, position), kind[1:])
        else:
            yield Field(kind, position, width or min(4, inline - offset))


def _vector(data: bytes, reference: int, kind: str, width: int) -> Iterator[Field]:
    vector = _follow(data, reference)
    count = struct.unpack_from("<I", data, vector)[0]
    yield Field("reference", reference, 4)
    yield Field("length", vector, 4)
    for index in range(count if kind != "data" else min(count, _SHORT_DATA) // 4):
        position = vector + 4 + 4 * index
        if kind.startswith(">"):
            yield from _table(data, position, _follow(data, position), kind[1:])
        else:
            yield Field(kind, vector + 4 + (width if kind != "data" else 4) * index, 4 if kind == "data" else width)


def _follow(data: bytes, position: int) -> int:
    return position + int(struct.unpack_from("<I", data, position)[0])
