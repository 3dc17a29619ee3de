"""Is this file a whole, signed bundle, and which one? Every check is made and told, not only the first that fails."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from mlforge.bundle.block import Block, decode
from mlforge.bundle.extract import candidates, find_block
from mlforge.bundle.keys import DEVELOPMENT_KEYS, Key
from mlforge.bundle.signed_image import SignedImage, read_image
from mlforge.bundle.tlv import Fact, facts_of
from mlforge.errors import BlockError, BundleError, SignedImageError

KEY_HASH: Final = 0x01
HASHES: Final = {0x10: hashlib.sha256, 0x12: hashlib.sha512}
SIGNATURES: Final = {0x22: "ecdsa-p256", 0x24: "ed25519"}


class Check(StrEnum):
    """In the order in which they are made."""

    IMAGE = "image"  # MCUboot's header and TLV areas
    TLVS = "tlvs"  # each kind once, nothing behind them
    HASH = "hash"  # of header, payload and protected TLVs
    KEY = "key"  # the image names the given key
    SIGNATURE = "signature"
    BLOCK = "block"  # there is exactly one bundle block, with a sound header
    CRC = "crc"
    SECTIONS = "sections"  # their table, digests and content
    FACTS = "facts"  # protected TLVs say what the block says
    VERSION = "version"  # the image's is that of the block's firmware
    CONTRACT = "contract"  # of the block and of the given one
    MODEL = "model"  # of the block and of the given lock
    DEVELOPMENT_KEY = "development key"


class State(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    check: Check
    state: State
    text: str


@dataclass(frozen=True, slots=True)
class Expected:
    """What the image is held against beside itself. Hashes are SHA-256 in hex; empty ones are not asked for."""

    key: Key | None = None
    contract: str = ""
    model: str = ""
    development: bool = False  # a key that is public knowledge will do


@dataclass(frozen=True, slots=True)
class Verification:
    """`block` is there where it could be read, signed or not."""

    findings: tuple[Finding, ...]
    block: Block | None

    @property
    def sound(self) -> bool:
        return all(finding.state is not State.FAILED for finding in self.findings)

    @property
    def failed(self) -> tuple[Check, ...]:
        return tuple(finding.check for finding in self.findings if finding.state is State.FAILED)

    def state(self, check: Check) -> State:
        return next(finding.state for finding in self.findings if finding.check is check)


def verify(path: Path, expected: Expected = Expected()) -> Verification:
    """Never raises for what is wrong with the file: that is a finding."""
    try:
        image = read_image(path)
    except SignedImageError as error:
        rest = [Finding(check, State.SKIPPED, "there is no image") for check in Check if check is not Check.IMAGE]
        return Verification((Finding(Check.IMAGE, State.FAILED, str(error)), *rest), None)
    data, block_findings = _block(image)
    block = decode(data) if data else None
    checks: dict[Check, Callable[[], str]] = {
        Check.IMAGE: lambda: f"version {image.version}, {len(image.payload)} bytes",
        Check.TLVS: lambda: _tlvs(image),
        Check.HASH: lambda: _hash(image),
        Check.KEY: lambda: _key(image, expected),
        Check.SIGNATURE: lambda: _signature(image, expected),
        Check.FACTS: lambda: _facts(image, data),
        Check.VERSION: lambda: _version(image, block),
        Check.CONTRACT: lambda: _same("contract", block.contract if block else None, expected.contract),
        Check.MODEL: lambda: _same("model", block.model if block else None, expected.model),
        Check.DEVELOPMENT_KEY: lambda: _development(image, expected),
    }
    findings = {check: _finding(check, made) for check, made in checks.items()}
    findings |= {finding.check: finding for finding in block_findings}
    return Verification(tuple(findings[check] for check in Check), block)


class _SkippedError(Exception):
    """A check cannot be made; the text says why."""


def _finding(check: Check, made: Callable[[], str]) -> Finding:
    try:
        return Finding(check, State.PASSED, made())
    except _SkippedError as reason:
        return Finding(check, State.SKIPPED, str(reason))
    except BundleError as error:
        return Finding(check, State.FAILED, error.message)


def _tlvs(image: SignedImage) -> str:
    if image.repeated:
        raise BundleError("more than once: " + ", ".join(f"{kind:#06x}" for kind in image.repeated))
    if misplaced := [tlv.kind for tlv in image.unprotected if tlv.kind in list(Fact)]:
        raise BundleError("not protected: " + ", ".join(f"{kind:#06x}" for kind in misplaced))
    if image.behind:
        raise BundleError(f"{len(image.behind)} bytes behind the last one")
    return f"{len(image.protected)} protected, {len(image.unprotected)} others"


def _hash(image: SignedImage) -> str:
    kind, data = _only(image, tuple(HASHES), "hash")
    if HASHES[kind](image.signed).digest() != data:
        raise BundleError("not that of the image: it was changed or damaged")
    return data.hex()


def _key(image: SignedImage, expected: Expected) -> str:
    named = image.one(KEY_HASH, protected=False)
    if named is None:
        raise BundleError("the image names no key: it is not signed")
    if expected.key is None:
        raise _SkippedError(f"no key given; the image names {named.hex()[:16]}…")
    kind, _ = _only(image, tuple(HASHES), "hash")
    if HASHES[kind](expected.key.der).digest() != named:
        raise BundleError(f"the image names {named.hex()[:16]}…, the key given is {expected.key.sha256[:16]}…")
    return f"{expected.key.kind} {named.hex()[:16]}…"


def _signature(image: SignedImage, expected: Expected) -> str:
    kind, signature = _only(image, tuple(SIGNATURES), "signature of ECDSA P-256 or Ed25519")
    if expected.key is None:
        raise _SkippedError("no key given: the signer is untrusted")
    hash_kind, _ = _only(image, tuple(HASHES), "hash")
    if expected.key.kind != SIGNATURES[kind]:
        raise BundleError(f"of {SIGNATURES[kind]}, the key given is of {expected.key.kind}")
    digest = HASHES[hash_kind](image.signed).digest()
    if not expected.key.signed(image.signed, digest, signature):
        raise BundleError("it does not match this image and the given key")
    return SIGNATURES[kind]


def _only(image: SignedImage, kinds: tuple[int, ...], what: str) -> tuple[int, bytes]:
    found = [tlv for tlv in image.unprotected if tlv.kind in kinds]
    if len(found) != 1:
        raise BundleError(f"{len(found) or 'no'} {what}: expected one")
    return found[0].kind, found[0].data


def _block(image: SignedImage) -> tuple[bytes, tuple[Finding, ...]]:
    """The bytes of the block, empty where it is not sound, and the three checks of it."""
    try:
        data = find_block(image.payload)
    except BlockError as error:
        found = candidates(image.payload)
        failed = _failed_check(error) if found else Check.BLOCK
        return b"", tuple(_around(failed, str(error)))
    block = decode(data)
    unknown = f"; of unknown kinds: {', '.join(map(str, block.unknown_kinds))}" if block.unknown_kinds else ""
    return data, (
        Finding(Check.BLOCK, State.PASSED, f"{block.name} for {block.board}, {len(data)} bytes"),
        Finding(Check.CRC, State.PASSED, f"{int.from_bytes(data[12:16], 'little'):#010x}"),
        Finding(Check.SECTIONS, State.PASSED, f"{len(block.sections)}{unknown}"),
    )


def _failed_check(error: BlockError) -> Check:
    if error.field == "header.crc":
        return Check.CRC
    return Check.BLOCK if error.field.startswith(("header.", "block")) else Check.SECTIONS


def _around(failed: Check, text: str) -> Iterator[Finding]:
    """The checks of a block, one of which failed."""
    checks = (Check.BLOCK, Check.CRC, Check.SECTIONS)
    for check in checks:
        if check is failed:
            yield Finding(check, State.FAILED, text)
        elif checks.index(check) < checks.index(failed):
            yield Finding(check, State.PASSED, "")
        else:
            yield Finding(check, State.SKIPPED, "the block is not sound")


def _facts(image: SignedImage, data: bytes) -> str:
    if not data:
        raise _SkippedError("the block is not sound")
    wanted = facts_of(data)
    wrong = [fact for fact, value in wanted.items() if image.one(fact, protected=True) != value]
    if wrong:
        missing = [fact for fact in wrong if image.one(fact, protected=True) is None]
        how = "missing" if missing == wrong else "not what the block says"
        raise BundleError(f"{how}: " + ", ".join(f"{fact.name.lower()} ({fact:#06x})" for fact in wrong))
    return ", ".join(fact.name.lower() for fact in wanted)


def _version(image: SignedImage, block: Block | None) -> str:
    if block is None:
        raise _SkippedError("the block is not sound")
    if image.version != block.versions.firmware:
        raise BundleError(f"the image is {image.version}, its block {block.versions.firmware}")
    return str(image.version)


def _same(what: str, found: bytes | None, expected: str) -> str:
    if found is None:
        raise _SkippedError("the block is not sound")
    if not expected:
        raise _SkippedError(f"none given; the bundle's is {found.hex()[:16]}…")
    if found.hex() != expected:
        raise BundleError(f"the bundle is of another {what}: {found.hex()[:16]}…, expected {expected[:16]}…")
    return found.hex()


def _development(image: SignedImage, expected: Expected) -> str:
    named = image.one(KEY_HASH, protected=False)
    name = DEVELOPMENT_KEYS.get(named.hex(), "") if named else ""
    if expected.key is not None:
        name = name or expected.key.development
    if name and not expected.development:
        raise BundleError(f"signed with MCUboot's own {name}, whose private half is public")
    return f"{name}, allowed" if name else "none"
