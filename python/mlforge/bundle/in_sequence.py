"""A transport of SMP that drops answers to earlier requests, which came when nobody waited for them any more.

Needs the package smpclient, of the extra `update`.
"""

from __future__ import annotations

from typing import Final

from smpclient.transport import SMPTransport

SEQUENCE: Final = 6  # where the header of a message has its number, one byte


class InSequence(SMPTransport):
    """Around another transport."""

    def __init__(self, inner: SMPTransport) -> None:
        self._inner: Final = inner

    async def connect(self, address: str, timeout_s: float) -> None:
        await self._inner.connect(address, timeout_s)

    async def disconnect(self) -> None:
        await self._inner.disconnect()

    async def send(self, data: bytes) -> None:
        await self._inner.send(data)

    async def receive(self) -> bytes:
        return await self._inner.receive()

    async def send_and_receive(self, data: bytes) -> bytes:
        await self._inner.send(data)
        while True:
            answer = await self._inner.receive()
            if answer[SEQUENCE : SEQUENCE + 1] == data[SEQUENCE : SEQUENCE + 1]:
                return answer

    def initialize(self, smp_server_transport_buffer_size: int) -> None:
        self._inner.initialize(smp_server_transport_buffer_size)

    @property
    def mtu(self) -> int:
        return self._inner.mtu

    @property
    def max_unencoded_size(self) -> int:
        return self._inner.max_unencoded_size
