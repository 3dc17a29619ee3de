"""Answers that a bad line garbles end as a RunError, or as what was sent; never as another exception, a wait, or, where
there is a check, as something else."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest

from mlforge.errors import RunError
from mlforge.targets.protocol import MAX_ROW_BYTES, Batch, DeviceClient
from tests.unit.targets.answers import checked

KEYS = ("arena", "input", "output", "buffer", "line")
INFO = b"".join(f"m-{key}-bytes-[{100 + index}]\r\n".encode() for index, key in enumerate(KEYS))
INFO += b"m-clock-hz-[25000000]\r\nm-frame-length-[0]\r\nm-feature-bytes-[0]\r\nm-program-[0123456789abcdef]\r\n"
ROWS = b"m-out-[01ff]\r\nm-out-[7f80]\r\nm-ticks-[12]\r\nm-stack-[96]\r\n"
NAME = b"m-name-dut-[mlforge]\r\nm-ready\r\n"


def _reset_and_extracted(client: DeviceClient) -> tuple[bytes, int, int]:
    client.reset_features()
    return _plain(client.extract(2, 2))


QUESTIONS: dict[str, tuple[bytes, Callable[[DeviceClient], object]]] = {
    "info": (checked("mlforge-info", INFO), DeviceClient.info),
    "batch": (checked("mlforge-batch 2", ROWS), lambda client: _plain(client.batch(2, 2))),
    "name": (NAME, DeviceClient.name),
    "features": (
        checked("mlforge-reset", b"") + checked("mlforge-extract 2 0", ROWS.replace(b"out", b"features")),
        _reset_and_extracted,
    ),
}


def _plain(batch: Batch) -> tuple[bytes, int, int]:
    return batch.rows.tobytes(), batch.ticks, batch.stack_bytes


class Line:
    """Hands out its bytes in pieces, then is silent."""

    def __init__(self, data: bytes, chance: random.Random) -> None:
        self.data = data
        self.chance = chance

    def read(self, timeout_s: float) -> bytes:
        size = self.chance.choice((1, 7, 64, 4096))
        piece, self.data = self.data[:size], self.data[size:]
        return piece

    def write(self, data: bytes) -> None: ...

    def fileno(self) -> int:
        return -1

    def close(self) -> None: ...


def garbled(data: bytes, chance: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(chance.choice((1, 2, 5, 20))):
        position = chance.randrange(len(out))
        match chance.randrange(5):
            case 0:
                out[position] = chance.randrange(256)
            case 1:
                out[position] ^= 1 << chance.randrange(8)
            case 2:
                del out[position : position + chance.choice((1, 3))]
            case 3:
                out[position:position] = chance.randbytes(chance.choice((1, 3, 40)))
            case _:
                out[position:position] = out[: chance.randrange(len(out))]
        out = out or bytearray(b"\n")
    return bytes(out)


@pytest.mark.parametrize("question", sorted(QUESTIONS))
def test_garbled_answers(question: str) -> None:
    data, ask = QUESTIONS[question]
    truth = ask(DeviceClient(Line(data, random.Random(1)), timeout_s=0.003))
    chance = random.Random(question)
    refused = 0
    start = time.monotonic()
    for _ in range(400):
        try:
            answer = ask(DeviceClient(Line(garbled(data, chance), chance), timeout_s=0.003))
            assert answer == truth or question == "name", "the benchmark's own commands have no check"
        except RunError as error:
            refused += 1
            assert str(error)
    assert refused > 40
    assert time.monotonic() - start < 30


def test_line_without_an_end() -> None:
    """A row of any length is waited for, within bounds."""
    line = Line(b"", random.Random(1))
    line.read = lambda timeout_s: b"m-out-[" + b"0" * (1 << 23)  # type: ignore[method-assign]
    with pytest.raises(RunError, match="no answer"):
        DeviceClient(line, timeout_s=20).batch(1, 2)
    assert MAX_ROW_BYTES <= 1 << 26
