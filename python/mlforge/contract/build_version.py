"""Versions in the contract's `bundle`: such as MCUboot's images have."""

from __future__ import annotations

import re
from typing import Final

from mlforge.contract.reader import Reader
from mlforge.contract.schema import show

# MCUboot's image version: 8, 8, 16 and 32 bits.
_LARGEST: Final = (255, 255, 65535, (1 << 32) - 1)
_VERSION: Final = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,5})(?:\+(\d{1,10}))?", re.ASCII)


def build_version(reader: Reader, *steps: str, default: str) -> str:
    """The text, `default` where there is none."""
    node = reader.node(*steps)
    if node is None:
        return default
    match = _VERSION.fullmatch(node.value) if isinstance(node.value, str) else None
    if match is None:
        reader.wrong(steps, show(node), "a version such as 1.0.0")
        return default
    if any(int(part or 0) > largest for part, largest in zip(match.groups(), _LARGEST, strict=True)):
        reader.wrong(steps, show(node), "at most 255.255.65535+4294967295, MCUboot's largest version")
    return match[0]
