"""Bundle blocks: what is written is read again, and untrusted bytes are read or refused by name."""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlforge.bundle.block import ENTRY_BYTES, HEADER_BYTES, Block, Unknown, Version, block_size, decode, encode
from mlforge.bundle.sections import (
    Calibration,
    ChannelCalibration,
    Features,
    SelfTest,
    TaskCode,
    Threshold,
    Thresholds,
    Vector,
)
from mlforge.errors import BlockError
from tests.unit.bundle.blocks import BASELINE, CALIBRATION, THRESHOLDS, VERSIONS, block, blocks

GOOD = encode(block())


def sealed(data: bytes) -> bytes:
    """The same with a CRC that fits, as whoever forges a block would give it."""
    return data[:12] + struct.pack("<I", zlib.crc32(data[:12] + bytes(4) + data[16:])) + data[16:]


def rehashed(data: bytes, index: int) -> bytes:
    """The same with the hash of section `index` and the CRC that fit."""
    at = HEADER_BYTES + ENTRY_BYTES * index
    offset, size_bytes = struct.unpack_from("<II", data, at + 4)
    digest = hashlib.sha256(data[offset : offset + size_bytes]).digest()
    return sealed(data[: at + 16] + digest + data[at + 48 :])


def patched(layout: str, offset: int, *values: int, section: int | None = None) -> bytes:
    data = bytearray(GOOD)
    start = struct.unpack_from("<I", GOOD, HEADER_BYTES + ENTRY_BYTES * section + 4)[0] if section is not None else 0
    struct.pack_into("<" + layout, data, start + offset, *values)
    return rehashed(bytes(data), section) if section is not None else sealed(bytes(data))


@settings(max_examples=150, deadline=None)
@given(blocks())
def test_what_is_written_is_read_again(one: Block) -> None:
    assert decode(encode(one)) == one


def test_layout_is_the_documented_one() -> None:
    """The offsets of docs/bundle.md, without the decoder."""
    assert GOOD[:4] == b"MLFB"
    assert struct.unpack_from("<HHI", GOOD, 4) == (1, 184, len(GOOD))
    assert struct.unpack_from("<I", GOOD, 12)[0] == zlib.crc32(GOOD[:12] + bytes(4) + GOOD[16:])
    assert struct.unpack_from("<BBHI", GOOD, 16) == (1, 2, 3, 4)
    assert struct.unpack_from("<BBHI", GOOD, 32) == (255, 255, 65535, 2**32 - 1)
    assert (GOOD[48:80], GOOD[80:112]) == (bytes(range(32)), bytes(range(32, 64)))
    assert (GOOD[112:144], GOOD[144:176]) == (b"mps2/an385".ljust(32, b"\0"), b"activity".ljust(32, b"\0"))
    assert struct.unpack_from("<HHI", GOOD, 176) == (5, 0, 0)
    kind, _, offset, size_bytes, _ = struct.unpack_from("<HHIII", GOOD, 184)
    assert (kind, offset % 8, size_bytes) == (1, 0, 4 + 6)
    assert GOOD[offset : offset + 10] == bytes((0, 3, 3, 0, 25, 246, 60, 20, 127, 128))
    assert GOOD[200:232] == hashlib.sha256(GOOD[offset : offset + 10]).digest()
    assert len(GOOD) % 8 == 0


def test_sections_are_found_by_type_and_unknown_ones_reported() -> None:
    one = decode(encode(block(sections=(THRESHOLDS, Unknown(77, b"later")))))
    assert one.section(Thresholds) == THRESHOLDS
    assert one.section(Calibration) is None
    assert one.unknown_kinds == (77,)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_refused_by_name(data: bytes) -> None:
    with pytest.raises(BlockError) as caught:
        decode(data)
    assert caught.value.field


@settings(max_examples=400, deadline=None)
@given(st.integers(0, 8 * len(GOOD) - 1), st.integers(0, len(GOOD)), st.binary(max_size=9), st.integers(-1, 4))
def test_forged_bytes_are_refused_or_written_the_same(bit: int, at: int, inserted: bytes, section: int) -> None:
    """Whoever forges a block makes its sums fit."""
    data = bytearray(GOOD)
    data[bit // 8] ^= 1 << bit % 8
    data[at : at + len(inserted)] = inserted
    forged = sealed(bytes(data))
    if section >= 0 and len(forged) >= HEADER_BYTES + ENTRY_BYTES * 5:
        forged = rehashed(forged, section)
    try:
        one = decode(forged)
    except BlockError as error:
        assert error.field
    else:
        assert encode(one) == forged


def test_no_single_bit_may_differ() -> None:
    for bit in range(8 * len(GOOD)):
        data = bytearray(GOOD)
        data[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BlockError):
            decode(bytes(data))


@pytest.mark.parametrize("size_bytes", range(0, len(GOOD), 7))
def test_truncated_blocks_are_refused(size_bytes: int) -> None:
    with pytest.raises(BlockError):
        decode(GOOD[:size_bytes])
    with pytest.raises(BlockError):
        block_size(GOOD[:size_bytes])


def test_size_is_told_by_the_start_alone() -> None:
    assert block_size(GOOD + b"behind") == len(GOOD)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (patched("4s", 0, b"MLFC"), "header.magic"),  # type: ignore[arg-type]
        (patched("H", 4, 2), "header.format"),
        (patched("H", 6, 176), "header.header_bytes"),
        (patched("I", 8, len(GOOD) - 8), "header.block_bytes"),
        (patched("I", 8, 0xFFFFFFF8), "header.block_bytes"),
        (GOOD + bytes(8), "header.block_bytes"),
        (GOOD[:12] + bytes(4) + GOOD[16:], "header.crc"),
        (patched("B", 112, 0), "header.board"),
        (patched("B", 143, 65), "header.board"),
        (patched("B", 145, 0x80), "header.name"),
        (patched("H", 176, 4), "table.offset"),
        (patched("H", 176, 65), "header.sections"),
        (patched("H", 176, 0xFFFF), "header.sections"),
        (patched("H", 178, 1), "header.reserved"),
        (patched("I", 180, 1), "header.reserved"),
        (patched("H", 184, 2), "calibration.flags"),
        (patched("B", 200, 0), "table.sha256"),
        (patched("H", 184 + 48, 1), "table.kind"),
        (patched("H", 186, 1), "table.reserved"),
        (patched("I", 188, 4), "table.offset"),
        (patched("I", 192, 0xFFFFFFFF), "table.bytes"),
        (patched("I", 196, 1), "table.reserved"),
        (patched("B", 0, 3, section=0), "thresholds.task"),
        (patched("B", 1, 0, section=0), "thresholds.classes"),
        (patched("B", 1, 4, section=0), "thresholds.items"),
        (patched("B", 1, 2, section=0), "thresholds.end"),
        (patched("B", 2, 0, section=0), "thresholds.hysteresis"),
        (patched("B", 3, 1, section=0), "thresholds.reserved"),
        (patched("bb", 4, 3, 4, section=0), "thresholds.leave"),
        (patched("H", 0, 0, section=1), "calibration.channels"),
        (patched("H", 0, 0xFFFF, section=1), "calibration.channel"),
        (patched("H", 2, 2, section=1), "calibration.flags"),
        (patched("i", 12, 0, section=1), "calibration.gain"),
        (patched("i", 16, -1, section=1), "calibration.offset_bound"),
        (patched("i", 20, 65000, section=1), "calibration.gain_bound"),
        (patched("B", 0, 0xFF, section=2), "features.text"),
        (patched("B", 1, 0x20, section=2), "features.text"),
        (patched("H", 0, 0, section=3), "baseline.channels"),
        (patched("H", 6, 0, section=3), "baseline.psi_limit"),
        (patched("i", 8, 40000, section=3), "baseline.mean"),
        (patched("H", 4, 0xFFFF, section=3), "baseline.bins"),
        (patched("H", 0, 0, section=4), "self_test.vectors"),
        (patched("H", 2, 1, section=4), "self_test.reserved"),
        (patched("I", 4, 0, section=4), "self_test.input_bytes"),
        (patched("I", 4, 0xFFFFFFFF, section=4), "self_test.input"),
        (patched("I", 8, 0, section=4), "self_test.output_bytes"),
    ],
)
def test_errors_name_the_field(data: bytes, field: str) -> None:
    with pytest.raises(BlockError) as caught:
        decode(data)
    assert caught.value.field == field, str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (block(contract=b""), "header.contract"),
        (block(model=bytes(33)), "header.model"),
        (block(board="x" * 33), "header.board"),
        (block(board=""), "header.board"),
        (block(name="größe"), "header.name"),
        (block(versions=replace(VERSIONS, model=Version(256, 0, 0))), "header.model.major"),
        (block(sections=(CALIBRATION, THRESHOLDS)), "sections"),
        (block(sections=(THRESHOLDS, THRESHOLDS)), "sections"),
        (block(sections=(Unknown(2, b""),)), "calibration.head"),
        (block(sections=tuple(Unknown(100 + index, b"") for index in range(65))), "sections"),
        (block(sections=(Unknown(100, bytes(1 << 20)),)), "header.block_bytes"),
        (block(sections=(Thresholds(TaskCode.CLASSIFICATION, 1, (Threshold(128, 0),)),)), "thresholds.enter"),
        (block(sections=(Thresholds(TaskCode.CLASSIFICATION, 1, (Threshold(1, 2),)),)), "thresholds.leave"),
        (block(sections=(Thresholds(TaskCode.CLASSIFICATION, 256, (Threshold(1, 0),)),)), "thresholds.hysteresis"),
        (block(sections=(Thresholds(TaskCode.ANOMALY, 1, ()),)), "thresholds.items"),
        (block(sections=(Calibration(False, 0, (ChannelCalibration(2**31, 1, 0, 0),)),)), "calibration.offset"),
        (block(sections=(Features('{"b":1, "a":2}'),)), "features.text"),
        (block(sections=(Features('{"a":NaN}'),)), "features.text"),
        (block(sections=(Features("[]"),)), "features.text"),
        (block(sections=(Features('{"a":' + "[" * 100000),)), "features.text"),
        (block(sections=(replace(BASELINE, psi_limit=0),)), "baseline.psi_limit"),
        (block(sections=(SelfTest(()),)), "self_test.vectors"),
        (block(sections=(SelfTest((Vector(b"a", b"b"), Vector(b"aa", b"b"))),)), "self_test.vectors"),
    ],
)
def test_what_does_not_fit_is_not_written(wrong: Block, field: str) -> None:
    with pytest.raises(BlockError) as caught:
        encode(wrong)
    assert caught.value.field == field, str(caught.value)


@pytest.mark.parametrize("text", ["1.2", "1.2.3.4", "256.0.0", "0.0.65536", "1.0.0+", "1.0.0+4294967296", "１.0.0", ""])
def test_impossible_versions(text: str) -> None:
    with pytest.raises(BlockError):
        Version.parse(text)


def test_versions_are_ordered_and_written_as_read() -> None:
    texts = ["0.0.1", "0.9.0", "1.0.0", "1.0.0+1", "1.0.10", "1.10.0"]
    versions = [Version.parse(text) for text in texts]
    assert versions == sorted(versions)
    assert [str(version) for version in versions] == texts
