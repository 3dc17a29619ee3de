"""Delivers a bundle: refuses what does not belong on the device, uploads, has it tried, waits for what becomes of it.

A link that is cut is taken up again, and an upload goes on where it stopped. Whether the bundle stays is decided by the
device, after its self-test and its health check; nothing here ever confirms an image.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from mlforge.bundle.block import CRC_OFFSET, Block, Version
from mlforge.bundle.device import BundleFacts, BundleState, Condition, Connect, Device, Slot, reason_text
from mlforge.bundle.extract import find_block
from mlforge.bundle.signed_image import parse_image, payload_of
from mlforge.bundle.verification import HASHES, Check, Expected, State, Verification, verify
from mlforge.errors import BundleError, DeviceError, LinkError

HINT_TEST_BOOT: Final = "wait until it is confirmed or rolled back, or reset the device"


class Clock(Protocol):
    def now_s(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class WallClock:
    def now_s(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """`silence_s`: how long an upload may make no progress; `test_boot_s`: how long a device may take from its reset to
    the end of its test boot; `pause_s`: between two attempts."""

    silence_s: float = 60.0
    test_boot_s: float = 300.0
    pause_s: float = 1.0


@dataclass(frozen=True, slots=True)
class Options:
    downgrade: bool = False
    other_name: bool = False
    timeouts: Timeouts = Timeouts()


@dataclass(frozen=True, slots=True)
class Package:
    """A verified bundle. `digest` is by what the device names the image, `crc` by what it names the block."""

    data: bytes
    digest: bytes
    version: Version
    crc: int
    block: Block
    verification: Verification


class Ending(StrEnum):
    CONFIRMED = "confirmed"
    ALREADY = "already there"
    ROLLED_BACK = "rolled back"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`cuts`: how often the link was lost during the upload. `reason`: of a rollback."""

    ending: Ending
    version: Version
    before: Version
    reason: str = ""
    cuts: int = 0
    sent_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Observer:
    """`sent` takes how many bytes of how many the device has."""

    say: Callable[[str], None] = lambda text: None
    sent: Callable[[int, int], None] = lambda done, total: None
    clock: Clock = field(default_factory=WallClock)


def open_package(path: Path, expected: Expected) -> Package:
    """Raises BundleError where a check of the file fails, and says which."""
    found = verify(path, expected)
    if not found.sound or found.block is None:
        wrong = "; ".join(f"{one.check}: {one.text}" for one in found.findings if one.state is State.FAILED)
        hint = "--allow-development-key takes it" if found.failed == (Check.DEVELOPMENT_KEY,) else ""
        raise BundleError(f"{path} cannot be delivered: {wrong}", hint=hint)
    data = payload_of(path)
    image = parse_image(data)
    digest = next(tlv.data for tlv in image.unprotected if tlv.kind in HASHES)
    crc = int.from_bytes(find_block(image.payload)[CRC_OFFSET : CRC_OFFSET + 4], "little")
    return Package(data, digest, image.version, crc, found.block, found)


def update(
    connect: Connect, package: Package, options: Options = Options(), observer: Observer = Observer()
) -> Outcome:
    """Delivers the package and waits for the end of its test boot.

    Raises:
        BundleError: it does not belong on this device.
        LinkError: the device is silent for longer than `options.timeouts` allows.
        DeviceError: it refuses, or answers nonsense; or the test boot has no end.
    """
    with connect() as device:
        before, state = _active(device.slots()), device.state()
        facts = device.facts() if state is not None and state.checked else None
        _say_what_runs(before, state, facts, observer)
        _refuse(package, before, facts, options)
        if before.digest == package.digest and before.confirmed:
            return Outcome(Ending.ALREADY, package.version, before.version)
    if before.digest == package.digest:
        return _watch(connect, package, before, options, observer)
    delivery = _deliver(connect, package, options.timeouts, observer)
    observer.say("the device has the whole image; it is to try it after a reset")
    _start_test_boot(connect, package, options.timeouts, observer)
    ended = _watch(connect, package, before, options, observer)
    return Outcome(ended.ending, ended.version, ended.before, ended.reason, delivery.cuts, delivery.sent_bytes)


def _say_what_runs(running: Slot, state: BundleState | None, facts: BundleFacts | None, observer: Observer) -> None:
    if state is not None and _trouble(state):
        observer.say(f"the device runs {running.version}, and is not well: {_trouble(state)}")
    if facts is None:
        observer.say(f"the device runs {running.version}; it says nothing of its board or bundle")
    else:
        observer.say(f"the device runs {facts.name} {running.version} on {facts.board}")


def _refuse(package: Package, running: Slot, facts: BundleFacts | None, options: Options) -> None:
    block = package.block
    if facts is not None and facts.board != block.board:
        raise BundleError(f"the bundle is for {block.board}, the device is a {facts.board}")
    if facts is not None and facts.name != block.name and not options.other_name:
        raise BundleError(
            f"the bundle is a {block.name}, the device runs a {facts.name}",
            hint="--allow-other-name delivers it nevertheless",
        )
    if package.version < running.version and not options.downgrade:
        raise BundleError(
            f"the bundle is {package.version}, the device runs {running.version}, which is newer",
            hint="--allow-downgrade delivers it nevertheless; MCUboot may still refuse it",
        )
    if not running.confirmed and running.digest != package.digest:
        raise BundleError(f"the device still runs the test image {running.version}", hint=HINT_TEST_BOOT)


@dataclass(slots=True)
class _Delivery:
    """What the upload has come to; `most` is the largest offset that the device ever confirmed."""

    cuts: int = 0
    sent_bytes: int = 0
    most: int = -1
    progress_s: float = 0.0


def _deliver(connect: Connect, package: Package, timeouts: Timeouts, observer: Observer) -> _Delivery:
    """Uploads until the device holds the image, over as many links as that takes."""
    state = _Delivery(progress_s=observer.clock.now_s())
    while True:
        try:
            with connect() as device:
                if _holds(device.slots(), package):
                    return state
                _send(device, package.data, state, observer)
                if _holds(device.slots(), package):
                    return state
                raise DeviceError("the device took the image, but has another one in its second slot")
        except LinkError as error:
            if observer.clock.now_s() - state.progress_s > timeouts.silence_s:
                raise
            state.cuts += 1
            observer.say(f"{error.message}; trying again")
            observer.clock.sleep(timeouts.pause_s)


def _send(device: Device, data: bytes, state: _Delivery, observer: Observer) -> None:
    last = -1
    for offset in device.upload(data):
        if not 0 <= offset <= len(data):
            raise DeviceError(f"the device says that it has {offset} of {len(data)} bytes")
        if offset <= last:
            raise LinkError(f"the device fell back from {last} to {offset} bytes")
        state.sent_bytes += offset - last if last >= 0 else 0
        last = offset
        if offset > state.most:
            state.most, state.progress_s = offset, observer.clock.now_s()
        observer.sent(offset, len(data))


def _start_test_boot(connect: Connect, package: Package, timeouts: Timeouts, observer: Observer) -> None:
    """A reset whose answer is lost may have happened: `_watch` finds out."""
    end_s = observer.clock.now_s() + timeouts.silence_s
    while True:
        try:
            with connect() as device:
                if not _pending(device.slots(), package):
                    device.try_next(package.digest)
                with contextlib.suppress(LinkError):
                    device.reset()
                return
        except LinkError:
            if observer.clock.now_s() > end_s:
                raise
            observer.clock.sleep(timeouts.pause_s)


def _watch(connect: Connect, package: Package, before: Slot, options: Options, observer: Observer) -> Outcome:
    """Waits until the device has confirmed the package, or runs what it ran before."""
    timeouts, clock, seen = options.timeouts, observer.clock, ""
    end_s = clock.now_s() + timeouts.test_boot_s
    told = "is silent since its reset"
    while clock.now_s() < end_s:
        try:
            with connect() as device:
                slots, state = device.slots(), device.state()
        except LinkError:
            clock.sleep(timeouts.pause_s)
            continue
        running = _active(slots)
        if running.digest == package.digest:
            if running.confirmed and _passed(state, package):
                return Outcome(Ending.CONFIRMED, package.version, before.version)
            told, seen = _test_boot_text(state), _trouble(state) or seen or "its test boot was not passed"
        elif running.digest == before.digest and not _pending(slots, package):
            return Outcome(Ending.ROLLED_BACK, package.version, before.version, _why(slots, state, package, seen))
        else:
            told = "has not begun to run the bundle"
        clock.sleep(timeouts.pause_s)
    raise DeviceError(
        f"after {timeouts.test_boot_s:g} s the device {told}",
        hint="a reset reverts an unconfirmed bundle; look at the device's log",
    )


def _passed(state: BundleState | None, package: Package) -> bool:
    """Raises DeviceError where the device runs this image with another block in it."""
    if state is None:
        return True
    if state.crc != package.crc:
        raise DeviceError(
            f"the device runs the image, but names another block: {state.crc:#010x}, not {package.crc:#010x}"
        )
    return state.condition == Condition.RUNNING


def _test_boot_text(state: BundleState | None) -> str:
    if state is None or not _trouble(state):
        return "runs the bundle, but has not confirmed it"
    return f"runs the bundle, but {_trouble(state)}"


def _trouble(state: BundleState | None) -> str:
    if state is None or state.condition not in (Condition.REFUSED, Condition.UNHEALTHY):
        return ""
    return reason_text(state.reason, state.detail)


def _why(slots: Sequence[Slot], state: BundleState | None, package: Package, seen: str) -> str:
    if state is not None and state.failure is not None and state.failure.crc == package.crc:
        return reason_text(state.failure.reason, state.failure.detail)
    if seen:
        return seen
    if not _holds(slots, package):
        return "the bootloader did not take it: it knows another key, or allows no older version"
    return "the device does not say why"


def _active(slots: Sequence[Slot]) -> Slot:
    found = [slot for slot in slots if slot.active]
    if len(found) != 1:
        raise DeviceError(f"the device says that {len(found) or 'none'} of its images runs")
    return found[0]


def _holds(slots: Sequence[Slot], package: Package) -> bool:
    return any(slot.digest == package.digest for slot in slots if not slot.active)


def _pending(slots: Sequence[Slot], package: Package) -> bool:
    return any(slot.pending for slot in slots if slot.digest == package.digest)
