"""WAV files of every coding that is taken, and what is said of all others."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from mlforge.data.wav_file import read_wav
from mlforge.errors import DataError

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
GUID = bytes.fromhex("000000001000800000aa00389b71")


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def wav(
    data: bytes, bits: int, code: int = PCM, channels: int = 1, rate: int = 8000, extra: bytes = b"", held: int = 0
) -> bytes:
    """A file of these samples, after the specification; `held`: bits that a sample is stored in, where it has fewer."""
    block = channels * (held or bits) // 8
    form = struct.pack("<HHIIHH", code, channels, rate, rate * block, block, bits) + extra
    body = b"WAVE" + chunk(b"fmt ", form) + chunk(b"LIST", b"odd") + chunk(b"data", data)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def extensible(code: int, bits: int) -> bytes:
    return struct.pack("<HHIH", 22, bits, 0, code) + GUID


def read(tmp_path: Path, content: bytes) -> np.ndarray:
    (tmp_path / "a.wav").write_bytes(content)
    return read_wav(tmp_path / "a.wav").samples


def error(tmp_path: Path, content: bytes) -> DataError:
    with pytest.raises(DataError) as caught:
        read(tmp_path, content)
    return caught.value


HALF = [0.0, 0.5, -1.0, -0.25]
CODED = {
    "8 bits": (bytes([128, 192, 0, 96]), 8, PCM),
    "16 bits": (np.array([0, 2**14, -(2**15), -(2**13)], "<i2").tobytes(), 16, PCM),
    "24 bits": (b"".join(n.to_bytes(3, "little", signed=True) for n in (0, 2**22, -(2**23), -(2**21))), 24, PCM),
    "32 bits": (np.array([0, 2**30, -(2**31), -(2**29)], "<i4").tobytes(), 32, PCM),
    "float": (np.array(HALF, "<f4").tobytes(), 32, FLOAT),
    "double": (np.array(HALF, "<f8").tobytes(), 64, FLOAT),
}


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("wide", [False, True], ids=["plain", "extensible"])
@pytest.mark.parametrize(("data", "bits", "code"), CODED.values(), ids=CODED)
def test_codings(tmp_path: Path, data: bytes, bits: int, code: int, wide: bool, channels: int) -> None:
    extra = extensible(code, bits) if wide else b""
    samples = read(tmp_path, wav(data, bits, EXTENSIBLE if wide else code, channels, extra=extra))
    assert samples.dtype == np.float32
    np.testing.assert_array_equal(samples, np.array(HALF, dtype=np.float32).reshape(-1, channels))


def test_samples_of_twelve_bits_are_stored_in_sixteen(tmp_path: Path) -> None:
    samples = read(tmp_path, wav(np.array([0, 2**14], "<i2").tobytes(), 12, held=16))
    assert samples[:, 0].tolist() == [0.0, 0.5]


def test_size_that_was_never_written(tmp_path: Path) -> None:
    data = np.zeros(5, "<i2").tobytes()
    content = wav(data, 16).replace(b"data" + struct.pack("<I", 10), b"data" + struct.pack("<I", 0xFFFFFFFF))
    assert len(read(tmp_path, content)) == 5


def test_cut_anywhere_it_is_refused_with_a_reason(tmp_path: Path) -> None:
    whole = wav(np.arange(8, dtype="<i2").tobytes(), 16)
    for length in range(len(whole)):
        found = error(tmp_path, whole[:length])
        assert found.reason
        assert found.file == str(tmp_path / "a.wav")
    assert "promises 16 bytes of samples, 15 are there" in error(tmp_path, whole[:-1]).reason


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "an empty file"),
        (b"ID3\x04" + bytes(40), "does not start with RIFF"),
        (b"RF64" + bytes(4) + b"WAVE", "RF64"),
        (wav(bytes(4), 4, 0x11), "ADPCM"),
        (wav(bytes(4), 8, 7), "µ-law"),
        (wav(bytes(4), 8, 0x1234), "coding 0x1234"),
        (wav(bytes(4), 16, channels=0), "0 channels"),
        (wav(bytes(4), 16, rate=0), "0 Hz"),
        (wav(bytes(8), 64), "64-bit samples"),
        (wav(bytes(4), 16, FLOAT), "16-bit samples"),
        (wav(bytes(3), 16), "1 bytes of a frame"),
        (wav(b"", 16), "no samples"),
        (wav(bytes(4), 16, EXTENSIBLE), "extensible"),
        (wav(bytes(4), 16, EXTENSIBLE, extra=bytes(24)), "extensible"),
    ],
)
def test_refused_with_a_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    assert reason in error(tmp_path, content).reason
