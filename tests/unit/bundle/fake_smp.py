"""A device that speaks SMP, without a device: real frames over UDP, a PTY or a socket, and faults to order.

Written from Zephyr's documentation of SMP (services/device_mgmt/smp_protocol, smp_groups), not from a client.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import pty
import socket
import struct
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cbor2

from mlforge.bundle.extract import find_block
from mlforge.bundle.signed_image import parse_image

OS, IMAGE, BUNDLE = 0, 1, 77
READ, WRITE = 0, 2
BUFFER_BYTES = 512
NOT_SUPPORTED = 8
UNCHECKED = {"err": {"group": BUNDLE, "rc": 2}}


@dataclass
class Image:
    version: str
    digest: bytes
    crc: int  # of its block
    active: bool = False
    confirmed: bool = False
    pending: bool = False

    @classmethod
    def of(cls, data: bytes) -> Image:
        image = parse_image(data)
        digest = image.one(0x10, protected=False)
        assert digest is not None
        version = image.version
        crc = int.from_bytes(find_block(image.payload)[12:16], "little")
        text = f"{version.major}.{version.minor}.{version.revision}"
        return cls(text + (f".{version.build}" if version.build else ""), digest, crc)

    def as_cbor(self, slot: int) -> dict[str, Any]:
        values = {"slot": slot, "version": self.version, "hash": self.digest, "bootable": True}
        flags = {"active": self.active, "confirmed": self.confirmed, "pending": self.pending}
        return values | {name: True for name, value in flags.items() if value}


@dataclass
class Faults:
    """What goes wrong. Numbers of bytes are offsets of the upload at which it does, once each."""

    cut_at: list[int] = field(default_factory=list)
    forget_at: list[int] = field(default_factory=list)  # the device was reset: its upload begins afresh
    lie_at: dict[int, int] = field(default_factory=dict)  # says another offset
    upload_error: int = 0  # of the image group
    silent: bool = False
    nonsense: bool = False
    late: bool = False  # each answer comes twice; the second time when nobody waits for it
    refuses_image: bool = False  # the bootloader does
    stuck: bool = False  # never resets
    endless: bool = False  # neither confirms nor falls back
    lost_reset: bool = False  # the answer to the reset is
    refused: tuple[int, int] | None = None  # why the running bundle's boot check did not pass, with the detail
    failed: dict[str, Any] = field(default_factory=dict)  # what the older bundle says of the newer one


@dataclass
class FakeDevice:
    """`polls`: how often the new image is seen unconfirmed before its fate is known; `fate`: confirmed, or not."""

    running: bytes
    facts: dict[str, Any] | None = None
    faults: Faults = field(default_factory=Faults)
    polls: int = 1
    fate: bool = True
    telemetry: bytes = b""
    requests: list[tuple[int, int, int]] = field(default_factory=list)
    starts: int = 0  # uploads that began at offset 0 of the device's own
    taken_bytes: int = 0
    hung_up: bool = False

    def __post_init__(self) -> None:
        self.slots: list[Image | None] = [Image.of(self.running), None]
        self._first.active = self._first.confirmed = True
        self._late = b""
        self._upload = b""
        self._upload_sha = b""
        self._upload_bytes = 0

    @property
    def _first(self) -> Image:
        image = self.slots[0]
        assert image is not None
        return image

    def handle(self, frame: bytes) -> Iterator[bytes]:
        """The frames that the device sends then: an answer, or none."""
        if self.faults.late and self._late:
            yield self._late
        answer = self._handled(frame)
        self._late = answer or b""
        if answer:
            yield answer

    def _handled(self, frame: bytes) -> bytes | None:
        if self.faults.silent:
            return None
        first, _, _, group, sequence, command = struct.unpack_from(">BBHHBB", frame)
        op, request = first & 7, cbor2.loads(frame[8:])
        self.requests.append((op, group, command))
        answer = self._answer(op, group, command, request)
        if answer is None:
            return None
        body = b"\xff\x00nonsense" if self.faults.nonsense else cbor2.dumps(answer)
        return struct.pack(">BBHHBB", first & 0xF8 | op | 1, 0, len(body), group, sequence, command) + body

    def _answer(self, op: int, group: int, command: int, request: dict[str, Any]) -> dict[str, Any] | None:
        known: dict[tuple[int, int, int], Callable[[dict[str, Any]], dict[str, Any] | None]] = {
            (READ, OS, 6): lambda _: {"buf_size": BUFFER_BYTES, "buf_count": 4},
            (WRITE, OS, 5): lambda _: self._reset(),
            (READ, IMAGE, 0): lambda _: self._images(),
            (WRITE, IMAGE, 0): self._test,
            (WRITE, IMAGE, 1): self._take,
        }
        if (facts := self.facts) is not None:
            known |= {
                (READ, BUNDLE, 0): lambda _: self._state(),
                (READ, BUNDLE, 1): lambda _: UNCHECKED if self._is_refused else facts,
                (READ, BUNDLE, 2): lambda asked: UNCHECKED if self._is_refused else self._piece(asked),
                (WRITE, BUNDLE, 3): lambda _: {},
                (WRITE, BUNDLE, 4): lambda _: {"err": {"group": BUNDLE, "rc": 4}},
            }
        made = known.get((op, group, command))
        return {"rc": NOT_SUPPORTED} if made is None else made(request)

    def _images(self) -> dict[str, Any]:
        answer = [image.as_cbor(slot) for slot, image in enumerate(self.slots) if image is not None]
        if not self._first.confirmed and not self.faults.endless:
            self.polls -= 1
            if self.polls <= 0:
                self._decide()
        return {"images": answer, "splitStatus": 0}

    def _decide(self) -> None:
        if self.fate:
            self._first.confirmed = True
        else:
            self._swap()
            self._first.confirmed = True

    def _swap(self) -> None:
        self.slots.reverse()
        for image in self.slots:
            if image is not None:
                image.active = image is self.slots[0]
                image.pending = False

    def _state(self) -> dict[str, Any]:
        old = self._first.digest == Image.of(self.running).digest
        told = self.faults.failed if old else {}
        state = 1 if self._is_refused else 3 if self._first.confirmed else 2
        reason, detail = self.faults.refused or (0, 0)
        values = {
            "state": state,
            "reason": reason,
            "detail": detail,
            "confirmed": self._first.confirmed,
            "crc": self._first.crc,
        }
        return values | {"firmware": self._first.version} | told

    @property
    def _is_refused(self) -> bool:
        return self.faults.refused is not None and self._first.digest == Image.of(self.running).digest

    def _test(self, request: dict[str, Any]) -> dict[str, Any]:
        second = self.slots[1]
        if second is None or second.digest != request.get("hash") or request.get("confirm"):
            return {"err": {"group": IMAGE, "rc": 8}}
        second.pending = True
        return self._images()

    def _reset(self) -> dict[str, Any] | None:
        second = self.slots[1]
        if second is not None and second.pending and not self.faults.stuck:
            if self.faults.refuses_image:
                self.slots[1] = None
            else:
                self._swap()
                self._first.confirmed = False
        return None if self.faults.lost_reset else {}

    def _take(self, request: dict[str, Any]) -> dict[str, Any] | None:
        if self.faults.upload_error:
            return {"err": {"group": IMAGE, "rc": self.faults.upload_error}}
        offset, data = request["off"], request["data"]
        if offset == 0:
            sha = request.get("sha", b"")
            if not (sha and sha == self._upload_sha and self._upload):
                self._upload, self._upload_sha, self._upload_bytes = b"", sha, request["len"]
                self.slots[1] = None
                self.starts += 1
        if offset == len(self._upload):
            self._upload += data
            self.taken_bytes += len(data)
        return self._taken()

    def _taken(self) -> dict[str, Any] | None:
        have = len(self._upload)
        for faults, done in ((self.faults.forget_at, self._forget), (self.faults.cut_at, self._hang_up)):
            if faults and have >= faults[0]:
                faults.pop(0)
                return done()
        for place in [place for place in self.faults.lie_at if have >= place]:
            return {"off": self.faults.lie_at.pop(place)}
        if have < self._upload_bytes:
            return {"off": have}
        match = not self._upload_sha or hashlib.sha256(self._upload).digest() == self._upload_sha
        self.slots[1] = Image.of(self._upload) if match else None
        self._upload, self._upload_sha = b"", b""
        return {"off": have, "match": match}

    def _forget(self) -> dict[str, Any]:
        self._upload, self._upload_sha = b"", b""
        return {"off": 0}

    def _hang_up(self) -> None:
        self.hung_up = True

    def _piece(self, request: dict[str, Any]) -> dict[str, Any]:
        offset = request.get("off", 0)
        return {"off": offset, "len": len(self.telemetry), "data": self.telemetry[offset : offset + 100]}


@contextmanager
def over_udp(device: FakeDevice) -> Iterator[str]:
    """Serves on the loopback; yields `127.0.0.1:PORT`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(0.05)

        def step() -> None:
            frame, peer = server.recvfrom(1 << 16)
            for answer in device.handle(frame):
                server.sendto(answer, peer)

        with _served(step):
            yield f"127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def over_pty(device: FakeDevice) -> Iterator[str]:
    """Serves as the other end of a serial port; yields its name."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    lines = _Lines(device)

    def step() -> None:
        for line in lines.take(os.read(ours, 1 << 12)):
            os.write(ours, line)

    os.set_blocking(ours, False)
    try:
        with _served(step):
            yield os.ttyname(theirs)
    finally:
        os.close(ours)
        os.close(theirs)


@contextmanager
def over_socket(device: FakeDevice, path: Path) -> Iterator[str]:
    """Serves one connection after the other, as QEMU does of a UART; hangs up where the device does."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        server.settimeout(0.05)
        peers: list[tuple[socket.socket, _Lines]] = []

        def step() -> None:
            if not peers:
                peer, _ = server.accept()
                peer.settimeout(0.05)
                peers.append((peer, _Lines(device)))
                peer.sendall(b"*** Booting Zephyr OS ***\r\n\x06\tnoise\n")
            peer, lines = peers[0]
            data = peer.recv(1 << 12)
            for line in lines.take(data):
                peer.sendall(line)
            if not data or device.hung_up:
                device.hung_up = False
                peer.close()
                peers.clear()

        with _served(step):
            yield f"unix:{path}"
        for peer, _ in peers:
            peer.close()


class _Lines:
    """The serial framing: base64 in lines of at most 127 bytes, with length and CRC-16."""

    def __init__(self, device: FakeDevice) -> None:
        self._device = device
        self._rest = b""
        self._packet = b""

    def take(self, data: bytes) -> Iterator[bytes]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line[:2] == b"\x06\x09":
                self._packet = b""
            self._packet += base64.b64decode(line[2:])
            size_bytes = struct.unpack_from(">H", self._packet)[0]
            if len(self._packet) == size_bytes + 2:
                frame, checksum = self._packet[2:-2], self._packet[-2:]
                assert binascii.crc_hqx(frame, 0) == int.from_bytes(checksum, "big")
                assert len(self._packet) <= BUFFER_BYTES, "longer than the device's buffer"
                for answer in self._device.handle(frame):
                    yield from self._encoded(answer)

    @staticmethod
    def _encoded(frame: bytes) -> Iterator[bytes]:
        packet = struct.pack(">H", len(frame) + 2) + frame + struct.pack(">H", binascii.crc_hqx(frame, 0))
        text = base64.b64encode(packet)
        for start in range(0, len(text), 124):
            yield (b"\x04\x14" if start else b"\x06\x09") + text[start : start + 124] + b"\n"


@contextmanager
def _served(step: Callable[[], None]) -> Iterator[None]:
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                step()
            except BlockingIOError:
                stop.wait(0.002)
            except (TimeoutError, ConnectionError):
                continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5)
