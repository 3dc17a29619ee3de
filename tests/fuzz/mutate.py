"""A broken file from a sound one. What comes out depends on nothing but the original and the seed."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass
from typing import Final

from tests.fuzz.fields import STRUCTURE, Field, fields_of

_SCALES: Final = (0.0, -0.0, -1.0, 1.0, 1e-45, 1e-38, 1e-20, 3e-10, 1e10, 1e20, 3.4e38, float("nan"), float("inf"))
_SIZES: Final = (0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 64, 127, 128, 255, 256, 1000, 32767, 32768, 65535, 65536, 1 << 24)
_EXTREMES: Final = (-1, -2, -128, 0x7FFFFFFF, -0x80000000, 0x7FFFFFF0, 1 << 30)


@dataclass(frozen=True, slots=True)
class Original:
    """A sound file. `weight`: how often it is chosen, against the others."""

    name: str
    data: bytes
    fields: dict[str, list[Field]]  # by kind
    weight: float = 1.0


def original(name: str, data: bytes, weight: float = 1.0) -> Original:
    by_kind: dict[str, list[Field]] = {}
    for field in fields_of(data):
        by_kind.setdefault(field.kind, []).append(field)
    return Original(name, data, by_kind, weight)


def mutant(originals: list[Original], seed: int) -> tuple[str, bytes]:
    """The name of the original, and the input of this number."""
    chance = random.Random(seed)
    chosen = chance.choices(originals, [one.weight for one in originals])[0]
    data = bytearray(chosen.data)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        if chance.random() < 0.75:
            _aim(data, chosen.fields, chance)
        else:
            _hit(data, chance)
    return chosen.name, bytes(data)


def _aim(data: bytearray, fields: dict[str, list[Field]], chance: random.Random) -> None:
    """Changes one field, each kind as likely as any other; seldom one that only holds the file together."""
    structural = chance.random() < 0.15
    kinds = [kind for kind in sorted(fields) if (kind in STRUCTURE) == structural]
    field = chance.choice(fields[chance.choice(kinds or sorted(fields))])
    if field.position + field.width > len(data):
        return  # an earlier change shortened the file
    now = int.from_bytes(data[field.position : field.position + field.width], "little", signed=True)
    if field.kind == "scale":
        value = chance.choice((chance.choice(_SCALES), 2.0 ** chance.uniform(-40, 40)))
        data[field.position : field.position + 4] = struct.pack("<f", min(value, 3.4e38))
        return
    near = now + chance.choice((-2, -1, 1, 2, 4))
    other = chance.choice([one for one in fields[field.kind] if one.width == field.width])
    copied = int.from_bytes(data[other.position : other.position + field.width], "little", signed=True)
    small = chance.choice((*range(-4, 12), chance.randrange(160)))
    value = chance.choice((near, near, copied, small, chance.choice(_SIZES), chance.choice(_EXTREMES)))
    data[field.position : field.position + field.width] = (value % (1 << 8 * field.width)).to_bytes(
        field.width, "little"
    )


def _hit(data: bytearray, chance: random.Random) -> None:
    """Changes the file wherever it may be."""
    size = len(data)
    position = chance.randrange(size)
    match chance.randrange(7):
        case 0:
            data[position] = chance.randrange(256)
        case 1:
            data[position] ^= 1 << chance.randrange(8)
        case 2:
            position -= position % 4
            value = chance.choice((*_EXTREMES, *_SIZES, chance.randrange(1 << 32))) % (1 << 32)
            data[position : position + 4] = value.to_bytes(4, "little")[: size - position]
        case 3:
            length = chance.choice((4, 8, 64, 1024))
            source = chance.randrange(size)
            block = bytes(data[source : source + length])
            data[position : position + len(block)] = block
            del data[size:]
        case 4:
            del data[max(8, position) :]
        case 5:
            del data[position : position + chance.choice((1, 4, 16))]
        case _:
            data[position:position] = bytes(chance.choice((1, 4, 16)))
    if len(data) < 8:
        data.extend(bytes(8 - len(data)))
