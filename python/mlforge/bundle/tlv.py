"""The facts of a block as protected MCUboot TLVs: readable without running, or even mapping, the image."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import IntEnum

from mlforge.bundle.block import FACTS, Block, decode


class Fact(IntEnum):
    """Kinds of TLVs, in the range that MCUboot leaves to vendors."""

    VERSIONS = 0x00A0  # bytes 16 to 47 of the block
    CONTRACT = 0x00A1
    MODEL = 0x00A2
    BLOCK = 0x00A3  # SHA-256 of the whole block
    BOARD = 0x00A4  # text
    NAME = 0x00A5  # text


def facts_of(data: bytes) -> Mapping[Fact, bytes]:
    """What the TLVs of an image with this block must hold. Raises BlockError where the bytes are no block."""
    block: Block = decode(data)
    return {
        Fact.VERSIONS: data[FACTS],
        Fact.CONTRACT: block.contract,
        Fact.MODEL: block.model,
        Fact.BLOCK: hashlib.sha256(data).digest(),
        Fact.BOARD: block.board.encode("ascii"),
        Fact.NAME: block.name.encode("ascii"),
    }


def imgtool_arguments(facts: Mapping[Fact, bytes]) -> tuple[str, ...]:
    """Of `imgtool sign`."""
    return tuple(word for fact, data in facts.items() for word in ("--custom-tlv", f"{fact:#06x}", f"0x{data.hex()}"))
