"""The `board:NAME` targets: real boards of a hardware map, flashed with `west flash`, spoken to over a serial port.

A line may garble, boards may be unplugged or reset: whatever a check refuses is tried again, a bounded number of times,
and nothing unchecked is taken for a result. Knows how to reach a board; how its image is built, its `Builder` knows.
"""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import BoardFailedError, LineError, RunError, TargetUnavailableError
from mlforge.records.program import Firmware, Program
from mlforge.targets.board_lock import LEASE_S, claimed, renew
from mlforge.targets.device import Device, extract_streamed, with_frames
from mlforge.targets.hardware_map import BoardEntry
from mlforge.targets.probes.probe import Probe, Recording
from mlforge.targets.program_files import checked_inputs, program_id
from mlforge.targets.protocol import Batch, DeviceClient, DeviceInfo
from mlforge.targets.quarantine import let_out, put_into
from mlforge.targets.target import Inference, Timing
from mlforge.targets.transport import SerialTransport
from mlforge.toolchain.flash import Flasher, flash, west_missing

PREFIX: Final = "board:"
ATTEMPTS: Final = 4
MAX_PART_BYTES: Final = 8 * 1024  # what is sent again at most, where a line garbles it
_MOST_INFERENCES: Final = 1_000_000  # in a burst
_STEADY: Final = 1.02  # the longest burst over the shortest
_MINE: Final = threading.local()  # the boards that this thread has claimed
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class BurstPlan:
    """For a power meter: so many bursts of about that length, between pauses in which the board sleeps."""

    repeats: int = 10
    burst_s: float = 0.5
    pause_ms: int = 500


@dataclass(frozen=True, slots=True)
class Bursts:
    """What a meter recorded of bursts of `count` inferences, each `busy_s` long by the board's own counter."""

    recording: Recording
    count: int
    plan: BurstPlan
    busy_s: float


class Builder(Protocol):
    """Builds the measuring firmware for one kind of board."""

    @property
    def core(self) -> str:
        """The processor, such as "cortex-m4"."""

    @property
    def isa(self) -> str:
        """What models are compiled for; see compiler/isa.py."""

    def unavailable(self) -> str | None:
        """Why nothing can be built here; None where it can."""

    def build(self, program: Program) -> Firmware:
        """Raises BuildError. The firmware's program is all that was compiled."""

    def directory(self, firmware: Firmware) -> Path:
        """A Zephyr build directory that holds this very image, to flash from. Raises BuildError."""

    def environment(self) -> Mapping[str, str] | None:
        """What `west` is to be started with."""


@dataclass(frozen=True, slots=True)
class HardwareTarget:
    """`timeout_s` limits how long one inference may take, `start_s` how long the firmware may take to start, `pause_s`
    is waited before another attempt, and doubles."""

    entry: BoardEntry
    builder: Builder
    timeout_s: float = 30.0
    start_s: float = 10.0
    pause_s: float = 1.0

    @property
    def name(self) -> str:
        return f"{PREFIX}{self.entry.id}"

    @property
    def description(self) -> str:
        return f"{self.entry.platform}, {self.entry.product or 'a board'} on {self.entry.serial}"

    @property
    def core(self) -> str:
        return self.builder.core

    @property
    def isa(self) -> str:
        return self.builder.isa

    @property
    def programs(self) -> tuple[str, ...]:
        return ()

    @property
    def counts_instructions(self) -> bool:
        return False

    @property
    def measures(self) -> bool:
        return True

    def unavailable(self) -> str | None:
        if not self.entry.connected:
            return "the hardware map says that it is not connected"
        try:
            import serial  # noqa: F401 - only boards need it
        except ImportError:
            return "pyserial not installed: pip install pyserial"
        return west_missing() or self.builder.unavailable()

    def build(self, program: Program) -> Firmware:
        if reason := self.unavailable():
            raise TargetUnavailableError(f"{self.name}: {reason}")
        return self.builder.build(program)

    def infer(self, firmware: Firmware, inputs: NDArray[np.int8]) -> Inference:
        """A model with a state sees all vectors in one session, the others go in parts that may be tried again."""
        program = firmware.program
        vectors = checked_inputs(program, inputs)
        most = len(vectors) if program.state_bytes else MAX_PART_BYTES // max(vectors.shape[1], 1)
        parts = [vectors[start : start + max(most, 1)] for start in range(0, len(vectors), max(most, 1))]
        found = [self._tried(firmware, functools.partial(self._inferred, firmware, part)) for part in parts]
        outputs = [one.outputs for one in found] or [np.empty((0, program.output_bytes), np.int8)]
        return Inference(np.concatenate(outputs), max((one.stack_bytes for one in found), default=0))

    def profile(self, firmware: Firmware, inputs: NDArray[np.int8], frames: NDArray[np.int32] | None = None) -> Timing:
        """Times on the board: the longest of the inferences, and of producing a model input."""
        vectors = checked_inputs(firmware.program, inputs)
        return self._tried(firmware, lambda info: self._timed(firmware, info, vectors, frames))

    def bursts(self, firmware: Firmware, inputs: NDArray[np.int8], plan: BurstPlan, probe: Probe) -> Bursts:
        """What a power meter records while the board runs bursts of the first of the inputs. Raises RunError."""
        vector = checked_inputs(firmware.program, inputs)[:1]
        return self._tried(firmware, lambda info: self._recorded(firmware, info, vector, plan, probe))

    def _recorded(
        self, firmware: Firmware, info: DeviceInfo, vector: NDArray[np.int8], plan: BurstPlan, probe: Probe
    ) -> Bursts:
        with self._session(firmware, vector.tobytes()) as client:
            count = _count(client, info, plan)
            probe.start()
            try:
                ticks = client.bursts(count, plan.repeats, plan.pause_ms, burst_s=plan.burst_s)
            except RunError:
                with contextlib.suppress(RunError):
                    probe.stop()
                raise
            recording = probe.stop()
        least_s, most_s = (value / max(info.clock_hz, 1) for value in ticks)
        if most_s > least_s * _STEADY:
            raise RunError(
                f"{self.name}: bursts of the same inferences took {least_s:.3g} to {most_s:.3g} s",
                hint="does something else run on the board, or change its clock?",
            )
        return Bursts(recording, count, plan, (least_s + most_s) / 2)

    def extract(self, firmware: Firmware, frames: NDArray[np.int32]) -> NDArray[np.int8]:
        return self._tried(firmware, lambda info: self._device(firmware, info).extract(frames))

    def _inferred(self, firmware: Firmware, vectors: NDArray[np.int8], info: DeviceInfo) -> Inference:
        return self._device(firmware, info).infer(vectors)

    def _timed(
        self, firmware: Firmware, info: DeviceInfo, vectors: NDArray[np.int8], frames: NDArray[np.int32] | None
    ) -> Timing:
        row_bytes = firmware.program.output_bytes
        batches = []
        for vector in vectors:  # one at a time: a board's memory may hold no more
            with self._session(firmware, vector.tobytes()) as client:
                batches.append(client.batch(1, row_bytes))
        features = None
        if frames is not None:
            data, offset = with_frames(np.empty((0, firmware.program.input_bytes), np.int8), frames)
            with self._session(firmware, data) as client:
                features = extract_streamed(client, frames, offset)
        return Timing(
            _longest_us(batches, info),
            _longest_us([features.before] if features else [], info),
            max((batch.stack_bytes for batch in batches), default=0),
            features.stack_bytes if features else 0,
            f"measured on device: {self.entry.platform}, its own counter of {info.clock_hz} Hz",
            _longest_us([features.last], info) if features and features.completed else None,
        )

    def _device(self, firmware: Firmware, info: DeviceInfo) -> Device:
        return Device(firmware, lambda data: self._session(firmware, data), min(info.buffer_bytes, MAX_PART_BYTES))

    def _tried(self, firmware: Firmware, work: Callable[[DeviceInfo], _T]) -> _T:
        """Does the work on the board, with the firmware on it; again where the line failed.

        Raises:
            RunError: the firmware or the flash tool failed, or the line did each time.
            TargetUnavailableError: another process has the board.
        """
        with self.claimed():
            reasons: list[str] = []
            for attempt in range(ATTEMPTS):
                if attempt:
                    time.sleep(self.pause_s * 2 ** (attempt - 1))
                try:
                    done = work(self._with_firmware(firmware))
                except LineError as error:
                    reasons.append(error.message)
                    last = error
                else:
                    let_out(self.entry.id)
                    return done
        told = f"{self.name}: given up after {ATTEMPTS} attempts: {'; then '.join(dict.fromkeys(reasons))}"
        put_into(self.entry.id, told)
        raise BoardFailedError(told, log=last.log, hint=last.hint) from last

    @contextlib.contextmanager
    def claimed(self, *, wait: bool = True) -> Iterator[None]:
        """The board for this thread alone, for as long as it uses it; again where this thread has it already.

        Raises:
            TargetUnavailableError: another process has it, or another thread, and `wait` is false.
        """
        held: set[str] = _MINE.__dict__.setdefault("boards", set())
        if self.entry.id in held:
            yield
            return
        with claimed(self.entry.id, lease_s=LEASE_S + self.entry.flash_timeout_s, wait=wait):
            held.add(self.entry.id)
            try:
                yield
            finally:
                held.discard(self.entry.id)

    def _with_firmware(self, firmware: Firmware) -> DeviceInfo:
        """What the firmware says of itself, flashed before where another one runs or none answers."""
        wanted, silence = program_id(firmware.program), None
        try:
            info = self._greeted(wait_s=0.0)
            if info.program == wanted:
                return info
        except LineError as error:
            silence = error
        try:
            flash(
                self.builder.directory(firmware),
                Flasher(
                    self.entry.runner,
                    self.entry.probe_id or self.entry.id,
                    self.entry.product,
                    self.entry.runner_params,
                ),
                timeout_s=float(self.entry.flash_timeout_s),
                environment=self.builder.environment(),
            )
        except RunError as error:
            if silence is None:
                put_into(self.entry.id, error.message)
                raise BoardFailedError(error.message, log=error.log, hint=error.hint) from error
            raise LineError(f"{silence.message}; {error.message}", log=error.log, hint=silence.hint) from error
        info = self._greeted(wait_s=self.start_s)
        if info.program != wanted:
            raise RunError(
                f"{self.name} runs another program ({info.program or 'none'}) than the one just flashed ({wanted})",
                hint=f"is {self.entry.serial} the port of the board that {self.entry.runner} flashes?",
            )
        return info

    def _greeted(self, wait_s: float) -> DeviceInfo:
        """Its answer to `mlforge-info`. Boards with USB of their own need a moment until their port is there."""
        end = time.monotonic() + wait_s
        while True:
            try:
                with self._line() as client:
                    return client.info()
            except LineError:
                if time.monotonic() >= end:
                    raise
                time.sleep(0.2)

    @contextlib.contextmanager
    def _session(self, firmware: Firmware, data: bytes) -> Iterator[DeviceClient]:
        """The firmware as after its start, with `data` in its buffer."""
        with self._line() as client:
            info = client.info()
            if info.program != program_id(firmware.program):
                raise LineError(f"{self.name} runs another program than a moment ago")
            client.reset_features()
            if data:
                client.load(data, info.line_bytes)
            yield client

    @contextlib.contextmanager
    def _line(self) -> Iterator[DeviceClient]:
        renew(self.entry.id)
        transport = SerialTransport(self.entry.serial, self.entry.baud)
        try:
            client = DeviceClient(transport, timeout_s=self.timeout_s)
            client.attach(self.start_s)
            yield client
        finally:
            transport.close()


def _count(client: DeviceClient, info: DeviceInfo, plan: BurstPlan) -> int:
    """How many inferences take about as long as the plan's bursts; found by trying, since one alone is too short for
    a slow counter."""
    count, clock_hz = 1, max(info.clock_hz, 1)
    while True:
        ticks, _ = client.bursts(count, 1, 0, burst_s=plan.burst_s)
        wanted = round(count * plan.burst_s * clock_hz / max(ticks, 1))
        if ticks >= plan.burst_s * clock_hz / 4 or count >= _MOST_INFERENCES:
            return max(1, min(wanted, _MOST_INFERENCES))
        count = min(max(wanted, count + 1), 16 * count)


def _longest_us(batches: list[Batch], info: DeviceInfo) -> float:
    """Of the counter's ticks; a stretch that began and ended within one tick took up to one."""
    ticks = max((batch.ticks for batch in batches), default=0)
    return max(ticks, 1 if batches else 0) / max(info.clock_hz, 1) * 1e6
