"""The ways to a device: a serial port, Bluetooth Low Energy, UDP, or a socket that stands for a serial port."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from mlforge.errors import DeviceError
from mlforge.toolchain.packages import needed

if TYPE_CHECKING:
    from smpclient.transport import SMPTransport

UDP_PORT: Final = 1337  # CONFIG_MCUMGR_TRANSPORT_UDP_PORT's default
BAUD: Final = 115200
_SOCKETS: Final = ("unix:", "tcp:")


class Way(StrEnum):
    SERIAL = "serial"
    SOCKET = "socket"
    BLE = "ble"
    UDP = "udp"


@dataclass(frozen=True, slots=True)
class Link:
    """`address` is a port's name, `unix:PATH`, `tcp:HOST:PORT`, a Bluetooth name or address, or a host."""

    way: Way
    address: str
    baud: int = BAUD
    port: int = UDP_PORT

    def __str__(self) -> str:
        return self.address


def serial_link(name: str, baud: int = BAUD) -> Link:
    """Raises DeviceError for a socket without a port's number."""
    if name.startswith("tcp:"):
        _port(name.rpartition(":")[2], name)
    return Link(Way.SOCKET if name.startswith(_SOCKETS) else Way.SERIAL, name, baud)


def ble_link(name: str) -> Link:
    return Link(Way.BLE, name)


def udp_link(text: str) -> Link:
    """From `HOST`, `HOST:PORT`, an IPv6 address or `[IPV6]:PORT`. Raises DeviceError."""
    match = re.fullmatch(r"\[([^]]+)\](?::(.*))?|([^:]*)(?::([^:]*))?", text)
    if match is None:
        return Link(Way.UDP, text)  # an IPv6 address without brackets
    host, port = match[1] or match[3], match[2] if match[1] else match[4]
    return Link(Way.UDP, host, port=UDP_PORT if port is None else _port(port, text))


def transport_of(link: Link) -> SMPTransport:
    """A fresh one, not yet connected. Raises DeviceError where a package is missing."""
    try:
        if link.way is Way.SERIAL:
            from smpclient.transport.serial import SMPSerialTransport

            return SMPSerialTransport(baudrate=link.baud)
        if link.way is Way.BLE:
            from smpclient.transport.ble import SMPBLETransport

            return SMPBLETransport()
        from mlforge.bundle.sockets import StreamTransport, UdpTransport
    except ImportError as error:
        hint = needed("ble" if link.way is Way.BLE else "update")
        raise DeviceError("talking to devices needs the package smpclient", hint=hint) from error
    return UdpTransport(link.port) if link.way is Way.UDP else StreamTransport()


def _port(text: str, whole: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 1 << 16:
        raise DeviceError(f"{whole!r} has no usable port behind the colon")
    return int(text)
