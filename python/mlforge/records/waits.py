"""`FlashWaits`: what a core waits for its flash, where it is clocked faster than that can follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class FlashWaits:
    """`states`: cycles that an access takes more than one. The flash hands out `line_bytes` at a time, and fetches the
    next ones while those run where it has `prefetch`."""

    states: int = 0
    prefetch: bool = False
    line_bytes: int = 16


NO_WAITS: Final = FlashWaits()
