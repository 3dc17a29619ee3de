"""GNU ld's map file: which library or object each piece of an image came from. Zephyr leaves one beside zephyr.elf."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

MAX_BYTES: Final = 64 << 20
_PIECE: Final = re.compile(
    r"^ (?!\.debug|\.comment|\.ARM\.attributes|\.riscv\.attributes|\.stab)\S+\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S.*)$",
    re.MULTILINE,
)
_WRAPPED: Final = re.compile(r"^( \S+)\n\s+(0x)", re.MULTILINE)  # a long section name has a line of its own


class Part(StrEnum):
    """Whose code of an application's image it is, beside the model's."""

    APPLICATION = "application"
    MEASURING = "measuring firmware"
    SERVICE = "inference service"
    KERNEL = "Zephyr kernel"
    DRIVERS = "Zephyr drivers"
    SUBSYSTEMS = "Zephyr libraries"
    LIBRARY = "C library"
    MODULES = "other modules"


@dataclass(frozen=True, slots=True)
class Piece:
    """An input section of a link: `source` is the archive or object, as the linker was given it."""

    address: int
    size_bytes: int
    source: str

    @property
    def part(self) -> Part:
        """By the directories of Zephyr's build, in which libraries lie as their sources do."""
        for pattern, part in _PARTS:
            if pattern.search(self.source):
                return part
        return Part.MODULES


_PARTS: Final = tuple(
    (re.compile(pattern), part)
    for pattern, part in (
        (r"^app/|^CMakeFiles/app", Part.APPLICATION),
        (r"libmlforge_measure\.a", Part.MEASURING),
        (r"libmlforge_\w+\.a", Part.SERVICE),
        (r"/lib(c|m|gcc|nosys|stdc\+\+|supc\+\+|c_nano|m_nano)\.a\(|(^|/)lib/libc/|picolibc|newlib", Part.LIBRARY),
        (r"^(\./)?zephyr/drivers/", Part.DRIVERS),
        (r"^(\./)?zephyr/(kernel|arch|soc|boards|CMakeFiles)/|^(\./)?zephyr/lib(zephyr|isr_tables)\.a", Part.KERNEL),
        (r"^(\./)?zephyr/", Part.SUBSYSTEMS),
    )
)


@dataclass(frozen=True, slots=True)
class LinkMap:
    """The pieces of an image by address; no two overlap."""

    pieces: tuple[Piece, ...]

    def part_at(self, address: int) -> Part | None:
        """None for what the linker itself put there, such as padding."""
        index = bisect_right(self.pieces, address, key=lambda piece: piece.address) - 1
        if index < 0:
            return None
        piece = self.pieces[index]
        return piece.part if address < piece.address + piece.size_bytes else None


def link_map_of(elf: Path) -> LinkMap | None:
    """The map beside an image (zephyr.map of zephyr.elf); None where there is none."""
    path = elf.with_suffix(".map")
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES).decode("utf-8", errors="replace")
    except OSError:
        return None
    _, found, body = text.partition("\nLinker script and memory map\n")
    return LinkMap(_sorted(_pieces(body))) if found else None


def _pieces(body: str) -> list[Piece]:
    matches = _PIECE.finditer(_WRAPPED.sub(r"\1 \2", body))
    found = [Piece(int(address, 16), int(size, 16), source) for address, size, source in (m.groups() for m in matches)]
    return [piece for piece in found if piece.size_bytes and piece.address]  # what was discarded lies at 0


def _sorted(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    return tuple(sorted(pieces, key=lambda piece: piece.address))
