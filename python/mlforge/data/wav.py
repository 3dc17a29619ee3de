"""Recordings from WAV files, one folder for each label: LABEL/GROUP_anything.wav, 16-bit PCM."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from mlforge.data.dataset import Recordings, Signal, Source
from mlforge.data.folders import labelled_files
from mlforge.errors import DataError


def load_wav_folder(directory: Path) -> Recordings:
    """Signals [frames, channels], full scale is 1.0. Column `subject`: the file name up to the first '_'.

    Raises:
        DataError: no folders or files, not 16-bit PCM, or sampling rates that differ.
    """
    files = labelled_files(directory, ".wav")
    signals, rates = zip(*(_read(file.path) for file in files), strict=True)
    for file, rate in zip(files, rates, strict=True):
        if rate != rates[0]:
            raise DataError(f"{rate} Hz, but {files[0].path.name} has {rates[0]} Hz", file=file.path)
    return Recordings(
        signals=list(signals),
        labels=np.array([file.label for file in files]),
        columns={"subject": np.array([file.group for file in files])},
        sources=[Source(file.path) for file in files],
    )


def _read(path: Path) -> tuple[Signal, int]:
    try:
        with wave.open(str(path), "rb") as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            data = file.readframes(file.getnframes())
    except (wave.Error, EOFError, OSError) as error:
        raise DataError(f"cannot be read as WAV: {error or 'it ends too early'}", file=path) from error
    if width != 2:
        raise DataError(f"{8 * width}-bit samples: expected 16-bit PCM", file=path)
    frames = len(data) // (2 * channels)
    if frames == 0:
        raise DataError("no samples", file=path)
    samples = np.frombuffer(data, dtype="<i2", count=frames * channels).reshape(frames, channels)
    return samples.astype(np.float32) / np.float32(32768), rate
