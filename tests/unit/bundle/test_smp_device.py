"""What devices may say: whatever it is, values of the right type come of it, or an error; and how they are named."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import cbor2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from smpclient import SMPClient
from smpclient.transport import SMPTransport

from mlforge.bundle.device import Device
from mlforge.bundle.links import Link, Way, serial_link, udp_link
from mlforge.bundle.smp_device import SmpDevice, connected
from mlforge.errors import DeviceError, LinkError
from tests.unit.bundle.fake_smp import _served

LINK = Link(Way.UDP, "somewhere")
WORDS = (
    "images slot version hash active confirmed off len data rc err group state crc reason detail firmware failed_crc "
    "name board contract match rsn"
)
KEYS = st.sampled_from(WORDS.split())
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-5, 2**70), st.text(max_size=8), st.binary(max_size=8), st.floats()
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=12,
)
ANSWERS = st.one_of(st.binary(max_size=40), st.dictionaries(KEYS, VALUES, max_size=8).map(cbor2.dumps))
QUESTIONS: dict[str, Callable[[Device], object]] = {
    "slots": lambda device: device.slots(),
    "state": lambda device: device.state(),
    "facts": lambda device: device.facts(),
    "telemetry": lambda device: device.telemetry(),
    "upload": lambda device: [*zip(range(20), device.upload(bytes(100)), strict=False)],
    "try_next": lambda device: device.try_next(bytes(32)),
    "reset": lambda device: device.reset(),
    "reset_statistics": lambda device: device.reset_statistics(),
    "calibrate": lambda device: device.calibrate(),
}


class Canned(SMPTransport):
    """Answers each request with the next of some bodies, whatever it is."""

    def __init__(self, bodies: list[bytes]) -> None:
        self._bodies = bodies

    async def send_and_receive(self, data: bytes) -> bytes:
        if not self._bodies:
            raise TimeoutError
        first, _, _, group, sequence, command = struct.unpack_from(">BBHHBB", data)
        body = self._bodies.pop(0)
        return struct.pack(">BBHHBB", first | 1, 0, len(body), group, sequence, command) + body

    @property
    def mtu(self) -> int:
        return 256

    async def connect(self, address: str, timeout_s: float) -> None: ...

    async def disconnect(self) -> None: ...

    async def send(self, data: bytes) -> None:
        raise AssertionError("send_and_receive is what is asked")

    async def receive(self) -> bytes:
        raise AssertionError("send_and_receive is what is asked")


@pytest.fixture(scope="module")
def runner() -> Any:
    with asyncio.Runner() as made:
        yield made


@pytest.mark.parametrize("question", QUESTIONS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(bodies=st.lists(ANSWERS, max_size=3))
def test_any_answer_is_a_value_or_an_error(runner: asyncio.Runner, question: str, bodies: list[bytes]) -> None:
    device = SmpDevice(SMPClient(Canned(bodies), "somewhere", 1.0), runner, LINK)
    try:
        QUESTIONS[question](device)
    except DeviceError as error:
        assert len(str(error)) < 400, "what a device says does not flood the terminal"


@pytest.mark.parametrize(
    "pieces", [[(0, 10, b"abc"), (3, 11, b"abc")], [(0, 6, b"abc"), (4, 6, b"abc")], [(0, 2, b"abc")]]
)
def test_pieces_of_telemetry_that_do_not_fit(runner: asyncio.Runner, pieces: list[tuple[int, int, bytes]]) -> None:
    bodies = [cbor2.dumps({"off": offset, "len": size, "data": data}) for offset, size, data in pieces]
    with pytest.raises(DeviceError, match="bytes of telemetry at"):
        SmpDevice(SMPClient(Canned(bodies), "somewhere", 1.0), runner, LINK).telemetry()


def test_noise_on_the_line_is_passed_over() -> None:
    path = Path(mkdtemp(prefix="mlforge-")) / "smp"
    noise = b"\x06\x09!!!!\n\x04\x14AAAA\n\x06\x09AAAA\nlog\r\n\x06\x09\n"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        server.settimeout(0.05)

        def step() -> None:
            peer, _ = server.accept()
            with peer:
                peer.sendall(noise * 3)
                peer.settimeout(1)
                while peer.recv(1 << 12):
                    peer.sendall(noise)

        with (
            _served(step),
            pytest.raises(LinkError, match="does not answer"),
            connected(serial_link(f"unix:{path}"), 0.2) as made,
        ):
            made.slots()


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("device.local", "device.local", 1337),
        ("192.0.2.1:1400", "192.0.2.1", 1400),
        ("2001:db8::1", "2001:db8::1", 1337),
        ("[2001:db8::1]", "2001:db8::1", 1337),
        ("[2001:db8::1]:99", "2001:db8::1", 99),
    ],
)
def test_addresses(text: str, host: str, port: int) -> None:
    link = udp_link(text)
    assert (link.address, link.port) == (host, port)


@pytest.mark.parametrize("text", ["host:0", "host:65536", "host:x", "host:", "[::1]:-1"])
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(DeviceError, match="no usable port"):
        udp_link(text)


def test_ports() -> None:
    assert serial_link("/dev/ttyACM0", 9600) == Link(Way.SERIAL, "/dev/ttyACM0", 9600)
    assert serial_link("tcp:localhost:4321").way is Way.SOCKET
    assert serial_link("unix:/run/smp").way is Way.SOCKET


@pytest.mark.parametrize(
    ("link", "package", "extra"),
    [
        (Link(Way.BLE, "watch"), "bleak", "smpclient[serial,ble]"),
        (Link(Way.SERIAL, "/dev/ttyACM0"), "smpclient.transport.serial", "smpclient[serial]"),
        (Link(Way.UDP, "device.local"), "smpclient.transport.udp", "smpclient[serial]"),
    ],
)
def test_a_package_that_is_missing_is_named(
    link: Link, package: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("smpclient.transport.ble", "mlforge.bundle.sockets"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(DeviceError) as caught, connected(link):
        pass
    assert extra in caught.value.hint
