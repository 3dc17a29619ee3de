"""The host's side of the device protocol: MLPerf Tiny's commands and our own, over any `Transport`.

A command ends in '%', its answer in a line `m-ready`. Bytes that are no text and lines that are no answer are skipped,
up to a limit, since a UART may start with noise; a fault report or an `e-[…]` line ends the conversation. Our own
commands end with a check over command and answer, and the buffer has one: what a line garbles is refused (LineError).
"""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import LineError, RunError
from mlforge.targets.transport import Transport

READY: Final = "m-ready"
MAX_NOISE_BYTES: Final = 64 * 1024
MAX_ROW_BYTES: Final = 64 * 1024 * 1024
_NOTED_LINES: Final = 200
_OWN: Final = "mlforge-"
_STARTED: Final = "m-init-done"  # sent once, when the firmware starts
_QUIET_S: Final = 0.1
_KNOCK_S: Final = 1.0
_PAIR: Final = re.compile(r"m-([a-z-]+)-\[([^\]]*)\]")


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """What the firmware says of itself; all sizes in bytes."""

    arena_bytes: int
    input_bytes: int
    output_bytes: int
    buffer_bytes: int
    line_bytes: int
    clock_hz: int
    frame_length: int
    feature_bytes: int
    program: str  # 16 hex digits: see program_files.program_id


@dataclass(frozen=True, slots=True)
class Batch:
    """`rows` int8 [N, bytes]: outputs, or model inputs. `ticks` and `stack_bytes` are the worst of them."""

    rows: NDArray[np.int8]
    ticks: int
    stack_bytes: int


class DeviceClient:
    """One conversation with one device. `timeout_s` limits the silence between two lines, not the whole answer."""

    def __init__(self, transport: Transport, *, timeout_s: float = 10.0) -> None:
        self._transport = transport
        self._timeout_s = timeout_s
        self._pending = b""
        self._noise_bytes = 0
        self._log: list[str] = []
        self._greeting: list[str] = []

    @property
    def transport(self) -> Transport:
        """The stream itself, for who speaks the protocol in our place."""
        return self._transport

    @property
    def log(self) -> str:
        """The last lines that the device sent."""
        return "\n".join(self._log[-_NOTED_LINES:])

    def await_ready(self) -> None:
        """Waits until the firmware has started. Raises RunError where it does not."""
        self._greeting = list(self._answer(""))

    def arena_used_bytes(self) -> int:
        """What the interpreter of a model said, when it was set up, that it needs. Raises RunError for other models."""
        return self._number(self._greeting, "arena-used")

    def attach(self, timeout_s: float) -> None:
        """Comes to terms with a firmware that may be starting, or be in the middle of anything: whatever was under way
        is cut off, and what is left of its answer thrown away.

        Raises:
            LineError: it gives no sign within the time.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            self._drain(deadline)
            try:
                self._transport.write(b"%")  # ends any command of which a part has arrived
                self._await_line(READY, min(time.monotonic() + _KNOCK_S, deadline))
                self._drain(deadline)
                return
            except LineError:
                if time.monotonic() >= deadline:
                    raise LineError(f"the device gives no sign within {timeout_s:g} s", log=self.log) from None

    def command(self, text: str) -> list[str]:
        """Sends a command and returns the lines of its answer, without the closing `m-ready`.

        Raises:
            LineError: silence, another start of the firmware, nothing but noise, or an answer that the check refuses.
            RunError: a fault, or a refusal.
        """
        self._transport.write(f"{text}%".encode())
        lines = list(self._answer(text))
        return _checked(text, lines, self.log) if text.startswith(_OWN) else lines

    def name(self) -> str:
        return self._value(self.command("name"), "name-dut")

    def info(self) -> DeviceInfo:
        pairs = dict(_PAIR.findall("\n".join(self.command("mlforge-info"))))
        program = pairs.get("program", "")
        fields = {name: pairs.get(name.replace("_", "-"), "") for name in DeviceInfo.__dataclass_fields__}
        del fields["program"]
        if missing := [name for name, value in fields.items() if not value.isdecimal()]:
            raise RunError(f"the firmware did not tell its {', '.join(missing)}", log=self.log)
        return DeviceInfo(**{name: int(value) for name, value in fields.items()}, program=program)

    def load(self, data: bytes, line_bytes: int) -> None:
        """Fills the device's buffer over the wire."""
        step = (line_bytes - len("db ")) // 2
        self.command(f"db load {len(data)}")
        for start in range(0, len(data), step):
            self.command(f"db {data[start : start + step].hex()}")
        found = self._value(self.command(f"mlforge-sum {len(data)}"), "sum")
        if found != f"{zlib.crc32(data):08x}":
            raise LineError("what arrived in the device's buffer is not what was sent", log=self.log)

    def batch(self, count: int, output_bytes: int) -> Batch:
        """Runs `count` vectors that are in the buffer."""
        answer = self.command(f"mlforge-batch {count}")
        batch = self._rows(answer, "out", output_bytes)
        if len(batch.rows) != count:
            raise RunError(f"the firmware answered {len(batch.rows)} of {count} vectors", log=self.log)
        return batch

    def extract(self, count: int, feature_bytes: int, offset_bytes: int = 0) -> Batch:
        """Runs `count` raw frames that are in the buffer through the features, on top of earlier ones."""
        return self._rows(self.command(f"mlforge-extract {count} {offset_bytes}"), "features", feature_bytes)

    def bursts(self, count: int, repeats: int, pause_ms: int, *, burst_s: float) -> tuple[int, int]:
        """Runs bursts of `count` inferences of the first vector, between pauses, for a power meter. Each takes about
        `burst_s`, and the device is silent all the time. Returns the ticks of the shortest burst and of the longest."""
        usual, self._timeout_s = self._timeout_s, self._timeout_s + 2 * repeats * (burst_s + pause_ms / 1000)
        try:
            answer = self.command(f"mlforge-bursts {count} {repeats} {pause_ms}")
        finally:
            self._timeout_s = usual
        return self._number(answer, "least-ticks"), self._number(answer, "most-ticks")

    def reset_features(self) -> None:
        self.command("mlforge-reset")

    def _rows(self, lines: list[str], key: str, row_bytes: int) -> Batch:
        head, tail = f"m-{key}-[", "]"
        texts = [line[len(head) : -1] for line in lines if line.startswith(head) and line.endswith(tail)]
        try:
            data = b"".join(bytes.fromhex(text) for text in texts)
        except ValueError as error:
            raise RunError("the firmware sent a row that is not hex", log=self.log) from error
        if any(len(text) != 2 * row_bytes for text in texts):
            raise RunError(f"the firmware sent a row that is not {row_bytes} bytes long", log=self.log)
        rows = np.frombuffer(data, dtype=np.int8).reshape(len(texts), row_bytes)
        return Batch(rows, self._number(lines, "ticks"), self._number(lines, "stack"))

    def _number(self, lines: list[str], key: str) -> int:
        value = self._value(lines, key)
        if not value.isdecimal():
            raise RunError(f"the firmware's {key} is {value!r}", log=self.log)
        return int(value)

    def _value(self, lines: list[str], key: str) -> str:
        for line in reversed(lines):
            found = _PAIR.fullmatch(line)
            if found and found[1] == key:
                return found[2]
        raise RunError(f"the firmware's answer has no {key}", log=self.log)

    def _answer(self, command: str) -> Iterator[str]:
        """The answer's lines. An empty command is the start-up."""
        refusal = ""
        while (line := self._line(command or "start-up")) != READY:
            if line.startswith("m-fault-"):
                raise RunError(f"the firmware crashed: {line[len('m-fault-') :]}", log=self.log)
            if line == _STARTED and command:
                raise LineError(f"the device started anew instead of answering {command!r}", log=self.log)
            if line.startswith("e-["):
                refusal = refusal or line[3:].removesuffix("]")
                if command.startswith(_OWN):
                    yield line  # it is part of what is checked
            elif line.startswith("m-"):
                self._noise_bytes = 0
                yield line
            else:
                self._count_noise(len(line) + 1)
        if refusal and not command.startswith(_OWN):
            raise LineError(f"the firmware refused {command!r}: {refusal}", log=self.log)

    def _await_line(self, wanted: str, deadline: float) -> None:
        """Skips lines up to the wanted one. Raises LineError where it does not come in time."""
        while self._line(wanted, deadline) != wanted:
            if time.monotonic() >= deadline:
                raise LineError(f"no {wanted}", log=self.log)

    def _drain(self, deadline: float) -> None:
        """Throws away what comes until nothing comes."""
        self._pending = b""
        self._noise_bytes = 0
        while self._transport.read(_QUIET_S) and time.monotonic() < deadline:
            pass

    def _line(self, command: str, deadline: float | None = None) -> str:
        deadline = deadline or time.monotonic() + self._timeout_s
        while b"\n" not in self._pending:
            left = deadline - time.monotonic()
            if left <= 0:
                self._note(self._pending)
                raise LineError(f"no answer to {command!r} within {self._timeout_s:g} s", log=self.log)
            self._pending += self._transport.read(left)
            if len(self._pending) > self._longest_line() and b"\n" not in self._pending:
                self._count_noise(len(self._pending))
                self._pending = b""
        raw, _, self._pending = self._pending.partition(b"\n")
        return self._note(raw)

    def _longest_line(self) -> int:
        """Outputs come as one line, however large they are; what does not begin like an answer is noise."""
        return MAX_ROW_BYTES if self._pending.lstrip(b"\r\0 ").startswith(b"m-") else MAX_NOISE_BYTES

    def _note(self, raw: bytes) -> str:
        text = raw.decode("ascii", errors="replace").strip("\r\0 ")
        self._log.append(text if len(text) <= 200 else text[:200] + "…")
        del self._log[:-_NOTED_LINES]
        return text

    def _count_noise(self, count: int) -> None:
        self._noise_bytes += count
        if self._noise_bytes > MAX_NOISE_BYTES:
            raise LineError(
                f"over {MAX_NOISE_BYTES} bytes that are no answer: not the measuring firmware?", log=self.log
            )


def _checked(command: str, lines: list[str], log: str) -> list[str]:
    """The answer to one of our own commands without its check.

    Raises:
        LineError: the check is missing, or of another command or answer.
        RunError: the answer is a refusal.
    """
    found = _PAIR.fullmatch(lines[-1]) if lines else None
    *answer, _ = lines or [""]
    expected = zlib.crc32("".join([command, *(f"{line}\r\n" for line in answer)]).encode())
    if found is None or found[1] != "check" or found[2] != f"{expected:08x}":
        raise LineError(f"the answer to {command!r} arrived damaged", log=log)
    for line in answer:
        if line.startswith("e-["):
            raise RunError(f"the firmware refused {command!r}: {line[3:].removesuffix(']')}", log=log)
    return answer
