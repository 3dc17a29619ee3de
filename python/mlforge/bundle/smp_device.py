"""`Device` over SMP, by smpclient, of the extra `update`.

What comes from the device is untrusted: whatever it says ends as a value of the right type or as an error.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

from mlforge.bundle.block import Version
from mlforge.bundle.device import BundleFacts, BundleState, Device, Failure, Slot
from mlforge.bundle.links import Link, transport_of
from mlforge.errors import BlockError, DeviceError, LinkError
from mlforge.toolchain.packages import needed

if TYPE_CHECKING:
    from smpclient import SMPClient

T = TypeVar("T")
TIMEOUT_S: Final = 5.0
MAX_TELEMETRY_BYTES: Final = 1 << 14
NOT_SUPPORTED: Final = 8  # MGMT_ERR_ENOTSUP: no such group or command
_BUGS: Final = (NameError, ImportError, NotImplementedError)  # of ours: no device can bring them about


@contextmanager
def connected(link: Link, timeout_s: float = TIMEOUT_S) -> Iterator[SmpDevice]:
    """Raises LinkError where nobody answers, DeviceError where a package is missing."""
    transport = transport_of(link)
    try:
        from smpclient import SMPClient

        from mlforge.bundle.in_sequence import InSequence
    except ImportError as error:
        raise DeviceError("talking to devices needs the package smpclient", hint=needed("update")) from error
    for name in ("smpclient", "smp"):
        logging.getLogger(name).addHandler(logging.NullHandler())  # what goes wrong is told by our errors
    client = SMPClient(InSequence(transport), link.address, timeout_s)
    with asyncio.Runner() as runner:
        device = SmpDevice(client, runner, link)
        try:
            device.run(client.connect())
            yield device
        finally:
            with suppress(Exception):  # a link that is cut, or was never there, cannot be closed in order
                runner.run(_hang_up(client))


def connector(link: Link, timeout_s: float = TIMEOUT_S) -> Callable[[], AbstractContextManager[Device]]:
    return lambda: connected(link, timeout_s)


async def _hang_up(client: SMPClient) -> None:
    await client.disconnect()
    await asyncio.sleep(0)  # sockets close on the next round of the loop


class SmpDevice:
    """A `Device` at the other end of a connected client."""

    def __init__(self, client: SMPClient, runner: asyncio.Runner, link: Link) -> None:
        self._client = client
        self._runner = runner
        self._link = link

    def slots(self) -> tuple[Slot, ...]:
        from smpclient.requests.image_management import ImageStatesRead

        answer = self._ask(ImageStatesRead(), "tell its images")
        return tuple(_slot(image) for image in answer.images if not image.image)

    def state(self) -> BundleState | None:
        from mlforge.bundle.smp_messages import StateRead

        answer = self._ask_bundle(StateRead(), "tell its state")
        if answer is None:
            return None
        failure = None
        if answer.failed_crc is not None:
            failure = Failure(answer.failed_crc, answer.failed_firmware, answer.failed_reason, answer.failed_detail)
        return BundleState(
            answer.state, answer.reason, answer.detail, answer.confirmed, answer.crc, answer.firmware, failure
        )

    def facts(self) -> BundleFacts | None:
        from mlforge.bundle.smp_messages import FactsRead

        answer = self._ask_bundle(FactsRead(), "tell its bundle")
        if answer is None:
            return None
        return BundleFacts(
            answer.name,
            answer.board,
            answer.firmware,
            answer.model,
            answer.thresholds,
            answer.calibration,
            answer.contract,
            answer.model_sha256,
        )

    def upload(self, image: bytes) -> Iterator[int]:
        from smpclient.exceptions import SMPUploadError

        steps = self._client.upload(image)

        async def step() -> int | None:
            try:
                return await anext(steps, None)
            except SMPUploadError as error:
                raise _refused("take the image", error.args[0]) from error

        while (offset := self.run(step())) is not None:
            yield offset

    def try_next(self, digest: bytes) -> None:
        from smpclient.requests.image_management import ImageStatesWrite

        self._ask(ImageStatesWrite(hash=digest, confirm=False), "try the image")

    def reset(self) -> None:
        from smpclient.requests.os_management import ResetWrite

        self._ask(ResetWrite(), "reset")

    def telemetry(self) -> bytes:
        from mlforge.bundle.smp_messages import TelemetryRead

        record, size_bytes = b"", 0
        while not record or len(record) < size_bytes:
            piece = self._ask(TelemetryRead(off=len(record)), "tell its telemetry")
            size_bytes = size_bytes or piece.len
            fits = piece.len == size_bytes <= MAX_TELEMETRY_BYTES and len(record) + len(piece.data) <= size_bytes
            if piece.off != len(record) or not piece.data or not fits:
                raise DeviceError(f"the device sent {len(piece.data)} bytes of telemetry at {piece.off} of {piece.len}")
            record += piece.data
        return record

    def reset_statistics(self) -> None:
        from mlforge.bundle.smp_messages import ResetStatistics

        self._ask(ResetStatistics(), "begin its statistics afresh")

    def calibrate(self) -> None:
        from mlforge.bundle.smp_messages import Calibrate

        self._ask(Calibrate(), "calibrate its baseline")

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Raises LinkError for everything that a link may do to a conversation."""
        try:
            return self._runner.run(work)
        except DeviceError:
            raise
        except TimeoutError as error:
            raise LinkError(f"{self._link} does not answer") from error
        except OSError as error:
            raise LinkError(f"{self._link} cannot be reached: {error.strerror or error}") from error
        except Exception as error:
            if isinstance(error, _BUGS):
                raise
            raise LinkError(
                f"{self._link} sends invalid answers or closes the connection ({type(error).__name__})"
            ) from error

    def recorded(self, offset: int | None) -> tuple[int, bytes]:
        """What was recorded behind `offset` bytes, perhaps nothing, and its offset; None begins anew."""
        from mlforge.bundle.smp_messages import RecordRead

        answer = self._ask(RecordRead(begin=offset is None, off=offset or 0), "tell what it records")
        return answer.off, answer.data

    def _ask(self, request: Any, what: str) -> Any:
        from smpclient.generics import error

        answer: Any = self.run(self._client.request(request))
        if error(answer):
            raise _refused(what, answer)
        return answer

    def _ask_bundle(self, request: Any, what: str) -> Any:
        """None where the device has no such group."""
        try:
            return self._ask(request, what)
        except LinkError:
            raise
        except DeviceError as error:
            if error.group == 0 and error.code == NOT_SUPPORTED:
                return None
            raise


def _refused(what: str, answer: Any) -> DeviceError:
    """From an error that the device answered, as smpclient gives it, or a text."""
    group, code, said = 0, 0, ""
    if hasattr(answer, "rc"):
        code, said = int(answer.rc), answer.rsn or getattr(answer.rc, "name", "")
    elif hasattr(answer, "err"):
        error = answer.err
        group, rc = (error.get("group", 0), error.get("rc", 0)) if isinstance(error, dict) else (error.group, error.rc)
        code, said = int(rc), getattr(rc, "name", "")
    else:
        said = str(answer)[:200]
    from mlforge.bundle.smp_messages import ERRORS, GROUP, RECORD_ERRORS, RECORD_GROUP

    said = {GROUP: ERRORS, RECORD_GROUP: RECORD_ERRORS}.get(group, {}).get(code, said)
    return DeviceError(
        f"the device does not {what}: {said or f'error {code} of group {group}'}", group=int(group), code=code
    )


def _slot(image: Any) -> Slot:
    flags = [bool(flag) for flag in (image.active, image.confirmed, image.pending)]
    return Slot(image.slot, _version(image.version), bytes(image.hash or b""), *flags)


def _version(text: str) -> Version:
    """Zephyr says `1.2.3`, or `1.2.3.4` with a build number. Raises DeviceError."""
    parts = text.split(".")
    try:
        return Version.parse(".".join(parts[:3]) + (f"+{parts[3]}" if len(parts) == 4 else ""))
    except BlockError as error:
        raise DeviceError(f"the device names a version {text[:40]!r}") from error
