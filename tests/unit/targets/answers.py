"""Answers as the measuring firmware gives them."""

from __future__ import annotations

import zlib


def checked(command: str, lines: bytes) -> bytes:
    """The lines of an answer to one of our own commands, with its check and its end."""
    check = zlib.crc32(command.encode() + lines)
    return lines + f"m-check-[{check:08x}]\r\nm-ready\r\n".encode()


def loaded(data: bytes, chunks: int) -> bytes:
    """The answers to a `db load` in so many pieces, and to the question what has arrived."""
    lines = f"m-sum-[{zlib.crc32(data):08x}]\r\n".encode()
    return b"m-ready\r\n" * (1 + chunks) + checked(f"mlforge-sum {len(data)}", lines)
