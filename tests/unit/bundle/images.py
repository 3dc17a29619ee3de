"""Signed images to attack: a payload with a block in it, signed by imgtool with keys made for the test."""

from __future__ import annotations

import struct
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from mlforge.bundle.block import Block, Version, encode
from tests.unit.bundle.blocks import block

HEADER_BYTES = 0x200
SIGNING = ("--version", "1.2.3+4", "--header-size", "0x200", "--slot-size", "0x10000", "--align", "4")
SIGNED_BLOCK = encode(block())


@dataclass(frozen=True)
class Keys:
    private: Path
    public: Path


@cache
def keys(kind: str = "ecdsa-p256", name: str = "one") -> Keys:
    directory = Path(mkdtemp(prefix="mlforge-keys-"))
    private, public = directory / f"secret-{name}.pem", directory / f"{name}.pub"
    imgtool("keygen", "-t", kind, "-k", str(private))
    imgtool("getpub", "-k", str(private), "-e", "pem", "-o", str(public))
    return Keys(private, public)


def imgtool(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "imgtool.main", *words], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def unsigned(path: Path, data: bytes = SIGNED_BLOCK) -> Path:
    """A firmware as linked: room for the header, code, the block at a multiple of 8, more code."""
    path.write_bytes(bytes(HEADER_BYTES) + bytes(range(256)) * 4 + data + b"MLFB no block" + bytes(100))
    return path


def other_model() -> Block:
    return block(model=bytes(32), contract=bytes(32))


def version_of(data: bytes) -> Version:
    return Version(*struct.unpack_from("<BBHI", data, 20))
