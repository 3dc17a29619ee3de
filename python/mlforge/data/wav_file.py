"""One WAV file: PCM of 8, 16, 24 and 32 bits and IEEE float, with plain or extensible headers.

After "Multimedia Programming Interface and Data Specifications 1.0" (IBM, Microsoft, 1991) and Microsoft's
WAVEFORMATEXTENSIBLE. What a file claims is held against the bytes that are there.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.data.reading import open_regular
from mlforge.data.recordings import Signal
from mlforge.errors import DataError

PCM: Final = 1
FLOAT: Final = 3
EXTENSIBLE: Final = 0xFFFE
NAMES: Final[Mapping[int, str]] = {2: "ADPCM", 6: "A-law", 7: "µ-law", 0x11: "ADPCM", 0x50: "MPEG", 0x55: "MP3"}
_GUID_TAIL: Final = bytes.fromhex("000000001000800000aa00389b71")  # behind the format's two bytes
_STREAMED: Final = 0xFFFFFFFF  # the size that writers leave who cannot go back to it
_FORMAT: Final = struct.Struct("<HHIIHH")
_CURE: Final = "convert it: ffmpeg -i IN.wav -c:a pcm_s16le OUT.wav"


@dataclass(frozen=True, slots=True)
class Wave:
    """`samples`: float32 [frames, channels], full scale is 1.0."""

    samples: Signal
    rate_hz: int


@dataclass(frozen=True, slots=True)
class _Format:
    code: int
    channels: int
    rate_hz: int
    bits: int  # of a sample as it is stored

    @property
    def frame_bytes(self) -> int:
        return self.channels * self.bits // 8


def read_wav(path: Path) -> Wave:
    """The file, complete.

    Raises:
        DataError: no WAV file, another coding than PCM or float, cut short, or without samples.
    """
    with open_regular(path) as file:
        data = memoryview(file.read())
    if not data:
        raise DataError("an empty file", file=path)
    kind = bytes(data[:4])
    if len(data) < 12 or kind not in (b"RIFF", b"RIFX", b"RF64") or bytes(data[8:12]) != b"WAVE":
        raise DataError("cannot be read as WAV: it does not start with RIFF and WAVE", file=path)
    if kind != b"RIFF":
        raise DataError(f"{kind.decode()}: expected a plain RIFF file", file=path, hint=_CURE)
    form: _Format | None = None
    place = 12
    while place + 8 <= len(data):
        name, size = bytes(data[place : place + 4]), int.from_bytes(data[place + 4 : place + 8], "little")
        place += 8
        if name == b"fmt ":
            form = _format(data[place : place + size], path)
        elif name == b"data":
            if form is None:
                raise DataError("cannot be read as WAV: samples in front of their format", file=path)
            return Wave(_samples(data[place:], size, form, path), form.rate_hz)
        place += size + size % 2
    missing = "samples (no data chunk)" if form else "a format (no fmt chunk)"
    raise DataError(f"cut short: it ends before {missing}", file=path)


def _format(chunk: memoryview, path: Path) -> _Format:
    if len(chunk) < _FORMAT.size:
        raise DataError("cut short: it ends within its format", file=path)
    code, channels, rate_hz, _, block, bits = _FORMAT.unpack(chunk[: _FORMAT.size])
    if code == EXTENSIBLE:
        if len(chunk) < 40 or bytes(chunk[26:40]) != _GUID_TAIL:
            raise DataError("an extensible format that is none of the usual ones", file=path, hint=_CURE)
        code = int.from_bytes(chunk[24:26], "little")
    if code not in (PCM, FLOAT):
        found = NAMES.get(code, f"coding {code:#x}")
        raise DataError(f"{found}: expected PCM or IEEE float", file=path, hint=_CURE)
    if not channels or not rate_hz:
        raise DataError(f"{channels} channels at {rate_hz} Hz: expected at least one of each", file=path)
    stored = 8 * block // channels  # 12-bit samples, say, are stored in 16, left-aligned
    allowed = (32, 64) if code == FLOAT else (8, 16, 24, 32)
    if block % channels or stored not in allowed or not 0 < bits <= stored:
        listed = ", ".join(map(str, allowed))
        raise DataError(f"{bits}-bit samples in frames of {block} bytes: expected {listed} bits", file=path, hint=_CURE)
    return _Format(code, channels, rate_hz, stored)


def _samples(data: memoryview, size: int, form: _Format, path: Path) -> Signal:
    if size == _STREAMED:
        size = len(data)
    if size > len(data):
        raise DataError(
            f"cut short: its header promises {size:,} bytes of samples, {len(data):,} are there",
            file=path,
            hint="copy the file again, or convert it to write a new header",
        )
    frames, rest = divmod(size, form.frame_bytes)
    if rest:
        raise DataError(f"cut short: {rest} bytes of a frame at its end", file=path)
    if not frames:
        raise DataError("no samples", file=path)
    return _decoded(data[:size], form).reshape(frames, form.channels)


def _decoded(data: memoryview, form: _Format) -> Signal:
    """Float32, full scale 1.0. Samples of 8 bits have no sign, all others have (the specification's chapter 3)."""
    if form.code == FLOAT:
        with np.errstate(over="ignore"):  # what overflows becomes infinite, and is then refused with its place
            return np.frombuffer(data, dtype=f"<f{form.bits // 8}").astype(np.float32)
    if form.bits == 24:
        padded = np.zeros((len(data) // 3, 4), dtype=np.uint8)
        padded[:, 1:] = np.frombuffer(data, dtype=np.uint8).reshape(-1, 3)
        whole: NDArray[Any] = padded.view("<i4").reshape(-1)
        return whole.astype(np.float32) / np.float32(2**31)
    whole = np.frombuffer(data, dtype="u1" if form.bits == 8 else f"<i{form.bits // 8}")
    scaled = whole.astype(np.float32)
    if form.bits == 8:
        scaled -= np.float32(128)
    scaled /= np.float32(2 ** (form.bits - 1))
    return scaled
