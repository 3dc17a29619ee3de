"""Little-endian records from untrusted bytes, and back: every field has a name, and an error tells it.

Knows nothing of what the fields mean.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from mlforge.errors import BlockError


def packed(layout: str, values: Sequence[int], names: Sequence[str]) -> bytes:
    """`layout` is struct's, without the byte order; one letter, value and name each.

    Raises:
        BlockError: a value that its field cannot hold.
    """
    parts = []
    for letter, value, name in zip(layout, values, names, strict=True):
        try:
            parts.append(struct.pack("<" + letter, value))
        except struct.error as error:
            raise BlockError(name, f"{value} does not fit {8 * struct.calcsize(letter)} bits") from error
    return b"".join(parts)


def padded_text(text: str, size_bytes: int, name: str) -> bytes:
    """ASCII with zeros behind it; none where the text fills the field. Raises BlockError where it does not fit."""
    data = text.encode("ascii", errors="replace")
    if not text or len(data) > size_bytes or any(not 33 <= ord(letter) < 127 for letter in text):
        raise BlockError(name, f"{text!r}: expected 1 to {size_bytes} visible ASCII characters")
    return data.ljust(size_bytes, b"\0")


class Fields:
    """Takes fields off the front of `data`, never past its end. `where` is what error messages begin with."""

    def __init__(self, data: bytes, where: str) -> None:
        self._data = data
        self._where = where
        self._at = 0

    def take(self, size_bytes: int, name: str) -> bytes:
        if size_bytes > len(self._data) - self._at:
            left = len(self._data) - self._at
            raise self.wrong(name, f"{size_bytes} bytes are due, {left} are left")
        self._at += size_bytes
        return self._data[self._at - size_bytes : self._at]

    def rest(self) -> bytes:
        return self.take(len(self._data) - self._at, "rest")

    def number(self, letter: str, name: str) -> int:
        """`letter` is struct's, such as H for 16 bits without sign."""
        layout = "<" + letter
        return int(struct.unpack(layout, self.take(struct.calcsize(layout), name))[0])

    def numbers(self, letter: str, count: int, name: str) -> tuple[int, ...]:
        layout = f"<{count}{letter}"
        return struct.unpack(layout, self.take(struct.calcsize(layout), name))

    def text(self, size_bytes: int, name: str) -> str:
        data = self.take(size_bytes, name)
        text = data.rstrip(b"\0")
        if not text or any(not 33 <= byte < 127 for byte in text):
            raise self.wrong(name, "expected visible ASCII characters, then zeros")
        return text.decode("ascii")

    def expect(self, sound: bool, name: str, reason: str) -> None:
        if not sound:
            raise self.wrong(name, reason)

    def end(self) -> None:
        """Raises BlockError where anything is left."""
        left = len(self._data) - self._at
        self.expect(left == 0, "end", f"{left} bytes too many")

    def wrong(self, name: str, reason: str) -> BlockError:
        return BlockError(f"{self._where}.{name}", reason)
