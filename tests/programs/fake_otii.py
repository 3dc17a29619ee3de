"""A server of Otii on the loopback, as Qoitech's otii-tcp-client knows it, with faults to order."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.programs.fake_meters import Wave

RATE_HZ = 4000.0


@dataclass
class FakeOtii:
    """`lose` samples are missing in the second part; at `unplug` the connection ends; `garbage` answers it."""

    wave: Wave = field(default_factory=Wave)
    lose: int = 0
    unplug: str = ""
    garbage: tuple[str, bytes] = ("", b"")
    refuse: str = ""
    devices: int = 1
    tripped: bool = False
    gate: bool = True
    spoilt: float | None = None  # one sample
    short: bool = False  # a recording of half of the time
    commands: list[dict[str, Any]] = field(default_factory=list)
    began: float = 0.0
    took: float = 0.0

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        command, data = request["cmd"], request.get("data", {})
        plain: dict[str, Any] = {
            "otii_get_devices": {
                "devices": [{"device_id": f"Arc{n}", "name": "Arc", "type": "Arc"} for n in range(self.devices)]
            },
            "otii_get_active_project": {"project_id": -1},
            "otii_create_project": {"project_id": 7},
            "project_get_last_recording": {"recording_id": 3, "name": "Recording 1"},
            "arc_get_main": {"value": not self.tripped},
        }
        if command == "project_start_recording":
            self.began = time.monotonic()
        elif command == "project_stop_recording":
            self.took = time.monotonic() - self.began
        elif command == "recording_get_channel_data_count":
            return {"count": len(self.samples()) if data["channel"] == "mc" else len(self.changes())}
        elif command == "recording_get_channel_data":
            return self.channel(data["channel"], data["index"], data["count"])
        return dict(plain.get(command, {}))

    def samples(self) -> np.ndarray:
        count = int(self.took * RATE_HZ / (2 if self.short else 1))
        current, _ = self.wave.samples(RATE_HZ)
        values = np.concatenate([current, np.full(count, self.wave.sleep_a)])[:count]
        if self.spoilt is not None:
            values[100] = self.spoilt
        return values

    def changes(self) -> list[dict[str, Any]]:
        _, gate = self.wave.samples(RATE_HZ)
        edges = np.flatnonzero(np.diff(gate.astype(int))) + 1
        found = [{"timestamp": 1.5 + at / RATE_HZ, "value": bool(gate[at])} for at in edges]
        return found if self.gate else []

    def channel(self, name: str, index: int, count: int) -> dict[str, Any]:
        if name == "i1":
            return {"data_type": "digital", "values": self.changes()}
        values = self.samples()[index : index + count].tolist()
        values = values[: len(values) - self.lose]
        return {"data_type": "analog", "timestamp": 1.5 + index / RATE_HZ, "interval": 1 / RATE_HZ, "values": values}


@contextlib.contextmanager
def serving(meter: FakeOtii) -> Iterator[str]:
    """HOST:PORT of the server."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        ended = threading.Event()
        thread = threading.Thread(target=_serve, args=(server, meter, ended), daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            ended.set()
            thread.join(5)


def _serve(server: socket.socket, meter: FakeOtii, ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            connected, _ = server.accept()
        except TimeoutError:
            continue
        with connected, contextlib.suppress(OSError):
            _converse(connected, meter, ended)


def _converse(connected: socket.socket, meter: FakeOtii, ended: threading.Event) -> None:
    hello = {"type": "information", "info": "connected", "data": {"protocol_version": "0.1", "server": "otii-server"}}
    connected.sendall(json.dumps(hello).encode() + b"\r\n")
    connected.settimeout(0.2)
    heard = b""
    while not ended.is_set():
        try:
            data = connected.recv(1 << 16)
        except TimeoutError:
            continue
        if not data:
            return
        heard += data
        while b"\r\n" in heard:
            line, _, heard = heard.partition(b"\r\n")
            request = json.loads(line)
            meter.commands.append(request)
            command = request["cmd"]
            if command == meter.unplug:
                return
            if command == meter.garbage[0]:
                connected.sendall(meter.garbage[1])
                continue
            common = {"cmd": command, "trans_id": request["trans_id"]}
            if command == meter.refuse:
                told = {"type": "error", "errorcode": "Invalid License", "data": {"message": "No license"}, **common}
            else:
                told = {"type": "response", "data": meter.answer(request), **common}
            progress = {"type": "progress", "progress_value": 1, **common}
            connected.sendall(b"".join(json.dumps(each).encode() + b"\r\n" for each in (progress, told)))
