"""GNU ld's map file: which object each piece of an image came from, and what memory the linker was given.

`cross.link` and Zephyr leave one beside the image. It is text that anybody may have written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from mlforge.errors import BuildError

MAX_BYTES: Final = 64 << 20
_FINAL: Final = "zephyr_final.map"  # of which zephyr.map is a copy
_REGIONS_BEGIN: Final = "Memory Configuration\n"
_PIECES_BEGIN: Final = "\nLinker script and memory map\n"
_HEX: Final = r"[ \t]+0x([0-9a-f]{1,16})"
_REGION: Final = re.compile(rf"^(\w+){_HEX}{_HEX}(?:[ \t]+([!a-zA-Z]+))?\b", re.MULTILINE)
_WRAPPED: Final = re.compile(r"^( ?[^\s*]\S*)\n\s+(0x)", re.MULTILINE)  # a long section name has a line of its own
_LINE: Final = re.compile(
    rf"^(?:([^\s(*]\S*){_HEX}{_HEX}(?:[ \t]+load address 0x[0-9a-f]+)?[ \t]*"  # a section of the image
    rf"| ([^\s*]\S*){_HEX}{_HEX}[ \t](\S.*))$",  # an object's contribution to it
    re.MULTILINE,
)
# How the maps of other linkers begin: LLVM's, Arm's, IAR's.
_OTHERS: Final = ((re.compile(r"\s+VMA\s+LMA\s+Size\s+Align\b"), "lld"), (re.compile(r"\s*Component: ARM"), "armlink"))
_OTHER_LINKER: Final = "build with GNU ld (in Zephyr CONFIG_LLVM_USE_LD=y), whose map says which object a byte is from"


@dataclass(frozen=True, slots=True)
class Region:
    """Memory that the linker was given. `writable` is what its script says of it."""

    name: str
    origin: int
    size_bytes: int
    writable: bool = True

    def holds(self, address: int) -> bool:
        return self.origin <= address < self.origin + self.size_bytes


@dataclass(frozen=True, slots=True)
class OutputSection:
    """A section of the image."""

    name: str
    address: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Piece:
    """An input section of a link: `source` is the object, or archive(member), as the linker was given it; `section` is
    its name there."""

    address: int
    size_bytes: int
    source: str
    section: str
    output: str


@dataclass(frozen=True, slots=True)
class LinkMap:
    path: Path
    regions: tuple[Region, ...]
    sections: frozenset[OutputSection]
    pieces: tuple[Piece, ...]  # by address; what was discarded is left out


def read_link_map(elf: Path) -> LinkMap:
    """The map beside an image: zephyr.map of zephyr.elf.

    Raises:
        BuildError: there is none, or it is another linker's.
    """
    path = elf.with_suffix(".map")
    if not path.is_file() and elf.stem == "zephyr":
        path = elf.with_name(_FINAL)
    text = _read(elf, path)
    head, found, body = text.partition(_PIECES_BEGIN)
    if not found:
        other = next((name for begin, name in _OTHERS if begin.match(text)), "")
        raise BuildError(
            f"{path} is {f'a map of {other}' if other else 'no map of a link'}, and not GNU ld's: it does not tell "
            "which object a byte of the image is from",
            hint=_OTHER_LINKER,
        )
    sections, pieces = set(), []
    for item in _items(body):
        if isinstance(item, Piece):
            pieces.append(item)
        else:
            sections.add(item)
    laid_out = sorted(_laid_out(pieces), key=lambda piece: piece.address)
    return LinkMap(path, regions_in(head), frozenset(sections), tuple(laid_out))


def _read(elf: Path, path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise BuildError(
            f"{elf} has no {path.name} beside it: without the linker's map nothing tells which object a byte is from",
            hint="name the image where the build left it, or link with -Wl,-Map",
        ) from None
    except OSError as error:
        raise BuildError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
    if len(data) > MAX_BYTES:
        raise BuildError(f"{path} has more than {MAX_BYTES >> 20} MiB")
    return "\n" + data.decode("utf-8", errors="replace")


def _items(body: str) -> Iterator[OutputSection | Piece]:
    """The body's sections, each before the pieces that it is made of; of no size, nothing."""
    output = ""
    for name, at, size, section, address, length, source in _LINE.findall(_WRAPPED.sub(r"\1 \2", body)):
        if name:
            output = name
            if int(size, 16):
                yield OutputSection(name, int(at, 16), int(size, 16))
        elif int(length, 16):
            yield Piece(int(address, 16), int(length, 16), source.strip(), section, output)


def _laid_out(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Each up to where the next of its section begins. Of equal strings that the linker merged the map lists all, with
    their sizes of before, at a place where nothing is left of them."""
    for piece, following in zip(pieces, [*pieces[1:], None], strict=True):
        same = following is not None and following.output == piece.output
        room = following.address - piece.address if following and same else piece.size_bytes
        if (size := min(piece.size_bytes, room)) > 0:
            yield replace(piece, size_bytes=size)


def regions_in(text: str) -> tuple[Region, ...]:
    """What MEMORY was, from the text of a map. Attributes behind a `!` are those that sections must not have."""
    listed = text.partition(_REGIONS_BEGIN)[2].partition(_PIECES_BEGIN)[0]
    return tuple(
        Region(name, int(origin, 16), int(size, 16), "w" in attributes.partition("!")[0] or not attributes)
        for name, origin, size, attributes in _REGION.findall(listed)
    )
