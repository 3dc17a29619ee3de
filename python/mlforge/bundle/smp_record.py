"""What a device records, read over SMP as a serial line would bring it."""

from __future__ import annotations

import time
from typing import Final, Protocol

from mlforge.errors import DeviceError, LinkError, RunError

NOT_SUPPORTED: Final = 8  # MGMT_ERR_ENOTSUP: no such group
_TRIES: Final = 3  # answers may get lost
_PAUSE_S: Final = 0.02  # where there is nothing yet


class RecordingDevice(Protocol):
    def recorded(self, offset: int | None) -> tuple[int, bytes]:
        """What was recorded behind `offset` bytes, and its offset; None begins anew. Raises DeviceError, LinkError."""


class SmpLine:
    """A `Transport` that can only be read."""

    def __init__(self, device: RecordingDevice) -> None:
        self._device = device
        self._next: int | None = None

    def read(self, timeout_s: float) -> bytes:
        """What has come meanwhile, perhaps nothing.

        Raises:
            RunError: the device is gone, has no such group, or was begun anew by another host.
        """
        offset, data = self._asked()
        if self._next is not None and offset != self._next:
            raise RunError(f"the device sent what it recorded from byte {offset}, not from {self._next}")
        self._next = (offset + len(data)) % (1 << 32)
        if not data:
            time.sleep(min(_PAUSE_S, timeout_s))
        return data

    def write(self, data: bytes) -> None:
        raise RunError("recordings are not played into a device over SMP", hint="use its serial line")

    def fileno(self) -> int:
        raise RunError("there is no file behind SMP")

    def close(self) -> None:
        """The connection is closed by whoever opened it."""

    def _asked(self) -> tuple[int, bytes]:
        for tries in range(_TRIES, 0, -1):
            try:
                return self._device.recorded(self._next)
            except LinkError as error:
                if tries == 1:
                    raise RunError(error.message, hint=error.hint) from error
            except DeviceError as error:
                hint = "does the application have CONFIG_MLFORGE_RECORD_SMP=y?" if error.code == NOT_SUPPORTED else ""
                raise RunError(error.message, hint=hint) from error
        raise AssertionError("the last try returns or raises")
