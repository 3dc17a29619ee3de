"""What a device records over SMP: pieces in their order, answers that get lost, and devices that are none."""

from __future__ import annotations

import pytest

from mlforge.bundle.smp_record import NOT_SUPPORTED, SmpLine
from mlforge.errors import DeviceError, LinkError, RunError


class Recorder:
    """As zephyr/src/record_smp.c keeps a piece until the one behind it is asked for. `lost` answers do not arrive."""

    def __init__(self, data: bytes, piece: int, lost: int = 0, first: int = 0) -> None:
        self._data, self._piece, self._lost = data, piece, lost
        self._offset, self._given = first, 0

    def recorded(self, offset: int | None) -> tuple[int, bytes]:
        if offset == (self._offset + self._given) % 2**32:
            self._data = self._data[self._given :]
            self._offset = offset
        elif offset is not None and offset != self._offset:
            raise DeviceError("another host has read on", group=78, code=2)
        data = self._data[: self._piece]
        self._given = len(data)
        if self._lost:
            self._lost -= 1
            raise LinkError("no answer")
        return self._offset, data


def read_all(line: SmpLine) -> bytes:
    found = b""
    while data := line.read(0.001):
        found += data
    return found


@pytest.mark.parametrize("lost", [0, 1, 2])
@pytest.mark.parametrize("first", [0, 2**32 - 100])  # offsets turn over
def test_every_byte_once(lost: int, first: int) -> None:
    data = bytes(range(256)) * 2
    assert read_all(SmpLine(Recorder(data, 100, lost, first))) == data


def test_a_line_that_is_gone() -> None:
    with pytest.raises(RunError, match="no answer"):
        SmpLine(Recorder(b"abc", 2, lost=9)).read(0.001)


def test_another_host_reads_besides() -> None:
    device = Recorder(bytes(500), 100)
    line = SmpLine(device)
    line.read(0.001)
    other = SmpLine(device)
    for _ in range(3):
        other.read(0.001)
    with pytest.raises(RunError, match="another host has read on"):
        line.read(0.001)


class Silent:
    """Without the group, or with answers to something else."""

    def __init__(self, *answers: tuple[int, bytes]) -> None:
        self._answers = list(answers)

    def recorded(self, offset: int | None) -> tuple[int, bytes]:
        if not self._answers:
            raise DeviceError("the device does not tell what it records", group=0, code=NOT_SUPPORTED)
        return self._answers.pop(0)


def test_a_device_without_the_group() -> None:
    with pytest.raises(RunError) as caught:
        SmpLine(Silent()).read(0.001)
    assert "CONFIG_MLFORGE_RECORD_SMP=y" in (caught.value.hint or "")


def test_bytes_from_elsewhere() -> None:
    line = SmpLine(Silent((0, b"abc"), (7, b"d")))
    assert line.read(0.001) == b"abc"
    with pytest.raises(RunError, match="from byte 7, not from 3"):
        line.read(0.001)


def test_nothing_is_played_over_smp() -> None:
    with pytest.raises(RunError, match="not played"):
        SmpLine(Silent()).write(b"x")
