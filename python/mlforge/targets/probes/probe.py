"""What all power meters have in common: they record in a thread of their own while the host speaks to the board.

`init`, `measure` and `get_data` are those of Zephyr's `PowerMonitor` (scripts/pylib/power-twister-harness), so that a
meter of ours serves twister's power tests, too.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import LineError, RunError
from mlforge.targets.transport import SerialTransport, Transport

MAX_BYTES: Final = 1 << 28  # of one recording: ten minutes of the fastest meter
READ_S: Final = 0.2
SILENCE_S: Final = 3.0  # a meter that records says something all the time
ANSWER_S: Final = 2.0  # an answer to a command comes within that


@dataclass(frozen=True, slots=True)
class Recording:
    """`current_a` float64 [N] at `rate_hz`; `gate` bool [N] is the pin of the firmware, None where a meter has no input
    for it. No sample is missing, and none was beyond the meter's range: such recordings are refused."""

    rate_hz: float
    current_a: NDArray[np.float64]
    gate: NDArray[np.bool_] | None = None


class Probe(ABC):
    """A meter on a serial port, unless `_connected` says otherwise. `supply_v` is the voltage that the board gets, or
    has, while it is measured."""

    name: str = ""  # as people call it
    baud: int = 115_200
    answer_s: float = ANSWER_S
    silence_s: float = SILENCE_S

    def __init__(self, supply_v: float) -> None:
        self.supply_v: Final = supply_v
        self._line: Transport | None = None
        self._thread: threading.Thread | None = None
        self._end = threading.Event()
        self._heard = bytearray()
        self._failure: RunError | None = None
        self._data: list[float] = []

    # Zephyr's PowerMonitor

    def init(self, device_id: str) -> bool:
        """Opens the meter on that port and sets it up.

        Raises:
            LineError: there is no such port, or no such meter answers on it.
            RunError: the port is somebody else's, or the meter refuses what it is told.
        """
        self.close()
        self._line = self._connected(device_id)
        try:
            self._set_up(self._line)
        except RunError:
            self.close()
            raise
        return True

    def measure(self, duration: float) -> None:
        """Records for so many seconds; `get_data` has the result. Raises as `stop` does."""
        self.start()
        time.sleep(duration)
        self._data = [float(value) for value in self.stop().current_a]

    def get_data(self, duration: float | None = None) -> list[float]:
        """The currents in ampere that `measure` recorded; with a duration, of a new recording."""
        if duration is not None:
            self.measure(duration)
        return self._data

    # What measuring inferences needs

    def start(self) -> None:
        """Begins to record. Raises LineError where the meter is gone."""
        line = self._opened()
        self._heard, self._failure = bytearray(), None
        self._end.clear()
        self._begin(line)
        self._thread = threading.Thread(target=self._listen, args=(line,), name=self.name, daemon=True)
        self._thread.start()

    def stop(self) -> Recording:
        """Ends the recording and returns it.

        Raises:
            LineError: the meter went, samples were lost, or what came is not what it sends. Worth another attempt.
            RunError: the current was beyond the meter's range, or the meter reported an error.
        """
        line = self._opened()
        self._end.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._failure is not None:
            raise self._failure
        self._finish(line)
        return self._decoded(bytes(self._heard))

    def close(self) -> None:
        self._end.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._line is not None:
            self._line.close()
            self._line = None

    def _listen(self, line: Transport) -> None:
        heard_s = time.monotonic()
        try:
            while not self._end.is_set():
                if data := line.read(READ_S):
                    self._heard += data
                    heard_s = time.monotonic()
                elif time.monotonic() - heard_s > self.silence_s:
                    raise LineError(f"{self.name} has sent nothing for {self.silence_s:g} s")
                if len(self._heard) > MAX_BYTES:
                    raise RunError(
                        f"{self.name} has sent more than {MAX_BYTES >> 20} MiB: a recording that long is none"
                    )
        except RunError as error:
            self._failure = error

    def _opened(self) -> Transport:
        if self._line is None:
            raise RunError(f"{self.name} is not open")
        return self._line

    # What each meter does in its own way

    def _connected(self, device_id: str) -> Transport:
        """The line to the meter. Raises LineError, RunError."""
        return SerialTransport(device_id, self.baud)

    @abstractmethod
    def _set_up(self, line: Transport) -> None:
        """Makes it ready to record, with the board powered. Raises RunError."""

    @abstractmethod
    def _begin(self, line: Transport) -> None:
        """Has it send samples."""

    @abstractmethod
    def _finish(self, line: Transport) -> None:
        """Has it stop, and leaves nothing of this recording on the line."""

    @abstractmethod
    def _decoded(self, data: bytes) -> Recording:
        """See `stop`."""
