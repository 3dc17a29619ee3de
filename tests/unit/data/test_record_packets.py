"""Packets of raw frames in whatever a line brings, and recordings that are put together of them."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlforge.data.csv_folder import load_csv
from mlforge.data.reading import Reading
from mlforge.data.record_packets import MAGIC, Packet, PacketReader, model_id
from mlforge.data.recorded import Facts, Recorded, write_recording
from mlforge.data.wav import load_wav_folder
from mlforge.errors import DataError

MODEL = model_id("words")
FACTS = Facts("words", "yes", "anna", "/dev/ttyUSB0", 16_000, ("mic",), "")


def packet(first: int, *values: int, channels: int = 1, narrow: bool = True, frac_bits: int = 15) -> Packet:
    frames = np.array(values, np.int16 if narrow else np.int32).reshape(-1, channels)
    return Packet(frames, first, frac_bits, MODEL)


def recorded(*packets: Packet) -> Recorded:
    found = Recorded()
    for each in packets:
        found.add(each)
    return found


def test_a_packet_as_the_device_sends_it() -> None:
    """By hand: int16, 15 fraction bits, one channel, from frame 5 on, two frames 1 and -1."""
    head = bytes([1, 15, 1, 0, 5, 0, 0, 0, 2, 0, 0, 0]) + MODEL.to_bytes(4, "little")
    data = packet(5, 1, -1).encoded()
    assert data[: len(MAGIC)] == b"MFR1"
    assert data[4:20] == head
    assert data[20:24] == bytes([1, 0, 255, 255])
    assert len(data) == 28


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_packets_are_found_in_any_pieces_and_between_any_text(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 4))
    parts, text = b"", b""
    for index in range(count):
        between = data.draw(st.binary(max_size=30)).replace(b"M", b"")
        parts += between + packet(index, index, channels=1).encoded()
        text += between
    reader, found = PacketReader(), []
    while parts:
        size = data.draw(st.integers(1, len(parts)))
        found += reader.feed(parts[:size])
        parts = parts[size:]
    assert [each.first for each in found] == list(range(count))
    assert bytes(reader.text) == text
    assert reader.damaged == 0


def test_damage_costs_its_own_packet_alone() -> None:
    good = packet(0, 1, 2, 3).encoded()
    for at in range(len(MAGIC), len(good)):
        bad = bytearray(good)
        bad[at] ^= 0x20
        reader = PacketReader()
        found = reader.feed(bytes(bad) + bytes(70_000) + packet(3, 4).encoded())
        assert [each.first for each in found] == [3], at
        assert reader.damaged == 1


def test_a_packet_that_is_cut_short_waits_for_its_rest() -> None:
    reader = PacketReader()
    data = packet(0, 1, 2).encoded()
    assert reader.feed(data[:-1]) == []
    assert len(reader.feed(data[-1:])) == 1


@settings(deadline=None, max_examples=100)
@given(st.lists(st.binary(max_size=40) | st.just(MAGIC), max_size=12))
def test_garbage_is_no_packet(pieces: list[bytes]) -> None:
    reader = PacketReader()
    for piece in pieces:
        assert reader.feed(piece) == []


def test_gaps_are_marked_and_filled_with_what_was_before() -> None:
    found = recorded(packet(100, 1, 2), packet(105, 3), packet(106, 4))
    assert found.values[:, 0].tolist() == [1, 2, 2, 2, 2, 3, 4]
    assert found.lost == [(2, 3)]
    assert (found.frames, found.lost_frames) == (7, 3)


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (packet(0, 1), "began anew"),
        (packet(1 << 30, 1), "jumped by"),
        (packet(2, 1, frac_bits=14), "frames changed"),
        (packet(2, 1, 2, channels=2), "frames changed"),
    ],
)
def test_another_device_is_refused(second: Packet, words: str) -> None:
    with pytest.raises(DataError, match=words):
        recorded(packet(0, 1, 2), second)


def test_sound_is_a_wav_file_that_the_loader_reads(tmp_path: Path) -> None:
    path = write_recording(recorded(packet(0, 1, -32768, 32767)), FACTS, tmp_path)
    assert path == tmp_path / "yes" / "anna_001.wav"
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (16_000, 1, 3)
    loaded = load_wav_folder(tmp_path, Reading())
    np.testing.assert_array_equal(loaded.signals[0][:, 0] * 32768, [1, -32768, 32767])
    assert loaded.columns["subject"].tolist() == ["anna"]
    facts = json.loads(path.with_suffix(".json").read_text())
    assert (facts["rate_hz"], facts["label"], facts["device"], facts["lost"]) == (16_000, "yes", "/dev/ttyUSB0", [])


def test_others_are_csv_in_the_sensors_unit(tmp_path: Path) -> None:
    facts = Facts("motion", "walk", "anna", "p", 50, ("x", "y"), "g")
    frames = packet(0, 1 << 16, -(1 << 15), 0, 3 << 14, channels=2, narrow=False, frac_bits=16)
    path = write_recording(recorded(frames), facts, tmp_path)
    assert path.name == "anna_001.csv"
    loaded = load_csv(tmp_path, (), True, Reading())
    np.testing.assert_array_equal(loaded.signals[0], [[1.0, -0.5], [0.0, 0.75]])
    assert loaded.sampling.channels == ("x", "y")


def test_no_recording_takes_anothers_place(tmp_path: Path) -> None:
    names = [write_recording(recorded(packet(0, 1)), FACTS, tmp_path).name for _ in range(2)]
    assert names == ["anna_001.wav", "anna_002.wav"]


def test_nothing_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no frames"):
        write_recording(Recorded(), FACTS, tmp_path)
    two = recorded(packet(0, 1, 2, channels=2))
    with pytest.raises(DataError, match="2 channels, the contract 1"):
        write_recording(two, FACTS, tmp_path)
    assert list(tmp_path.iterdir()) == []
