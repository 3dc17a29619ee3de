"""SMP over sockets: UDP, and the serial framing over a stream, which is the UART of an emulated device or of one behind
a terminal server.

Needs the package smpclient, of the extra `update`.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Generator
from typing import Final

from smp import packet
from smp.exceptions import SMPDecodeError
from smpclient.transport import SMPTransport, SMPTransportDisconnected
from smpclient.transport.udp import SMPUDPTransport

LINE_BYTES: Final = 127  # of the serial framing
FRAMING_BYTES: Final = 4  # length and checksum, which share the server's buffer with the message
MAX_LINE_BYTES: Final = 1 << 16


class UdpTransport(SMPUDPTransport):
    """To any port, with datagrams that fit the device's buffer."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    async def connect(self, address: str, timeout_s: float, port: int = 0) -> None:
        await super().connect(address, timeout_s, port or self._port)

    @property
    def max_unencoded_size(self) -> int:
        return min(super().max_unencoded_size, self._smp_server_transport_buffer_size or MAX_LINE_BYTES)


class StreamTransport(SMPTransport):
    """Line by line, as over a UART; what is no line of SMP's, such as a log, is dropped.

    Addresses: `unix:PATH`, `tcp:HOST:PORT`.
    """

    def __init__(self) -> None:
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def connect(self, address: str, timeout_s: float) -> None:
        kind, _, where = address.partition(":")
        if kind == "unix":
            opening = asyncio.open_unix_connection(where, limit=MAX_LINE_BYTES)
        else:
            host, _, port = where.rpartition(":")
            opening = asyncio.open_connection(host, int(port), limit=MAX_LINE_BYTES)
        self._streams = await asyncio.wait_for(opening, timeout_s)

    async def disconnect(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def send(self, data: bytes) -> None:
        _, writer = self._connected()
        for line in packet.encode(data, LINE_BYTES):
            writer.write(line)
        await writer.drain()

    async def receive(self) -> bytes:
        reader, _ = self._connected()
        decoder = _decoder()
        while True:
            line = await reader.readline()
            if not line:
                raise SMPTransportDisconnected("the device has hung up")
            if line[:2] == packet.START_DELIMITER:  # whatever came before it has no end
                decoder = _decoder()
            elif line[:2] != packet.CONTINUE_DELIMITER:
                continue
            try:
                decoder.send(line)
            except StopIteration as done:
                return bytes(done.value)
            except (SMPDecodeError, ValueError, struct.error):  # noise, or the rest of an answer that came too late
                decoder = _decoder()

    async def send_and_receive(self, data: bytes) -> bytes:
        await self.send(data)
        return await self.receive()

    @property
    def mtu(self) -> int:
        return LINE_BYTES

    @property
    def max_unencoded_size(self) -> int:
        return (self._smp_server_transport_buffer_size or LINE_BYTES) - FRAMING_BYTES

    def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            raise SMPTransportDisconnected("not connected")
        return self._streams


def _decoder() -> Generator[None, bytes, bytes]:
    decoder = packet.decode()
    next(decoder)
    return decoder
