"""Universal Binary JSON (ubjson.org, draft 12), as far as XGBoost writes it. Bytes become values, or an error."""

from __future__ import annotations

import struct
from typing import Any, Final

from mlforge.errors import ModelError

_NUMBERS: Final = {
    "i": ">b",
    "U": ">B",
    "I": ">h",
    "l": ">i",
    "L": ">q",
    "d": ">f",
    "D": ">d",
}
_MAX_DEPTH: Final = 32


def read_ubjson(data: bytes) -> Any:
    """The one value that `data` holds. Raises ModelError where it is damaged."""
    try:
        reader = _Reader(data)
        found = reader.value(0)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise ModelError(f"the UBJSON is damaged: {error}") from error
    if reader.at != len(data):
        raise ModelError(f"the UBJSON is damaged: something follows its end at byte {reader.at}")
    return found


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0
        self.left = len(data)  # values that may still come: those of a typed array of nulls take no bytes

    def marker(self) -> str:
        self.at += 1
        return chr(self.data[self.at - 1])

    def number(self, kind: str) -> Any:
        form = _NUMBERS[kind]
        value = struct.unpack_from(form, self.data, self.at)[0]
        self.at += struct.calcsize(form)
        return value

    def count(self) -> int:
        """A length that the rest of the file has room for."""
        kind = self.marker()
        value = self.number(kind) if kind in _NUMBERS else -1
        if not isinstance(value, int) or not 0 <= value <= len(self.data) - self.at:
            raise ModelError(f"the UBJSON is damaged: a length of {value} at byte {self.at}")
        return value

    def text(self) -> str:
        size = self.count()
        self.at += size
        return self.data[self.at - size : self.at].decode("utf-8")

    def value(self, depth: int, kind: str = "") -> Any:
        kind = kind or self.marker()
        self.left -= 1
        if self.left < 0:
            raise ModelError("the UBJSON is damaged: it has more values than bytes")
        if kind in _NUMBERS:
            return self.number(kind)
        if depth > _MAX_DEPTH:
            raise ModelError("the UBJSON is nested too deeply")
        match kind:
            case "S":
                return self.text()
            case "C":
                return self.marker()
            case "T" | "F":
                return kind == "T"
            case "Z":
                return None
            case "[":
                return self.array(depth)
            case "{":
                return self.object(depth)
        raise ModelError(f"the UBJSON is damaged: the type {kind!r} at byte {self.at}")

    def header(self) -> tuple[str, int]:
        """The type and the number of what follows; "" and -1 where it does not say."""
        kind, size = "", -1
        if self.peek() == "$":
            self.at += 1
            kind = self.marker()
        if self.peek() == "#":
            self.at += 1
            size = self.count()
        if kind and size < 0:
            raise ModelError("the UBJSON is damaged: a type without a number")
        return kind, size

    def peek(self) -> str:
        return chr(self.data[self.at])

    def array(self, depth: int) -> list[Any]:
        kind, size = self.header()
        if kind in _NUMBERS:
            width = struct.calcsize(_NUMBERS[kind])
            values = struct.unpack_from(f">{size}{_NUMBERS[kind][1]}", self.data, self.at)
            self.at += size * width
            return list(values)
        if size >= 0:
            return [self.value(depth + 1, kind) for _ in range(size)]
        found = []
        while self.peek() != "]":
            found.append(self.value(depth + 1))
        self.at += 1
        return found

    def object(self, depth: int) -> dict[str, Any]:
        kind, size = self.header()
        found: dict[str, Any] = {}
        while len(found) != size and (size >= 0 or self.peek() != "}"):
            name = self.text()
            if name in found:
                raise ModelError(f"the UBJSON is damaged: it has {name[:60]!r} twice")
            found[name] = self.value(depth + 1, kind)
        self.at += size < 0
        return found
