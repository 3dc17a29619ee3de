"""Signed MCUboot images read from bytes: header, payload, TLVs. Strict, and without imgtool.

The format is MCUboot's (docs/design.md "Image format", boot/bootutil/include/bootutil/image.h): a header of 32 bytes at
the start of `header_bytes`, the payload, an optional area of protected TLVs, an area of further ones. Hash and
signature cover everything up to the end of the protected TLVs.
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlforge.bundle.block import Version
from mlforge.errors import SignedImageError

IMAGE_MAGIC: Final = 0x96F3B83D
PROTECTED_MAGIC: Final = 0x6908
TLV_MAGIC: Final = 0x6907
HEADER_BYTES: Final = 32
MAX_IMAGE_BYTES: Final = 1 << 28
_ENCRYPTED: Final = 0x4 | 0x8
_COMPRESSED: Final = 0x200 | 0x400


@dataclass(frozen=True, slots=True)
class Tlv:
    kind: int
    data: bytes


@dataclass(frozen=True, slots=True)
class SignedImage:
    """`signed` is what the hash covers; `payload` the firmware as linked, without the header's padding. `behind` bytes
    follow the last TLV."""

    version: Version
    flags: int
    signed: bytes
    payload: bytes
    protected: tuple[Tlv, ...]
    unprotected: tuple[Tlv, ...]
    behind: bytes

    def one(self, kind: int, *, protected: bool) -> bytes | None:
        """The data of the only TLV of a kind; None where there is none. Raises SignedImageError for several."""
        found = [tlv.data for tlv in (self.protected if protected else self.unprotected) if tlv.kind == kind]
        if len(found) > 1:
            raise SignedImageError("tlvs", f"{kind:#06x} {len(found)} times")
        return found[0] if found else None

    @property
    def repeated(self) -> tuple[int, ...]:
        """Kinds that stand in the image more than once."""
        counts = Counter(tlv.kind for tlv in (*self.protected, *self.unprotected))
        return tuple(sorted(kind for kind, count in counts.items() if count > 1))


def read_image(path: Path) -> SignedImage:
    """A `.bin` or Intel `.hex` file. Raises SignedImageError."""
    return parse_image(payload_of(path))


def payload_of(path: Path) -> bytes:
    """The bytes of a `.bin` or Intel `.hex` file, signed or not. Raises SignedImageError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_IMAGE_BYTES + 1)
    except OSError as error:
        raise SignedImageError("file", f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from error
    if len(data) > MAX_IMAGE_BYTES:
        raise SignedImageError("file", f"{path} is larger than {MAX_IMAGE_BYTES >> 20} MiB")
    return _from_hex(data) if path.suffix == ".hex" else data


def parse_image(data: bytes) -> SignedImage:
    """Raises SignedImageError that names what is wrong."""
    if len(data) < HEADER_BYTES:
        raise SignedImageError("header", f"{len(data)} bytes: expected at least {HEADER_BYTES}")
    magic, _, header_bytes, protected_bytes, image_bytes, flags = struct.unpack_from("<IIHHII", data)
    if magic != IMAGE_MAGIC:
        raise SignedImageError("header.magic", f"{magic:#010x}: expected {IMAGE_MAGIC:#010x}")
    if header_bytes < HEADER_BYTES:
        raise SignedImageError("header.hdr_size", f"{header_bytes}: expected at least {HEADER_BYTES}")
    if flags & (_ENCRYPTED | _COMPRESSED):
        raise SignedImageError("header.flags", f"{flags:#x}: encrypted or compressed images are not read")
    end = header_bytes + image_bytes
    if end > len(data):
        raise SignedImageError("header.img_size", f"{image_bytes} behind {header_bytes}: there are {len(data)} bytes")
    protected: tuple[Tlv, ...] = ()
    signed_end = end
    if protected_bytes:
        protected, signed_end = _area(data, end, PROTECTED_MAGIC, "protected")
        if signed_end - end != protected_bytes:
            raise SignedImageError("protected.size", f"{signed_end - end}: the header says {protected_bytes}")
    unprotected, last = _area(data, signed_end, TLV_MAGIC, "unprotected")
    version = Version(*struct.unpack_from("<BBHI", data, 20))
    return SignedImage(version, flags, data[:signed_end], data[header_bytes:end], protected, unprotected, data[last:])


def _area(data: bytes, start: int, magic: int, where: str) -> tuple[tuple[Tlv, ...], int]:
    """The TLVs of an area and where it ends."""
    if start + 4 > len(data):
        raise SignedImageError(f"{where}.magic", f"the image ends at {len(data)}, before its TLVs")
    found, size_bytes = struct.unpack_from("<HH", data, start)
    if found != magic:
        raise SignedImageError(f"{where}.magic", f"{found:#06x}: expected {magic:#06x}")
    end, at = start + size_bytes, start + 4
    if end > len(data) or end < at:
        raise SignedImageError(f"{where}.size", f"{size_bytes} at {start}: there are {len(data)} bytes")
    tlvs = []
    while at < end:
        if at + 4 > end:
            raise SignedImageError(f"{where}.tlv", f"{end - at} bytes at {at}: expected a kind and a length")
        kind, length = struct.unpack_from("<HH", data, at)
        if at + 4 + length > end:
            raise SignedImageError(f"{where}.tlv", f"{kind:#06x} of {length} bytes leaves its area")
        tlvs.append(Tlv(kind, data[at + 4 : at + 4 + length]))
        at += 4 + length
    return tuple(tlvs), end


def _from_hex(data: bytes) -> bytes:
    """An Intel HEX file's bytes, from the lowest address on; what lies between is erased flash."""
    memory: dict[int, bytes] = {}
    upper = 0
    for number, line in enumerate(data.split(), 1):
        try:
            record = bytes.fromhex(line.decode("ascii").removeprefix(":"))
            sound = line.startswith(b":") and len(record) == record[0] + 5 and sum(record) % 256 == 0
        except (ValueError, IndexError):
            sound = False
        if not sound:
            raise SignedImageError("hex", f"line {number} is not an Intel HEX record")
        content, address = record[4:-1], int.from_bytes(record[1:3], "big")
        if record[3] == 0:
            memory[upper + address] = content
        elif record[3] in (2, 4) and len(content) == 2:
            upper = int.from_bytes(content, "big") << (4 if record[3] == 2 else 16)
        elif record[3] == 1:
            break
    return _flat(memory)


def _flat(memory: dict[int, bytes]) -> bytes:
    if not memory:
        raise SignedImageError("hex", "no data")
    start = min(memory)
    size_bytes = max(address + len(content) for address, content in memory.items()) - start
    if size_bytes > MAX_IMAGE_BYTES:
        raise SignedImageError("hex", f"spans {size_bytes} bytes")
    flat = bytearray(b"\xff" * size_bytes)
    for address, content in memory.items():
        flat[address - start : address - start + len(content)] = content
    return bytes(flat)
