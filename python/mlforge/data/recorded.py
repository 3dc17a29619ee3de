"""Packets put together to one recording, with its gaps, and its files: WAV or CSV, and what is known of it as JSON."""

from __future__ import annotations

import json
import wave
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.data.record_packets import Packet
from mlforge.errors import DataError

WAV_FRAC_BITS: Final = 15  # full scale 1.0
MAX_GAP: Final = 1 << 20  # frames; a larger jump is another device, or garbage


@dataclass(frozen=True, slots=True)
class Facts:
    """What the files of a recording say besides its frames."""

    model: str
    label: str
    group: str
    device: str
    rate_hz: int
    channels: tuple[str, ...]
    unit: str


@dataclass(slots=True)
class Recorded:
    """A recording in the making. `lost` are (first frame, frames) of its gaps, counted from its own beginning; in their
    place stands the last frame before."""

    frac_bits: int = 0
    narrow: bool = False
    frames: int = 0
    lost: list[tuple[int, int]] = field(default_factory=list)
    _parts: list[NDArray[Any]] = field(default_factory=list)
    _next: int | None = None

    def add(self, packet: Packet) -> None:
        """Raises DataError where the packet is of another kind than those before, or the device began anew."""
        if self._next is None:
            self.frac_bits, self.narrow = packet.frac_bits, packet.frames.dtype.itemsize == 2
        elif packet.frac_bits != self.frac_bits or packet.frames.shape[1] != self._parts[0].shape[1]:
            raise DataError("the device's frames changed while they were recorded: another application was started")
        else:
            self._mark(packet.first - self._next)
        self._parts.append(packet.frames.astype(np.int32))
        self._next = packet.first + len(packet.frames)
        self.frames += len(packet.frames)

    def _mark(self, gap: int) -> None:
        if gap < 0 or gap > MAX_GAP:
            what = "began anew" if gap < 0 else f"jumped by {gap:,} frames"
            raise DataError(f"the device {what} while it was recorded", hint="record again, without a reset")
        if gap:
            self.lost.append((self.frames, gap))
            self._parts.append(np.repeat(self._parts[-1][-1:], gap, axis=0))
            self.frames += gap

    @property
    def lost_frames(self) -> int:
        return sum(count for _, count in self.lost)

    @property
    def values(self) -> NDArray[np.int32]:
        """[frames, channels], each value * 2^frac_bits. Raises DataError where there is none."""
        if not self._parts:
            raise DataError("no frames were received")
        return np.concatenate(self._parts)

    @property
    def is_sound(self) -> bool:
        """Whether a WAV file holds the frames as they are."""
        return self.narrow and self.frac_bits == WAV_FRAC_BITS


def write_recording(recorded: Recorded, facts: Facts, directory: Path) -> Path:
    """`DIRECTORY/LABEL/GROUP_001.wav` (or `.csv`), the first number that is free, and `.json` beside it.

    Raises:
        DataError: no frames, or another number of channels than `facts` names.
        OSError: the directory cannot be written.
    """
    values = recorded.values
    if facts.channels and len(facts.channels) != values.shape[1]:
        raise DataError(f"the device's frames have {values.shape[1]} channels, the contract {len(facts.channels)}")
    folder = directory / facts.label
    folder.mkdir(parents=True, exist_ok=True)
    stem = next(name for number in _numbers() if not _taken(folder, name := f"{facts.group}_{number:03d}"))
    path = folder / (stem + (".wav" if recorded.is_sound else ".csv"))
    if recorded.is_sound:
        _write_wav(path, values, facts.rate_hz)
    else:
        _write_csv(path, values, recorded.frac_bits, facts.channels)
    path.with_suffix(".json").write_text(json.dumps(_described(recorded, facts), indent=2) + "\n", encoding="utf-8")
    return path


def _numbers() -> Iterable[int]:
    return range(1, 1_000_000)


def _taken(folder: Path, stem: str) -> bool:
    return any((folder / f"{stem}{suffix}").exists() for suffix in (".wav", ".csv", ".json"))


def _write_wav(path: Path, values: NDArray[np.int32], rate_hz: int) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(values.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(values.astype("<i2").tobytes())


def _write_csv(path: Path, values: NDArray[np.int32], frac_bits: int, channels: tuple[str, ...]) -> None:
    header = ",".join(channels) + "\n" if channels else ""
    rows = np.ldexp(values.astype(np.float64), -frac_bits)
    lines = (",".join(f"{value:.9g}" for value in row) for row in rows)
    path.write_text(header + "\n".join(lines) + "\n", encoding="utf-8")


def _described(recorded: Recorded, facts: Facts) -> dict[str, Any]:
    return {
        "model": facts.model,
        "label": facts.label,
        "group": facts.group,
        "device": facts.device,
        "rate_hz": facts.rate_hz,
        "channels": list(facts.channels),
        "unit": facts.unit,
        "frac_bits": recorded.frac_bits,
        "frames": recorded.frames,
        "lost": [list(gap) for gap in recorded.lost],
    }
