"""Streams of the data set's own recordings, and long recordings with their labels."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from mlforge.app.streams import check_streams, joined
from mlforge.data.label_track import read_label_track
from mlforge.data.long_recordings import load_long_recordings
from mlforge.errors import DataError
from mlforge.measure.events import Event


def test_recordings_are_joined_with_background_between_them() -> None:
    signals = [np.full((3, 1), index, np.float32) for index in range(6)]
    labels = np.array([0, 1, 1, 1, 0, 0])
    stream = joined(signals, labels, {0})
    order = stream.signal[::3, 0].astype(int).tolist()
    assert sorted(order) == list(range(6))
    assert [labels[index] for index in order] in ([1, 0] * 3, [0, 1] * 3)
    assert [event.end - event.start for event in stream.events] == [3, 3, 3]
    for event in stream.events:
        assert labels[int(stream.signal[event.start, 0])] == event.label == 1


def test_neighbours_of_one_class_are_one_event() -> None:
    stream = joined([np.zeros((2, 1), np.float32)] * 3, np.array([1, 1, 1]), set())
    assert stream.events == (Event(1, 0, 6),)


def test_a_stream_without_events_is_refused() -> None:
    with pytest.raises(DataError, match="no event"):
        check_streams((joined([np.zeros((2, 1), np.float32)], np.array([0]), {0}),))


def _recording(directory: Path, name: str, track: str, rate_hz: int = 100) -> None:
    with wave.open(str(directory / f"{name}.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(bytes(2 * 500))
    if track:
        (directory / f"{name}.txt").write_text(track)


def test_long_recordings(tmp_path: Path) -> None:
    _recording(tmp_path, "anna_1", "2.5\t3\tyes\n\\\t100\t200\n0.5\t0.75\tno\n")
    (found,) = load_long_recordings(tmp_path, 100, 1, ("no", "yes"))
    assert found.group == "anna"
    assert found.signal.shape == (500, 1)
    assert [(label.start_s, label.end_s, label.text) for label in found.labels] == [(0.5, 0.75, "no"), (2.5, 3, "yes")]


@pytest.mark.parametrize(
    ("track", "words"),
    [
        ("", "no anna_1.txt beside it"),
        ("1\t2\tmaybe\n", r"anna_1\.txt:1: 'maybe': expected a class of the data: no, yes"),
        ("1\t2\tyes\n9\t10\tyes\n", r"anna_1\.txt:2: 9 s, behind the end"),
        ("1 2 yes\n", r"anna_1\.txt:1: .* separated by tabs"),
        ("1\tnow\tyes\n", "separated by tabs"),
        ("2\t1\tyes\n", "from 2 to 1 s"),
        ("nan\t1\tyes\n", "from nan to 1 s"),
        ("1\t2\t \n", "separated by tabs"),
    ],
)
def test_labels_that_are_wrong(tmp_path: Path, track: str, words: str) -> None:
    _recording(tmp_path, "anna_1", track)
    with pytest.raises(DataError, match=words):
        load_long_recordings(tmp_path, 100, 1, ("no", "yes"))


def test_another_rate_or_number_of_channels(tmp_path: Path) -> None:
    _recording(tmp_path, "anna_1", "1\t2\tyes\n", rate_hz=200)
    with pytest.raises(DataError, match=r"200 Hz: the contract's data\.signal has 100 Hz"):
        load_long_recordings(tmp_path, 100, 1, ("yes",))
    with pytest.raises(DataError, match="1 channels: the data set has 3"):
        load_long_recordings(tmp_path, 200, 3, ("yes",))


def test_nothing_to_read(tmp_path: Path) -> None:
    for directory, words in ((tmp_path, "no .wav or .csv files"), (tmp_path / "gone", "expected a directory")):
        with pytest.raises(DataError, match=words):
            load_long_recordings(directory, 100, 1, ("yes",))


def test_a_label_track_must_be_text(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"1\t2\tyes\n\xff\xfe")
    with pytest.raises(DataError, match=r"a\.txt:2: not UTF-8"):
        read_label_track(tmp_path / "a.txt")
