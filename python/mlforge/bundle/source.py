"""The bundle block as a C file of its own: other thresholds or calibration change nothing else of a build."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from mlforge.bundle.block import Block, encode
from mlforge.templating import environment

_PER_LINE: Final = 16


def bundle_files(block: Block) -> Mapping[str, str]:
    """`NAME_bundle.c`, which defines `mlforge_bundle`. Raises BlockError."""
    data = encode(block)
    text = (
        environment("mlforge.bundle")
        .get_template("bundle.c.j2")
        .render(block=block, size_bytes=len(data), lines=_lines(data))
    )
    return {f"{block.name}_bundle.c": text}


def _lines(data: bytes) -> Iterator[str]:
    for start in range(0, len(data), _PER_LINE):
        yield ", ".join(f"0x{byte:02x}" for byte in data[start : start + _PER_LINE])
