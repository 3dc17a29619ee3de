"""The wire format of protobuf, as far as ONNX files need it: fields by number, undecoded.

Source: "Encoding" in the documentation of Protocol Buffers. A file is untrusted: whatever stands there becomes values,
or a ModelError. Nothing is copied but what a field holds, so that a file takes no more memory than its size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import ModelError

Value: TypeAlias = "int | memoryview"
_WIDTHS: Final = {1: 8, 5: 4}  # bytes of fixed numbers by wire type
_MAX_VARINT_BYTES: Final = 10
_WHOLE: Final = 1 << 64


class Message:
    """The fields of one message."""

    def __init__(self, data: memoryview) -> None:
        self._fields: dict[int, list[Value]] = {}
        for number, value in _fields(data):
            self._fields.setdefault(number, []).append(value)

    def messages(self, number: int) -> list[Message]:
        return [Message(value) for value in self.parts(number)]

    def parts(self, number: int) -> list[memoryview]:
        """The field's strings, bytes or messages."""
        return [value for value in self._fields.get(number, []) if isinstance(value, memoryview)]

    def text(self, number: int) -> str:
        """The last, or nothing."""
        found = self.parts(number)
        return bytes(found[-1]).decode("utf-8", "replace") if found else ""

    def whole(self, number: int, default: int = 0) -> int:
        """The last number, with its sign."""
        found = [value for value in self._fields.get(number, []) if isinstance(value, int)]
        return _signed(found[-1]) if found else default

    def wholes(self, number: int) -> list[int]:
        """Packed or not."""
        found: list[int] = []
        for value in self._fields.get(number, []):
            found += [_signed(value)] if isinstance(value, int) else [_signed(one) for one in _packed(value)]
        return found

    def floats(self, number: int, width: int = 4) -> NDArray[np.float64]:
        """Packed or not, of 4 or 8 bytes."""
        data = b"".join(
            value.to_bytes(width, "little") if isinstance(value, int) else bytes(value)
            for value in self._fields.get(number, [])
        )
        if len(data) % width:
            raise ModelError("the protobuf message is damaged: a list of floats is cut off")
        return np.frombuffer(data, f"<f{width}").astype(np.float64)


def _fields(data: memoryview) -> Iterator[tuple[int, Value]]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == 2:
            size, at = _varint(data, at)
        elif wire in _WIDTHS:
            size = _WIDTHS[wire]
        else:
            raise ModelError(f"the protobuf message is damaged: a field of wire type {wire}")
        if size > len(data) - at:
            raise ModelError("the protobuf message is damaged: a field is cut off")
        part = data[at : at + size]
        yield number, part if wire == 2 else int.from_bytes(part, "little")
        at += size


def _packed(data: memoryview) -> Iterator[int]:
    at = 0
    while at < len(data):
        value, at = _varint(data, at)
        yield value


def _varint(data: memoryview | Sequence[int], at: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(data[at : at + _MAX_VARINT_BYTES]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, at + index + 1
    raise ModelError("the protobuf message is damaged: a number is cut off")


def _signed(value: int) -> int:
    value %= _WHOLE
    return value - _WHOLE if value >= _WHOLE // 2 else value
