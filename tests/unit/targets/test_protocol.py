"""The device client against devices that answer well, badly, in pieces, with noise, and not at all."""

from __future__ import annotations

import os
import socket
import threading
import tty

import numpy as np
import pytest

from mlforge.errors import RunError
from mlforge.targets.protocol import MAX_NOISE_BYTES, DeviceClient
from mlforge.targets.transport import SerialTransport, SocketTransport

GOOD_BATCH = b"m-out-[01ff]\r\nm-out-[7f80]\r\nm-ticks-[12]\r\nm-stack-[96]\r\nm-ready\r\n"


class Script:
    """A transport that hands out prepared pieces, then silence."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.written = b""

    def read(self, timeout_s: float) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        pass


def _client(*pieces: bytes) -> DeviceClient:
    return DeviceClient(Script(*pieces), timeout_s=0.2)


def test_reads_rows_ticks_and_stack() -> None:
    batch = _client(GOOD_BATCH).batch(2, 2)
    np.testing.assert_array_equal(batch.rows, np.array([[1, -1], [127, -128]], np.int8))
    assert (batch.ticks, batch.stack_bytes) == (12, 96)


def test_reads_answers_that_come_byte_by_byte() -> None:
    pieces = [bytes([value]) for value in GOOD_BATCH]
    assert _client(*pieces).batch(2, 2).stack_bytes == 96


def test_sends_commands_with_their_terminator() -> None:
    device = Script(b"m-ready\r\n" * 3)
    DeviceClient(device, timeout_s=0.2).load(bytes(range(5)), line_bytes=9)
    assert device.written == b"db load 5%db 000102%db 0304%"


def test_skips_noise_before_an_answer() -> None:
    assert _client(b"\xff\x00\xfegarbage\r\n\x80\r\nm-name-dut-[x]\r\nm-ready\r\n").name() == "x"


def test_gives_up_on_nothing_but_noise() -> None:
    for noise in (b"\xfe" * (MAX_NOISE_BYTES + 4096) * 2, b"boot loop\r\n" * MAX_NOISE_BYTES):
        with pytest.raises(RunError, match="no answer"):
            _client(noise).name()


def test_gives_up_on_silence() -> None:
    with pytest.raises(RunError, match=r"no answer to 'name' within 0\.2 s"):
        _client(b"m-name-dut-[x").name()


def test_an_output_may_be_longer_than_any_noise() -> None:
    row = b"m-out-[" + b"00" * MAX_NOISE_BYTES + b"]\r\n"
    batch = _client(row[:100_000], row[100_000:], b"m-ticks-[1]\r\nm-stack-[2]\r\nm-ready\r\n").batch(
        1, MAX_NOISE_BYTES
    )
    assert batch.rows.shape == (1, MAX_NOISE_BYTES)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"m-fault-[hard fault pc=0x1]\r\n", "crashed: .hard fault pc=0x1"),
        (b"e-[No model]\r\nm-ready\r\n", "refused 'mlforge-batch 2': No model"),
        (GOOD_BATCH.replace(b"7f80", b"7f8g"), "not hex"),
        (GOOD_BATCH.replace(b"7f80", b"7f"), "not 2 bytes"),
        (GOOD_BATCH.replace(b"m-out-[7f80]\r\n", b""), "1 of 2 vectors"),
        (GOOD_BATCH.replace(b"96", b"-1"), "stack is '-1'"),
        (GOOD_BATCH.replace(b"m-ticks-[12]\r\n", b""), "no ticks"),
    ],
)
def test_refuses_a_bad_answer(answer: bytes, reason: str) -> None:
    with pytest.raises(RunError, match=reason) as caught:
        _client(answer).batch(2, 2)
    assert caught.value.log


def test_refuses_incomplete_information() -> None:
    with pytest.raises(RunError, match="input_bytes, output_bytes"):
        _client(b"m-arena-bytes-[4]\r\nm-ready\r\n").info()


def test_a_closed_socket_is_a_run_error() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    transport = SocketTransport(ours)
    with pytest.raises(RunError, match="closed"):
        transport.read(1)
    with pytest.raises(RunError, match="no more input"):
        transport.write(b"x")
    transport.close()


def test_a_socket_that_takes_nothing_is_a_run_error() -> None:
    ours, theirs = socket.socketpair()
    transport = SocketTransport(ours, write_timeout_s=0.1)
    with pytest.raises(RunError, match="no more input"):
        transport.write(bytes(16 << 20))
    transport.close()
    theirs.close()


def test_speaks_over_a_serial_port() -> None:
    device, port = os.openpty()
    tty.setraw(device)
    transport = SerialTransport(os.ttyname(port), 115200)
    answer = threading.Thread(target=lambda: (os.read(device, 5), os.write(device, b"m-name-dut-[x]\r\nm-ready\r\n")))
    answer.start()
    assert DeviceClient(transport, timeout_s=5).name() == "x"
    answer.join()
    transport.close()
    os.close(device)
    os.close(port)


def test_a_missing_serial_port_is_a_run_error() -> None:
    with pytest.raises(RunError, match="cannot open"):
        SerialTransport("/dev/does-not-exist", 115200)
