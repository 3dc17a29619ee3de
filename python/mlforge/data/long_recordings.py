"""Long recordings with what is in them: GROUP_anything.wav or .csv, and beside each its label track, .txt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from mlforge.data.csv_folder import read_recording
from mlforge.data.label_track import Label, read_label_track
from mlforge.data.labels import ANOMALY_CLASSES, NORMAL_NAMES
from mlforge.data.reading import Reading, Say, silent
from mlforge.data.recordings import Signal
from mlforge.data.wav_file import read_wav
from mlforge.errors import DataError

SUFFIXES: Final = (".wav", ".csv")


@dataclass(frozen=True, slots=True)
class LongRecording:
    """`signal` [frames, channels]; `group` is the file's name up to the first '_'."""

    path: Path
    group: str
    signal: Signal
    labels: tuple[Label, ...]


def load_long_recordings(
    directory: Path, rate_hz: int, channels: int, classes: Sequence[str], say: Say = silent
) -> tuple[LongRecording, ...]:
    """All of the directory, by name.

    Raises:
        DataError: no directory, no recordings, one without labels, of another rate (WAV) or number of channels, a label
            that is no class, or one behind the recording's end.
    """
    if not directory.is_dir():
        raise DataError("expected a directory of long recordings", file=directory)
    paths = sorted(path for path in directory.iterdir() if path.suffix.lower() in SUFFIXES and path.name[0] != ".")
    if not paths:
        raise DataError("no .wav or .csv files", file=directory)
    reading = Reading(say)
    reading.expect(paths)
    found = []
    for path in paths:
        signal = read_signal(path, rate_hz, reading)
        if signal.ndim != 2 or signal.shape[1] != channels:
            raise DataError(f"{signal.shape[-1]} channels: the data set has {channels}", file=path)
        labels = _labels(path, classes, len(signal) / rate_hz)
        found.append(LongRecording(path, path.stem.split("_", 1)[0], signal, labels))
    return tuple(found)


def read_signal(path: Path, rate_hz: int, reading: Reading | None = None) -> Signal:
    """One recording, .wav or .csv, [frames, channels]; `rate_hz` of 0 takes any.

    Raises:
        DataError: it cannot be read, or a WAV file has another rate.
    """
    reading = reading or Reading()
    if path.suffix.lower() == ".csv":
        return read_recording(path, reading)
    wave = read_wav(path)
    if rate_hz and wave.rate_hz != rate_hz:
        hint = f"bring it to the contract's rate: ffmpeg -i IN.wav -ar {rate_hz} OUT.wav"
        raise DataError(f"{wave.rate_hz} Hz: the contract's data.signal has {rate_hz} Hz", file=path, hint=hint)
    reading.done(path, path.stat().st_size)
    return wave.samples


def _labels(path: Path, classes: Sequence[str], length_s: float) -> tuple[Label, ...]:
    track = path.with_suffix(".txt")
    if not track.exists():
        raise DataError(f"no {track.name} beside it, which says what is in it", file=path)
    labels = read_label_track(track)
    if tuple(classes) == ANOMALY_CLASSES:  # of which each data set has its own kinds
        kinds = [ANOMALY_CLASSES[label.text.lower() not in NORMAL_NAMES] for label in labels]
        labels = tuple(replace(label, text=kind) for label, kind in zip(labels, kinds, strict=True))
    for label in labels:
        if label.text not in classes:
            expected = f"expected a class of the data: {', '.join(classes)}"
            raise DataError(f"{label.text!r}: {expected}", file=track, row=label.line)
        if label.start_s > length_s:
            raise DataError(f"{label.start_s:g} s, behind the end of {path.name}", file=track, row=label.line)
    return labels
