"""Recordings from WAV files, one folder for each label: LABEL/GROUP_anything.wav."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mlforge.data.folders import labelled_files, unread_files
from mlforge.data.reading import Reading
from mlforge.data.recordings import Recordings, Sampling, Signal, Source
from mlforge.data.wav_file import Wave, read_wav
from mlforge.errors import DataError


def load_wav_folder(directory: Path, reading: Reading) -> Recordings:
    """Signals [frames, channels], full scale is 1.0. Column `subject`: the file name up to the first '_'.

    Raises:
        DataError: no folders or files, a file that `read_wav` refuses, sampling rates or channels that differ.
    """
    files = labelled_files(directory, ".wav")
    paths = [file.path for file in files]
    reading.expect(paths)
    signals: list[Signal] = []
    rate_hz = 0
    for path in paths:
        wave = read_wav(path)
        rate_hz = rate_hz or wave.rate_hz
        _check_alike(wave, path, rate_hz, signals[0].shape[1] if signals else wave.samples.shape[1], paths[0])
        signals.append(wave.samples)
        reading.done(path, path.stat().st_size)
    return Recordings(
        signals=signals,
        labels=np.array([file.label for file in files]),
        columns={"subject": np.array([file.group for file in files])},
        sources=[Source(path) for path in paths],
        sampling=Sampling(rate_hz=float(rate_hz)),
        unread=unread_files(directory, ".wav", paths),
    )


def _check_alike(wave: Wave, path: Path, rate_hz: int, channels: int, first: Path) -> None:
    if wave.rate_hz != rate_hz:
        raise DataError(
            f"{wave.rate_hz} Hz, but {first.name} has {rate_hz} Hz",
            file=path,
            hint=f"bring all to one rate: ffmpeg -i IN.wav -ar {rate_hz} OUT.wav",
        )
    if wave.samples.shape[1] != channels:
        raise DataError(
            f"{wave.samples.shape[1]} channels, but {first.name} has {channels}",
            file=path,
            hint=f"bring all to as many channels: ffmpeg -i IN.wav -ac {channels} OUT.wav",
        )
