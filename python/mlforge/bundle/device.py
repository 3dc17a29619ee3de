"""A device in the field as `update` and `monitor` see it: what it says of its images and of its bundle.

The words are those of docs/telemetry.md. How a device is reached is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Protocol, TypeAlias

from mlforge.bundle.block import Version


class Condition(IntEnum):
    """Of the bundle that runs."""

    UNCHECKED = 0
    REFUSED = 1
    TRIAL = 2
    RUNNING = 3
    UNHEALTHY = 4


_REASONS: Final = {
    0: "no reason given",
    1: "its block is malformed at byte {}",
    2: "its block's CRC-32 is another, {:#010x}",
    3: "its block is of another contract than the image",
    4: "its block is of another model than the image",
    5: "it is for another board",
    6: "its block is of another name than the image",
    7: "its arena cannot be used, at byte {}",
    8: "its self-test failed at vector {}",
    9: "an inference of its self-test was late: {} us",
    10: "its stack has only {} bytes left",
    11: "its sensor is not ready (errno {})",
    12: "the application's own check failed (errno {})",
    13: "a health check said nothing for {} s",
    14: "its confirmation could not be written (errno {})",
    15: "the device was reset during its test boot: a crash, a hang, or the power",
}


def reason_text(reason: int, detail: int) -> str:
    return _REASONS.get(reason, f"reason {reason}, detail {detail}").format(detail)


@dataclass(frozen=True, slots=True)
class Slot:
    """`digest` is the hash in the image's TLVs; `pending` means that the bootloader will try this image next."""

    number: int
    version: Version
    digest: bytes
    active: bool
    confirmed: bool
    pending: bool


@dataclass(frozen=True, slots=True)
class Failure:
    """A bundle that was tried and did not last. `crc` is that of its block."""

    crc: int
    firmware: str
    reason: int
    detail: int


@dataclass(frozen=True, slots=True)
class BundleState:
    """`crc` is that of the block that runs. `condition` is a Condition, or what a newer device may say."""

    condition: int
    reason: int
    detail: int
    confirmed: bool
    crc: int
    firmware: str
    failure: Failure | None = None

    @property
    def checked(self) -> bool:
        """Whether the boot check has passed: before, there are neither facts nor telemetry."""
        return self.condition not in (Condition.UNCHECKED, Condition.REFUSED)


@dataclass(frozen=True, slots=True)
class BundleFacts:
    name: str
    board: str
    firmware: str
    model: str
    thresholds: str
    calibration: str
    contract: bytes
    model_sha256: bytes


class Device(Protocol):
    """Every method raises LinkError where the link is cut or the device silent, DeviceError where it refuses or
    answers nonsense."""

    def slots(self) -> tuple[Slot, ...]: ...

    def state(self) -> BundleState | None:
        """None where the device does not speak MLForge's SMP group, as for `facts`."""
        ...

    def facts(self) -> BundleFacts | None: ...

    def upload(self, image: bytes) -> Iterator[int]:
        """Yields how many bytes the device has, as it says; goes on with an upload of the same image that was cut."""
        ...

    def try_next(self, digest: bytes) -> None:
        """Has the bootloader try that image after the next reset."""
        ...

    def reset(self) -> None: ...

    def telemetry(self) -> bytes:
        """A record in CBOR."""
        ...

    def reset_statistics(self) -> None: ...

    def calibrate(self) -> None: ...


# Raises LinkError where nobody answers.
Connect: TypeAlias = Callable[[], AbstractContextManager[Device]]
