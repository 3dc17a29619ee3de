"""Qoitech's Otii Arc and Ace, through the server of the Otii desktop application or `otii_server`: a line of JSON for
each request and each answer, over TCP (the protocol of Qoitech's otii-tcp-client, version 0.1).

The server keeps recordings: what is measured is fetched afterwards. The gate is the meter's input GPI1.
"""

from __future__ import annotations

import json
import socket
import time
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import LineError, RunError
from mlforge.targets.probes.probe import Probe, Recording
from mlforge.targets.transport import SocketTransport, Transport

PORT: Final = 1905
MOST_A: Final = 5.0
_LEAST_V, _MOST_V = 0.5, 5.0
_CURRENT, _GATE = "mc", "i1"
_PART: Final = 40_000  # samples in one answer
_MOST_SAMPLES: Final = 20_000_000
_LINE_BYTES: Final = 1 << 24
_DATA_S: Final = 30.0
_MISSING: Final = 0.1  # of the time that a recording took: start and stop take some themselves


class Otii(Probe):
    """It feeds the board with `supply_v`."""

    name = "Otii"

    def __init__(self, supply_v: float) -> None:
        """Raises RunError where it cannot give that voltage."""
        super().__init__(supply_v)
        if not _LEAST_V <= supply_v <= _MOST_V:
            raise RunError(f"Otii gives {_LEAST_V:g} to {_MOST_V:g} V, not {supply_v:g} V")
        self._buffer = b""
        self._number = 0
        self._device = ""
        self._project = -1
        self._began_s = 0.0

    def _connected(self, device_id: str) -> Transport:
        """`HOST`, or `HOST:PORT`, of the server."""
        host, _, port = device_id.rpartition(":") if ":" in device_id else (device_id, "", str(PORT))
        if not host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
            raise RunError(f"{device_id!r} is no server of Otii", hint=f"HOST:PORT, such as localhost:{PORT}")
        try:
            return SocketTransport(socket.create_connection((host, int(port)), self.answer_s))
        except OSError as error:
            hint = "start the Otii application, and its TCP server"
            raise LineError(f"cannot open {device_id}: {error}", hint=hint) from error

    def _set_up(self, line: Transport) -> None:
        self._buffer = b""
        greeting = self._message(line, self.answer_s)
        if greeting.get("type") != "information" or greeting.get("info") != "connected":
            raise LineError("no Otii server answers there", hint="is this its port?")
        devices = self._asked(line, "otii_get_devices", timeout=1).get("devices")
        names = [each["device_id"] for each in devices or () if each.get("type") in ("Arc", "Ace", "Simulator")]
        if not names:
            raise LineError("the Otii server has no meter", hint="is it plugged in?")
        self._device = names[0]
        project = self._asked(line, "otii_get_active_project").get("project_id", -1)
        self._project = self._asked(line, "otii_create_project")["project_id"] if project == -1 else project
        self._told(line, "arc_add_to_project")
        self._told(line, "arc_set_main_voltage", value=self.supply_v)
        self._told(line, "arc_enable_exp_port", enable=True)
        for channel in (_CURRENT, _GATE):
            self._told(line, "arc_enable_channel", channel=channel, enable=True)
        self._told(line, "arc_set_main", enable=True)

    def start(self) -> None:
        self._begin(self._opened())

    def stop(self) -> Recording:
        line = self._opened()
        self._finish(line)
        took_s = time.monotonic() - self._began_s
        if not self._told(line, "arc_get_main").get("value"):
            raise RunError("Otii: the current was beyond its range, and it switched the board off")
        found = self._asked(line, "project_get_last_recording", project_id=self._project)
        recording = found.get("recording_id", -1)
        if recording == -1:
            raise LineError("the Otii server has no recording")
        current, rate_hz, began_s = self._analog(line, recording, took_s)
        return Recording(rate_hz, current, self._gate(line, recording, len(current), rate_hz, began_s))

    def _begin(self, line: Transport) -> None:
        self._asked(line, "project_start_recording", project_id=self._project)
        self._began_s = time.monotonic()

    def _finish(self, line: Transport) -> None:
        self._asked(line, "project_stop_recording", project_id=self._project)

    def _decoded(self, data: bytes) -> Recording:
        raise NotImplementedError  # the server has the samples, not the line

    def _analog(self, line: Transport, recording: int, took_s: float) -> tuple[NDArray[np.float64], float, float]:
        """The currents, their rate, and when the first one was taken."""
        count = self._count(line, recording, _CURRENT)
        if not count:
            raise LineError("Otii sent no sample")
        parts: list[NDArray[np.float64]] = []
        began_s = interval_s = 0.0
        for index in range(0, count, _PART):
            wanted = min(_PART, count - index)
            data = self._fetched(line, recording, _CURRENT, index, wanted)
            values = np.array(data["values"], np.float64)
            if not parts:
                began_s, interval_s = float(data["timestamp"]), float(data["interval"])
            due_s = began_s + index * interval_s
            if len(values) != wanted or abs(float(data["timestamp"]) - due_s) > interval_s or not interval_s > 0:
                raise LineError(f"Otii: {len(values)} samples where {wanted} were due: some were lost")
            parts.append(values)
        current = np.concatenate(parts)
        if not np.isfinite(current).all() or (np.abs(current) > MOST_A).any():
            raise LineError("Otii: samples of more than it can measure: the server garbles them")
        if abs(len(current) * interval_s - took_s) > took_s * _MISSING + 0.2:
            raise LineError(f"Otii: samples for {len(current) * interval_s:.3g} s of {took_s:.3g} s: some were lost")
        return current, 1 / interval_s, began_s

    def _gate(
        self, line: Transport, recording: int, samples: int, rate_hz: float, began_s: float
    ) -> NDArray[np.bool_] | None:
        """From the changes of the pin; None where it never changed, as nothing is connected."""
        count = self._count(line, recording, _GATE)
        changes = self._fetched(line, recording, _GATE, 0, count)["values"] if count else []
        if len(changes) < 2:
            return None
        gate = np.zeros(samples, np.bool_)
        for change in changes:
            at = round((float(change["timestamp"]) - began_s) * rate_hz)
            gate[max(at, 0) :] = bool(change["value"])
        return gate

    def _count(self, line: Transport, recording: int, channel: str) -> int:
        data = self._told(line, "recording_get_channel_data_count", recording_id=recording, channel=channel)
        count = data.get("count")
        if type(count) is not int or not 0 <= count <= _MOST_SAMPLES:
            raise LineError(f"Otii: {count!r} is no number of samples")
        return count

    def _fetched(self, line: Transport, recording: int, channel: str, index: int, count: int) -> dict[str, Any]:
        fields = {"recording_id": recording, "channel": channel, "index": index, "count": count}
        data = self._told(line, "recording_get_channel_data", wait_s=_DATA_S, **fields)
        if not isinstance(data.get("values"), list):
            raise LineError("Otii: an answer without samples")
        return data

    def _told(self, line: Transport, command: str, *, wait_s: float = 0.0, **data: Any) -> dict[str, Any]:
        """A command to the meter itself."""
        return self._asked(line, command, wait_s=wait_s, device_id=self._device, **data)

    def _asked(self, line: Transport, command: str, *, wait_s: float = 0.0, **data: Any) -> dict[str, Any]:
        """The data of the answer. Raises LineError where none comes or it is none, RunError where it is refused."""
        self._number += 1
        number = str(self._number)
        request = {"type": "request", "cmd": command, "trans_id": number, **({"data": data} if data else {})}
        try:
            line.write(json.dumps(request).encode() + b"\r\n")
        except RunError as error:
            raise LineError(f"the connection to Otii broke: {error.message}") from error
        answer = self._message(line, wait_s or self.answer_s + 1)
        while answer.get("type") == "progress" or (answer.get("type") == "information" and "trans_id" not in answer):
            answer = self._message(line, wait_s or self.answer_s + 1)
        if answer.get("type") == "error":
            raise RunError(f"Otii refuses {command}: {_reason(answer)}")
        if answer.get("trans_id") != number:
            raise LineError(f"Otii answers something else than {command}")
        found = answer.get("data", {})
        if not isinstance(found, dict):
            raise LineError(f"Otii answers {command} with what is no data")
        return found

    def _message(self, line: Transport, wait_s: float) -> dict[str, Any]:
        end = time.monotonic() + wait_s
        while b"\r\n" not in self._buffer:
            if time.monotonic() > end:
                raise LineError("Otii does not answer")
            try:
                self._buffer += line.read(0.1)
            except RunError as error:
                raise LineError(f"the connection to Otii broke: {error.message}") from error
            if len(self._buffer) > _LINE_BYTES:
                raise LineError("Otii: a line without end")
        text, _, self._buffer = self._buffer.partition(b"\r\n")
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise LineError("Otii: what came is no JSON") from error
        if not isinstance(found, dict):
            raise LineError("Otii: what came is no message")
        return found


def _reason(answer: dict[str, Any]) -> str:
    data = answer.get("data")
    told = data.get("message") if isinstance(data, dict) else None
    return " ".join(str(told or answer.get("errorcode") or "no reason given").split())[:200]
