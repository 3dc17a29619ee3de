"""The bundle block: header, section table and sections that lie in the image. The format is that of docs/bundle.md.

Reading is strict: bytes either make a block that is written again as exactly these bytes, or an error names the field.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from mlforge.bundle.binary import Fields, packed, padded_text
from mlforge.bundle.sections import AnySection, Kind, decode_section
from mlforge.errors import BlockError

MAGIC: Final = b"MLFB"
FORMAT: Final = 1
HEADER_BYTES: Final = 184
ENTRY_BYTES: Final = 48
ALIGNMENT: Final = 8
TEXT_BYTES: Final = 32
MAX_SECTIONS: Final = 64
MAX_BLOCK_BYTES: Final = 1 << 20
SIZE_OFFSET: Final = 8
CRC_OFFSET: Final = 12
FACTS: Final = slice(16, 48)  # the four versions

S = TypeVar("S", bound=AnySection)


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """As MCUboot's image version: two numbers of 8 bits, one of 16, one of 32."""

    major: int
    minor: int
    revision: int
    build: int = 0

    @classmethod
    def parse(cls, text: str) -> Version:
        """From `1.2.3` or `1.2.3+4`. Raises BlockError."""
        match = re.fullmatch(r"(\d{1,3})\.(\d{1,3})\.(\d{1,5})(?:\+(\d{1,10}))?", text, re.ASCII)
        if match is None:
            raise BlockError("version", f"{text!r}: expected MAJOR.MINOR.REVISION or MAJOR.MINOR.REVISION+BUILD")
        version = cls(*(int(part or 0) for part in match.groups()))
        version.encoded("version")
        return version

    def encoded(self, name: str) -> bytes:
        parts = ("major", "minor", "revision", "build")
        values = (self.major, self.minor, self.revision, self.build)
        return packed("BBHI", values, [f"{name}.{part}" for part in parts])

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.revision}" + (f"+{self.build}" if self.build else "")


@dataclass(frozen=True, slots=True)
class Versions:
    """Of the release's four parts. The firmware's is the release's own."""

    firmware: Version
    model: Version
    thresholds: Version
    calibration: Version

    def encoded(self) -> bytes:
        """32 bytes, as in the header and in the image's TLV."""
        names = ("firmware", "model", "thresholds", "calibration")
        return b"".join(getattr(self, name).encoded(f"header.{name}") for name in names)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A section of a kind that this version of MLForge does not know."""

    kind: int
    data: bytes

    def encoded(self) -> bytes:
        return self.data


@dataclass(frozen=True, slots=True)
class Block:
    """`contract` and `model` are SHA-256 hashes, 32 bytes each; `board` and `name` at most 32 characters. `sections`
    are in ascending order of their kinds, each kind once."""

    versions: Versions
    contract: bytes
    model: bytes
    board: str
    name: str
    sections: tuple[AnySection | Unknown, ...] = ()

    def section(self, kind: type[S]) -> S | None:
        return next((each for each in self.sections if isinstance(each, kind)), None)

    @property
    def unknown_kinds(self) -> tuple[int, ...]:
        return tuple(each.kind for each in self.sections if isinstance(each, Unknown))


def encode(block: Block) -> bytes:
    """Raises BlockError where a value does not fit the format."""
    kinds = [int(section.kind) for section in block.sections]
    if kinds != sorted(set(kinds)) or len(kinds) > MAX_SECTIONS:
        raise BlockError("sections", f"the kinds {kinds}: expected each once, ascending, at most {MAX_SECTIONS}")
    for name, digest in (("contract", block.contract), ("model", block.model)):
        if len(digest) != hashlib.sha256().digest_size:
            raise BlockError(f"header.{name}", f"{len(digest)} bytes: expected 32")
    table, body = _table(kinds, [section.encoded() for section in block.sections])
    size_bytes = HEADER_BYTES + len(table) + len(body)
    if size_bytes > MAX_BLOCK_BYTES:
        raise BlockError("header.block_bytes", f"{size_bytes}: expected at most {MAX_BLOCK_BYTES}")
    head = MAGIC + struct.pack("<HHII", FORMAT, HEADER_BYTES, size_bytes, 0) + block.versions.encoded()
    head += block.contract + block.model
    head += padded_text(block.board, TEXT_BYTES, "header.board") + padded_text(block.name, TEXT_BYTES, "header.name")
    data = _with_crc(head + struct.pack("<HHI", len(kinds), 0, 0) + table + body)
    if decode(data) != block:
        raise BlockError("sections", "would be read back as another block")
    return data


def decode(data: bytes) -> Block:
    """The block that exactly these bytes are. Raises BlockError that names the first field that is wrong."""
    fields = Fields(data, "header")
    block_bytes = _start(fields)
    fields.expect(block_bytes == len(data), "block_bytes", f"{block_bytes}, but there are {len(data)}")
    crc = fields.number("I", "crc")
    fields.expect(crc == _crc(data), "crc", f"{crc:#010x}, but that of the block is {_crc(data):#010x}")
    versions = Versions(*(_version(fields, name) for name in ("firmware", "model", "thresholds", "calibration")))
    contract, model = fields.take(32, "contract"), fields.take(32, "model")
    board, name = fields.text(TEXT_BYTES, "board"), fields.text(TEXT_BYTES, "name")
    count, reserved = fields.numbers("H", 2, "sections")
    fields.expect(reserved == 0 == fields.number("I", "reserved"), "reserved", "expected 0")
    fields.expect(count <= MAX_SECTIONS, "sections", f"{count}: expected at most {MAX_SECTIONS}")
    return Block(versions, contract, model, board, name, _sections(data, count))


def block_size(data: bytes) -> int:
    """How long the block is that `data` begins with. Raises BlockError where none does, or not all of it is there."""
    fields = Fields(data, "header")
    block_bytes = _start(fields)
    fields.expect(block_bytes <= len(data), "block_bytes", f"{block_bytes}, but there are {len(data)}")
    return block_bytes


def _start(fields: Fields) -> int:
    """The header up to the size of the block, which it returns."""
    magic = fields.take(4, "magic")
    fields.expect(magic == MAGIC, "magic", f"{magic!r}: expected {MAGIC!r}")
    version, header_bytes = fields.numbers("H", 2, "format")
    fields.expect(version == FORMAT, "format", f"{version}: expected {FORMAT}")
    fields.expect(header_bytes == HEADER_BYTES, "header_bytes", f"{header_bytes}: expected {HEADER_BYTES}")
    block_bytes = fields.number("I", "block_bytes")
    sound = HEADER_BYTES <= block_bytes <= MAX_BLOCK_BYTES and block_bytes % ALIGNMENT == 0
    fields.expect(sound, "block_bytes", f"{block_bytes}: expected a multiple of 8, {HEADER_BYTES} to {MAX_BLOCK_BYTES}")
    return block_bytes


def _version(fields: Fields, name: str) -> Version:
    major, minor = fields.numbers("B", 2, name)
    return Version(major, minor, fields.number("H", name), fields.number("I", name))


def _table(kinds: Sequence[int], sections: Sequence[bytes]) -> tuple[bytes, bytes]:
    table, body = b"", b""
    start = HEADER_BYTES + ENTRY_BYTES * len(kinds)
    for kind, data in zip(kinds, sections, strict=True):
        entry = packed("HHIII", (kind, 0, start + len(body), len(data), 0), [f"section {kind}"] * 5)
        table += entry + hashlib.sha256(data).digest()
        body += data + bytes(-len(data) % ALIGNMENT)
    return table, body


def _sections(data: bytes, count: int) -> tuple[AnySection | Unknown, ...]:
    table = Fields(data[HEADER_BYTES:], "table")
    found: list[AnySection | Unknown] = []
    end, last = HEADER_BYTES + ENTRY_BYTES * count, -1
    for _ in range(count):
        kind, reserved = table.numbers("H", 2, "kind")
        offset, size_bytes, more = table.numbers("I", 3, "offset")
        digest = table.take(32, "sha256")
        table.expect(kind > last, "kind", f"{kind} behind {last}: expected ascending kinds")
        table.expect(reserved == 0 == more, "reserved", "expected 0")
        table.expect(offset == end, "offset", f"{offset} for section {kind}: expected {end}")
        end = offset + size_bytes + -size_bytes % ALIGNMENT
        table.expect(end <= len(data), "bytes", f"{size_bytes} for section {kind}: more than there are")
        content, padding = data[offset : offset + size_bytes], data[offset + size_bytes : end]
        table.expect(not any(padding), "padding", f"behind section {kind}: expected zeros")
        table.expect(hashlib.sha256(content).digest() == digest, "sha256", f"not that of section {kind}")
        known = kind in list(Kind)
        found.append(decode_section(Kind(kind), content) if known else Unknown(kind, content))
        last = kind
    table.expect(end == len(data), "end", f"the sections end at {end}, the block at {len(data)}")
    return tuple(found)


def _crc(data: bytes) -> int:
    """CRC-32 of IEEE 802.3, as zlib's, with the field itself zero."""
    return zlib.crc32(data[:CRC_OFFSET] + bytes(4) + data[CRC_OFFSET + 4 :])


def _with_crc(data: bytes) -> bytes:
    return data[:CRC_OFFSET] + struct.pack("<I", _crc(data)) + data[CRC_OFFSET + 4 :]
