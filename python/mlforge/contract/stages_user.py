"""The stage of the contract's `features` that is the application's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MAX_MADE: Final = 4096  # values for each channel
MAX_STATE_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class UserSpec:
    """`function` of the C file `file` (a path from the contract's directory), whose text it has.

    It makes `made` values for each channel, with `frac_bits` fraction bits (None: as many as its input), and keeps
    `state_bytes` bytes.
    """

    file: str
    function: str
    text: str
    made: int
    frac_bits: int | None = None
    state_bytes: int = 0
