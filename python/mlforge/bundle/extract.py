"""The bundle block in an image, found by what it is: no symbol, map or ELF is needed."""

from __future__ import annotations

import contextlib

from mlforge.bundle.block import MAGIC, MAX_BLOCK_BYTES, block_size, decode
from mlforge.errors import BlockError


def candidates(payload: bytes) -> tuple[bytes, ...]:
    """What begins and is bounded like a block. Its sums may be wrong."""
    found, at = [], payload.find(MAGIC)
    while at >= 0:
        with contextlib.suppress(BlockError):
            found.append(payload[at : at + block_size(payload[at : at + MAX_BLOCK_BYTES])])
        at = payload.find(MAGIC, at + 1)
    return tuple(found)


def find_block(payload: bytes) -> bytes:
    """The bytes of the one block in an image.

    Raises:
        BlockError: there is none, several, or what looks like one is wrong; then with that error.
    """
    found = candidates(payload)
    whole = [data for data in found if _is_block(data)]
    if len(whole) == 1:
        return whole[0]
    if len(whole) > 1:
        raise BlockError("block", f"{len(whole)} in one image: expected one")
    if found:
        decode(found[0])  # raises
    raise BlockError("block", "none in the image; is it built with CONFIG_MLFORGE_BUNDLE=y?")


def _is_block(data: bytes) -> bool:
    try:
        decode(data)
    except BlockError:
        return False
    return True
