"""The device client against devices that answer well, badly, in pieces, with noise, and not at all."""

from __future__ import annotations

import errno
import os
import socket
import threading
import tty
from collections.abc import Callable

import numpy as np
import pytest
import serial

from mlforge.errors import LineError, RunError
from mlforge.targets.protocol import MAX_NOISE_BYTES, DeviceClient
from mlforge.targets.transport import SerialTransport, SocketTransport
from tests.unit.targets.answers import checked, loaded

ROWS = b"m-out-[01ff]\r\nm-out-[7f80]\r\nm-ticks-[12]\r\nm-stack-[96]\r\n"
GOOD_BATCH = checked("mlforge-batch 2", ROWS)


class Script:
    """A transport that hands out prepared pieces, then silence."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)
        self.written = b""

    def read(self, timeout_s: float) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""

    def write(self, data: bytes) -> None:
        self.written += data

    def fileno(self) -> int:
        raise OSError("nothing to select on")

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
    device = Script(loaded(bytes(range(5)), 2))
    DeviceClient(device, timeout_s=0.2).load(bytes(range(5)), line_bytes=9)
    assert device.written == b"db load 5%db 000102%db 0304%mlforge-sum 5%"


def test_what_arrives_in_the_buffer_is_checked() -> None:
    with pytest.raises(LineError, match="is not what was sent"):
        _client(loaded(b"\1\2\3\4\5", 2)).load(b"\1\2\3\4\6", line_bytes=9)


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
    answer = checked("mlforge-batch 1", row + b"m-ticks-[1]\r\nm-stack-[2]\r\n")
    batch = _client(answer[:100_000], answer[100_000:]).batch(1, MAX_NOISE_BYTES)
    assert batch.rows.shape == (1, MAX_NOISE_BYTES)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"m-fault-[hard fault pc=0x1]\r\n", "crashed: .hard fault pc=0x1"),
        (b"e-[No model]\r\n", "refused 'mlforge-batch 2': No model"),
        (ROWS.replace(b"7f80", b"7f8g"), "not hex"),
        (ROWS.replace(b"7f80", b"7f"), "not 2 bytes"),
        (ROWS.replace(b"m-out-[7f80]\r\n", b""), "1 of 2 vectors"),
        (ROWS.replace(b"96", b"-1"), "stack is '-1'"),
        (ROWS.replace(b"m-ticks-[12]\r\n", b""), "no ticks"),
    ],
)
def test_refuses_a_bad_answer(answer: bytes, reason: str) -> None:
    with pytest.raises(RunError, match=reason) as caught:
        _client(checked("mlforge-batch 2", answer)).batch(2, 2)
    assert caught.value.log
    assert not isinstance(caught.value, LineError)


@pytest.mark.parametrize(
    "answer",
    [
        GOOD_BATCH.replace(b"7f80", b"7f81"),  # a digit into another
        GOOD_BATCH.replace(b"m-out-[7f80]\r\n", b""),
        GOOD_BATCH.replace(b"m-ticks-[12]", b"m-ticks-[13]"),
        ROWS + b"m-ready\r\n",
        checked("mlforge-batch 3", ROWS),  # the command arrived as another
        b"m-ready\r\n",
        b"e-[Unknown command: mlforge-batcj]\r\nm-ready\r\n",
    ],
)
def test_what_the_line_garbled_is_refused(answer: bytes) -> None:
    with pytest.raises(LineError, match="the answer to 'mlforge-batch 2' arrived damaged"):
        _client(answer).batch(2, 2)


def test_noise_between_lines_does_no_harm() -> None:
    assert _client(GOOD_BATCH.replace(b"m-ticks", b"[00:01] boot\r\nm-ticks")).batch(2, 2).ticks == 12


def test_another_start_is_noticed() -> None:
    banner = b"m-timestamp-mode-performance\r\nm-init-done\r\nm-ready\r\n"
    _client(banner).await_ready()
    asks: tuple[Callable[[DeviceClient], object], ...] = (
        lambda client: client.batch(2, 2),
        lambda client: client.load(b"12", 9),
    )
    for ask in asks:
        with pytest.raises(LineError, match="started anew"):
            ask(_client(banner))


def test_attaching_to_a_device_in_the_middle_of_something() -> None:
    class Busy(Script):
        def write(self, data: bytes) -> None:
            super().write(data)
            self.pieces += [b"", b"7f]\r\ne-[Unknown command: x]\r\nm-ready\r\n", b""]

    device = Busy(b"m-out-[01", b"ff]\r\nm-out-[")
    client = DeviceClient(device, timeout_s=0.2)
    client.attach(2.0)
    assert (device.written, device.pieces) == (b"%", [])
    with pytest.raises(LineError, match=r"no sign within 0\.3 s"):
        _client().attach(0.3)


def test_refuses_incomplete_information() -> None:
    with pytest.raises(RunError, match="input_bytes, output_bytes"):
        _client(checked("mlforge-info", b"m-arena-bytes-[4]\r\n")).info()


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


@pytest.mark.parametrize(
    ("error", "complaint", "again"),
    [
        (serial.SerialException(errno.EACCES, "could not open port"), "no permission to open it", False),
        (serial.SerialException(errno.EBUSY, "could not open port"), "is in use by another program", False),
        (serial.SerialException(errno.ENOENT, "could not open port"), "cannot open /dev/ttyX", True),
        (ValueError("invalid URL, protocol 'sockte' not known"), "is no serial port: invalid URL", False),
    ],
)
def test_ports_that_cannot_be_opened(
    monkeypatch: pytest.MonkeyPatch, error: Exception, complaint: str, again: bool
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(serial, "serial_for_url", fail)
    with pytest.raises(RunError, match=complaint) as caught:
        SerialTransport("/dev/ttyX", 115_200)
    assert isinstance(caught.value, LineError) is again


def test_speaks_to_a_server_of_serial_ports() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        transport = SerialTransport(f"socket://127.0.0.1:{server.getsockname()[1]}", 115_200)
        device, _ = server.accept()
        device.sendall(checked("mlforge-batch 2", ROWS))
        assert DeviceClient(transport, timeout_s=5).batch(2, 2).ticks == 12
        device.close()
        with pytest.raises(LineError, match="the serial port broke"):
            transport.read(5)
        transport.close()
