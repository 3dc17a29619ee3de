"""Signed bundles as they should be, and as somebody with ill will would make them: each attack fails its own check."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlforge.bundle.block import Version, encode
from mlforge.bundle.keys import read_key
from mlforge.bundle.sign import sign
from mlforge.bundle.signed_image import parse_image
from mlforge.bundle.tlv import Fact, facts_of, imgtool_arguments
from mlforge.bundle.verification import Check, Expected, State, Verification, verify
from mlforge.errors import BundleError, SignedImageError
from tests.unit.bundle import images
from tests.unit.bundle.blocks import block

KINDS = ("ecdsa-p256", "ed25519")


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def good(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp(kind)
    signed = directory / "zephyr.signed.bin"
    sign(images.unsigned(directory / "zephyr.bin"), signed, images.keys(kind).private, images.SIGNING)
    return signed


def held(path: Path, kind: str, **more: object) -> Verification:
    return verify(path, Expected(key=read_key(images.keys(kind).public), **more))  # type: ignore[arg-type]


def changed(path: Path, good: Path, data: bytes) -> Path:
    assert data != good.read_bytes()
    path.write_bytes(data)
    return path


def rebuilt(data: bytes, protected: list[tuple[int, bytes]], unprotected: list[tuple[int, bytes]]) -> bytes:
    """The image with other TLVs, the sizes right."""
    image = parse_image(data)
    end = struct.unpack_from("<H", data, 8)[0] + len(image.payload)
    areas = []
    for magic, tlvs in ((0x6908, protected), (0x6907, unprotected)):
        body = b"".join(struct.pack("<HH", number, len(value)) + value for number, value in tlvs)
        areas.append(struct.pack("<HH", magic, len(body) + 4) + body if tlvs or magic == 0x6907 else b"")
    head = bytearray(data[:end])
    struct.pack_into("<H", head, 10, len(areas[0]))
    return bytes(head) + areas[0] + areas[1]


def tlvs(data: bytes) -> tuple[list[tuple[int, bytes]], list[tuple[int, bytes]]]:
    image = parse_image(data)
    return [(one.kind, one.data) for one in image.protected], [(one.kind, one.data) for one in image.unprotected]


def test_good_bundle_passes_every_check(good: Path, kind: str) -> None:
    expected = Expected(
        key=read_key(images.keys(kind).public), contract=bytes(range(32)).hex(), model=bytes(range(32, 64)).hex()
    )
    found = verify(good, expected)
    assert [finding.check for finding in found.findings] == list(Check)
    assert {finding.state for finding in found.findings} == {State.PASSED}, found.findings
    assert found.block == block()


def test_imgtool_agrees(good: Path, kind: str) -> None:
    keys = images.keys(kind)
    assert "Image was correctly validated" in images.imgtool("verify", "-k", str(keys.private), str(good))
    dump = images.imgtool("dumpinfo", str(good))
    assert all(f"0x{fact:x}" in dump.lower() for fact in Fact)
    assert images.version_of(good.read_bytes()) == Version(1, 2, 3, 4)


def test_intel_hex_is_read_as_the_binary_is(tmp_path: Path, good: Path, kind: str) -> None:
    from intelhex import IntelHex

    file = IntelHex()
    file.frombytes(good.read_bytes(), offset=0x1000C000)
    path = tmp_path / "zephyr.signed.hex"
    file.tofile(str(path), "hex")
    assert held(path, kind).sound
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[1][:-1] + ("0" if lines[1][-1] != "0" else "1"), *lines[2:]]))
    assert held(path, kind).failed == (Check.IMAGE,)


def test_without_a_key_nothing_is_said_of_the_signer(good: Path) -> None:
    found = verify(good)
    assert found.sound
    assert (found.state(Check.KEY), found.state(Check.SIGNATURE)) == (State.SKIPPED, State.SKIPPED)


def test_another_key(good: Path, kind: str) -> None:
    found = verify(good, Expected(key=read_key(images.keys(kind, "other").public)))
    assert found.failed == (Check.KEY, Check.SIGNATURE)
    other = next(each for each in KINDS if each != kind)
    assert verify(good, Expected(key=read_key(images.keys(other).public))).failed == (Check.KEY, Check.SIGNATURE)


def test_a_key_hash_that_lies_does_not_help(tmp_path: Path, good: Path, kind: str) -> None:
    other = read_key(images.keys(kind, "other").public)
    protected, unprotected = tlvs(good.read_bytes())
    hash_of = hashlib.sha512 if any(number == 0x12 for number, _ in unprotected) else hashlib.sha256
    lied = [(number, hash_of(other.der).digest() if number == 1 else value) for number, value in unprotected]
    path = changed(tmp_path / "lie.bin", good, rebuilt(good.read_bytes(), protected, lied))
    assert verify(path, Expected(key=other)).failed == (Check.SIGNATURE,)


def test_unsigned(tmp_path: Path, kind: str) -> None:
    source = images.unsigned(tmp_path / "zephyr.bin")
    path = tmp_path / "unsigned.bin"
    words = (*images.SIGNING, *imgtool_arguments(facts_of(images.SIGNED_BLOCK)))
    images.imgtool("sign", *words, str(source), str(path))
    assert held(path, kind).failed == (Check.KEY, Check.SIGNATURE)
    assert verify(path).failed == (Check.KEY, Check.SIGNATURE)
    assert held(source, kind).failed == (Check.IMAGE,)


@pytest.mark.parametrize("cut", [0, 1, 31, 32, 0x1FF, 0x200, 0x700, -1, -4, -40, -100, -300, -450])
def test_truncated(tmp_path: Path, good: Path, kind: str, cut: int) -> None:
    data = good.read_bytes()
    found = held(changed(tmp_path / "cut.bin", good, data[:cut] if cut else b""), kind)
    assert found.failed == (Check.IMAGE,)
    assert found.block is None


def test_no_bit_may_flip(tmp_path: Path, good: Path, kind: str) -> None:
    """The key hash is not signed, so a flip there is a key that is not named; all else breaks hash and signature."""
    data, path = good.read_bytes(), tmp_path / "flipped.bin"
    for at in range(0, len(data), 11):
        flipped = bytearray(data)
        flipped[at] ^= 1 << at % 8
        path.write_bytes(flipped)
        assert not held(path, kind).sound, f"byte {at}"


@pytest.mark.parametrize("number", [0x10, 0x01, *Fact])
def test_tlvs_twice(tmp_path: Path, good: Path, kind: str, number: int) -> None:
    protected, unprotected = tlvs(good.read_bytes())
    twice = next((each for each in (*protected, *unprotected) if each[0] == number), (number, b""))
    more = ([*protected, twice], unprotected) if number in list(Fact) else (protected, [*unprotected, twice])
    found = held(changed(tmp_path / "twice.bin", good, rebuilt(good.read_bytes(), *more)), kind)
    assert Check.TLVS in found.failed


def test_facts_outside_the_protected_area(tmp_path: Path, good: Path, kind: str) -> None:
    protected, unprotected = tlvs(good.read_bytes())
    moved = rebuilt(good.read_bytes(), protected[1:], [*unprotected, protected[0]])
    found = held(changed(tmp_path / "moved.bin", good, moved), kind)
    assert {Check.TLVS, Check.FACTS, Check.HASH, Check.SIGNATURE} <= set(found.failed)


def test_overlong_tlvs(tmp_path: Path, good: Path, kind: str) -> None:
    data, image = good.read_bytes(), parse_image(good.read_bytes())
    start = 0x200 + len(image.payload)
    for offset, value in ((start + 2, 0xFFFF), (start + 6, 0xFFFF), (start + 2, 3), (10, 0xFFFF), (10, 0), (8, 8)):
        forged = bytearray(data)
        struct.pack_into("<H", forged, offset, value)
        assert held(changed(tmp_path / "long.bin", good, bytes(forged)), kind).failed == (Check.IMAGE,), offset
    assert held(changed(tmp_path / "more.bin", good, data + b"\xff" * 9), kind).failed == (Check.TLVS,)


def resigned(directory: Path, kind: str, source: Path, facts: bytes, signing: tuple[str, ...] = images.SIGNING) -> Path:
    """Signed with the right key over contents that do not belong together."""
    path = directory / "resigned.bin"
    words = (*signing, *imgtool_arguments(facts_of(facts)), "-k", str(images.keys(kind).private))
    images.imgtool("sign", *words, str(source), str(path))
    return path


def test_facts_of_another_model_under_a_good_signature(tmp_path: Path, kind: str) -> None:
    source = images.unsigned(tmp_path / "zephyr.bin")
    found = held(resigned(tmp_path, kind, source, encode(images.other_model())), kind)
    assert found.failed == (Check.FACTS,)
    assert "contract (0x00a1), model (0x00a2), block (0x00a3)" in next(
        finding.text for finding in found.findings if finding.check is Check.FACTS
    )


def test_thresholds_of_another_model_under_a_good_signature(tmp_path: Path, kind: str) -> None:
    """Whole in itself, and not what the contract and the lock beside the application name."""
    stranger = encode(images.other_model())
    path = resigned(tmp_path, kind, images.unsigned(tmp_path / "zephyr.bin", stranger), stranger)
    assert held(path, kind).sound
    found = held(path, kind, contract=bytes(range(32)).hex(), model=bytes(range(32, 64)).hex())
    assert found.failed == (Check.CONTRACT, Check.MODEL)


def test_another_version_in_the_image_than_in_the_block(tmp_path: Path, kind: str) -> None:
    source = images.unsigned(tmp_path / "zephyr.bin")
    newer = ("--version", "9.0.0", *images.SIGNING[2:])
    assert held(resigned(tmp_path, kind, source, images.SIGNED_BLOCK, newer), kind).failed == (Check.VERSION,)


@pytest.mark.parametrize(("offset", "check"), [(4, Check.BLOCK), (12, Check.CRC), (200, Check.CRC)])
def test_damaged_block_under_a_good_signature(tmp_path: Path, kind: str, offset: int, check: Check) -> None:
    damaged = bytearray(images.SIGNED_BLOCK)
    damaged[offset] ^= 1
    path = resigned(tmp_path, kind, images.unsigned(tmp_path / "zephyr.bin", bytes(damaged)), images.SIGNED_BLOCK)
    assert held(path, kind).failed == (check,)


def test_damaged_section_under_good_sums(tmp_path: Path, kind: str) -> None:
    from tests.unit.bundle.test_block import patched

    damaged = patched("B", 200, 0)  # the hash in the table; the CRC fits
    path = resigned(tmp_path, kind, images.unsigned(tmp_path / "zephyr.bin", damaged), images.SIGNED_BLOCK)
    assert held(path, kind).failed == (Check.SECTIONS,)


@pytest.mark.parametrize("blocks", [b"", images.SIGNED_BLOCK + encode(images.other_model())])
def test_none_or_two_blocks(tmp_path: Path, kind: str, blocks: bytes) -> None:
    path = resigned(tmp_path, kind, images.unsigned(tmp_path / "zephyr.bin", blocks), images.SIGNED_BLOCK)
    assert held(path, kind).failed == (Check.BLOCK,)
    with pytest.raises(BundleError):
        sign(tmp_path / "zephyr.bin", tmp_path / "out.bin", images.keys(kind).private, images.SIGNING)
    assert not (tmp_path / "out.bin").exists()


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_no_image(data: bytes) -> None:
    head = struct.pack("<IIHHII", 0x96F3B83D, 0, 32, 0, 8, 0) + bytes(8)
    for tried in (data, head + data):
        try:
            parse_image(tried)
        except SignedImageError as error:
            assert error.field


def test_hex_files_of_any_kind(tmp_path: Path) -> None:
    path = tmp_path / "a.hex"
    for text in (b"", b":", b"nonsense", b":00000001FF", b":02000004FFFFFC\n:0100000000FF\n:00000001FF", b"\xff\xfe"):
        path.write_bytes(text)
        assert verify(path).failed == (Check.IMAGE,)


def test_files_that_are_none(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.bin"):
        assert verify(path).failed == (Check.IMAGE,)
