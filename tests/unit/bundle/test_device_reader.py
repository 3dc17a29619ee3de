"""The device's reader of blocks, under sanitisers, against the host's: the same blocks are sound, and hold the same."""

from __future__ import annotations

import ctypes
import random
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from mlforge.bundle.block import Block, decode, encode
from mlforge.bundle.sections import Baseline, Calibration, Features, SelfTest, TaskCode, Threshold, Thresholds
from mlforge.errors import BlockError
from mlforge.toolchain.host import shared_library
from mlforge.toolchain.process import run
from mlforge.toolchain.sources import root, runtime_includes, runtime_sources
from tests.unit.bundle.blocks import BASELINE, SELF_TEST, block
from tests.unit.bundle.test_block import GOOD, rehashed, sealed

RUNTIME = root() / "runtime"
STRICT = ("-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Wpedantic", "-Werror")
SANITISERS = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
SOURCES = runtime_sources("bundle")
ANOMALY = encode(block(sections=(Thresholds(TaskCode.ANOMALY, 2, (Threshold(70000, 60000),)), BASELINE, SELF_TEST)))


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("reader") / "reader"
    driver = Path(__file__).parent / "device_reader.c"
    done = run(
        ["cc", *STRICT, *SANITISERS, *(f"-I{place}" for place in runtime_includes()), "-o", program, driver, *SOURCES],
        timeout_s=120,
    )
    assert done.status == 0, done.output
    return program


def read(reader: Path, place: Path, blocks: Sequence[bytes]) -> list[str]:
    (place / "blocks").write_bytes(b"".join(struct.pack("<I", len(data)) + data for data in blocks))
    done = run([reader, place / "blocks"], timeout_s=120)
    assert done.status == 0, done.output[-3000:]
    return done.output.splitlines()


def expected(data: bytes) -> str:
    """The line of a sound block, of what the host reads."""
    one = decode(data)
    versions = one.versions
    parts: list[object] = ["none", 0, struct.unpack_from("<I", data, 12)[0]]
    for each in (versions.firmware, versions.model, versions.thresholds, versions.calibration):
        parts.append(f"{each.major}.{each.minor}.{each.revision}+{each.build}")
    parts += [one.board, one.name, f"{one.contract[0]:02x}{one.model[-1]:02x}", *_sections(one)]
    return " ".join(map(str, parts))


def _sections(one: Block) -> list[int]:
    found = [0] * 14
    if thresholds := one.section(Thresholds):
        classes = len(thresholds.items) if thresholds.task is TaskCode.CLASSIFICATION else 0
        found[:3] = thresholds.task, classes, thresholds.hysteresis
    if calibration := one.section(Calibration):
        found[3:6] = len(calibration.channels), int(calibration.baseline_allowed), calibration.period_s
    if base := one.section(Baseline):
        found[6:10] = len(base.channels), len(base.class_shares), len(base.score_shares), base.psi_limit
    if test := one.section(SelfTest):
        found[10:13] = len(test.vectors), len(test.vectors[0].input), len(test.vectors[0].output)
        found[13] = zlib.crc32(b"".join(vector.input + vector.output for vector in test.vectors))
    return found


def spoilt(original: bytes, seed: int) -> bytes:
    """A block that somebody changed here and there, and then made its sums fit, usually."""
    chance = random.Random(seed)
    data = bytearray(original)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(data)) if chance.random() < 0.6 else chance.randrange(min(184 + 48 * 5, len(data)))
        what = chance.random()
        if what < 0.5:
            data[at] ^= 1 << chance.randrange(8)
        elif what < 0.7:
            data[at] = chance.choice((0, 1, 127, 128, 255))
        elif what < 0.85:
            struct.pack_into("<I", data, min(at & ~3, len(data) - 4), chance.choice((0, 8, 2**31, 2**32 - 1, 2**16)))
        elif what < 0.93:
            del data[at : at + chance.randint(1, 16)]
        else:
            data[at:at] = chance.randbytes(chance.randint(1, 16))
    if chance.random() < 0.5 and len(data) >= 8:
        struct.pack_into("<I", data, 8, len(data))
    made = sealed(bytes(data)) if chance.random() < 0.95 else bytes(data)
    return rehashed(made, chance.randrange(3)) if len(made) > 400 and chance.random() < 0.8 else made


def test_the_same_blocks_are_sound(reader: Path, tmp_path: Path) -> None:
    """But for hashes of sections and the JSON text of features, which no device reads."""
    blocks = [spoilt(GOOD if seed % 2 else ANOMALY, seed) for seed in range(6000)]
    blocks += [GOOD, ANOMALY, encode(block(sections=())), encode(block(sections=(Features("{}"),)))]
    accepted = refused = 0
    for data, line in zip(blocks, read(reader, tmp_path, blocks), strict=True):
        try:
            wanted = expected(data)
        except BlockError as error:
            refused += 1
            if line.startswith("none "):
                assert error.field in ("table.sha256", "features.text"), (error, data.hex())
        else:
            accepted += 1
            assert line == wanted, data.hex()
    assert accepted > 100
    assert refused > 1000


def test_no_bit_may_differ(reader: Path, tmp_path: Path) -> None:
    blocks = []
    for bit in range(8 * len(GOOD)):
        data = bytearray(GOOD)
        data[bit // 8] ^= 1 << bit % 8
        blocks.append(bytes(data))
    lines = read(reader, tmp_path, blocks)
    assert {line.split()[0] for line in lines} == {"format", "crc"}


def test_what_is_cut_off_is_refused(reader: Path, tmp_path: Path) -> None:
    lines = read(reader, tmp_path, [GOOD[:length] for length in range(len(GOOD))])
    assert len(lines) == len(GOOD)
    assert {line.split()[0] for line in lines} == {"format"}
    resized = [struct.pack("<4sHHI", b"MLFB", 1, 184, length) + GOOD[12:length] for length in range(184, len(GOOD), 8)]
    lines = read(reader, tmp_path, [sealed(data) for data in resized])
    assert all(line.startswith("format ") for line in lines)


@pytest.mark.parametrize("data", [b"", b"a", b"123456789", bytes(1000), bytes(range(256)) * 5])
def test_crc(data: bytes) -> None:
    function = ctypes.CDLL(str(shared_library("bundle", SOURCES, include=[RUNTIME / "bundle"]))).mlforge_crc32
    function.restype = ctypes.c_uint32
    assert function(0, data, ctypes.c_size_t(len(data))) == zlib.crc32(data)
    half = function(0, data, ctypes.c_size_t(len(data) // 2))
    rest = data[len(data) // 2 :]
    assert function(half, rest, ctypes.c_size_t(len(rest))) == zlib.crc32(data)


class Image(ctypes.Structure):
    """struct mlforge_image."""

    _fields_ = (
        ("contract_sha256", ctypes.c_char_p),
        ("model_sha256", ctypes.c_char_p),
        ("board", ctypes.c_char_p),
        ("name", ctypes.c_char_p),
        ("task", ctypes.c_uint8),
        ("classes", ctypes.c_uint8),
        ("channels", ctypes.c_uint16),
        ("score_bins", ctypes.c_uint16),
        ("input_bytes", ctypes.c_uint32),
        ("output_bytes", ctypes.c_uint32),
    )


class Finding(ctypes.Structure):
    """struct mlforge_finding."""

    _fields_ = (("reason", ctypes.c_int), ("detail", ctypes.c_uint32))


FITTING = {
    "contract_sha256": bytes(range(32)).hex().encode(),
    "model_sha256": bytes(range(32, 64)).hex().encode(),
    "board": b"mps2/an385",
    "name": b"activity",
    "task": 0,
    "classes": 3,
    "channels": 2,
    "score_bins": 2,
    "input_bytes": 3,
    "output_bytes": 2,
}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, 0),
        ({"contract_sha256": bytes(range(1, 33)).hex().encode()}, 3),
        ({"contract_sha256": b""}, 3),
        ({"model_sha256": bytes(range(32, 63)).hex().encode() + b"40"}, 4),
        ({"model_sha256": bytes(range(32, 64)).hex().upper().encode()}, 0),
        ({"board": b"mps2/an38"}, 5),
        ({"board": b"mps2/an3855"}, 5),
        ({"board": b"mps2/an385" + b"x" * 40}, 5),
        ({"name": b"other"}, 6),
        ({"task": 2}, 1),
        ({"classes": 4}, 1),
        ({"channels": 3}, 1),
        ({"score_bins": 16}, 1),
        ({"input_bytes": 4}, 1),
        ({"output_bytes": 1}, 1),
    ],
)
def test_a_block_belongs_to_its_image_alone(changes: dict[str, object], reason: int) -> None:
    library = ctypes.CDLL(str(shared_library("bundle", SOURCES, include=[RUNTIME / "bundle"])))
    library.mlforge_bundle_read.restype = library.mlforge_bundle_belongs.restype = Finding
    sound = (ctypes.c_uint8 * 512)()
    assert library.mlforge_bundle_read(GOOD, len(GOOD), sound).reason == 0
    assert library.mlforge_bundle_belongs(sound, ctypes.byref(Image(**{**FITTING, **changes}))).reason == reason
