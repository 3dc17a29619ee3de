"""Messages of MLForge's SMP group, as docs/telemetry.md has them. Needs the package smp, of the extra `update`."""

from __future__ import annotations

from typing import ClassVar, Final

from pydantic import ConfigDict
from smp import header, message
from smp.error import ErrorV1

GROUP: Final = 77
ERRORS: Final = {
    1: "unknown error",
    2: "its boot check has not passed",
    3: "there are not enough windows yet",
    4: "its contract does not allow it",
    5: "the record does not fit CONFIG_MLFORGE_TELEMETRY_BYTES",
    6: "there is no such offset in the record",
    7: "it could not be stored",
    8: "its features have stages that cannot be calibrated",
}


class GroupErrorV1(ErrorV1):
    _GROUP_ID = GROUP


class GroupErrorV2(message.Response):
    RESPONSE_TYPE = message.ResponseType.ERROR_V2
    _OP = header.OP.READ_RSP
    _GROUP_ID = GROUP
    err: dict[str, int]


class _Command:
    """The group of each request, and the errors that may come."""

    _GROUP_ID: ClassVar[int] = GROUP
    _ErrorV1 = GroupErrorV1
    _ErrorV2 = GroupErrorV2


class _Answer(message.ReadResponse):
    """Newer devices may say more than is known here."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    _GROUP_ID = GROUP


class StateAnswer(_Answer):
    _COMMAND_ID = 0
    state: int
    reason: int
    detail: int
    confirmed: bool
    crc: int
    firmware: str
    failed_crc: int | None = None
    failed_firmware: str = ""
    failed_reason: int = 0
    failed_detail: int = 0


class StateRead(_Command, message.ReadRequest):
    _COMMAND_ID = 0
    _Response = StateAnswer


class FactsAnswer(_Answer):
    _COMMAND_ID = 1
    name: str
    board: str
    firmware: str
    model: str
    thresholds: str
    calibration: str
    contract: bytes
    model_sha256: bytes


class FactsRead(_Command, message.ReadRequest):
    _COMMAND_ID = 1
    _Response = FactsAnswer


class TelemetryAnswer(_Answer):
    _COMMAND_ID = 2
    off: int
    len: int
    data: bytes


class TelemetryRead(_Command, message.ReadRequest):
    _COMMAND_ID = 2
    _Response = TelemetryAnswer
    off: int = 0


class DoneAnswer(message.WriteResponse):
    """Holds nothing, or an error would be taken for it."""

    _GROUP_ID = GROUP


class ResetStatisticsAnswer(DoneAnswer):
    _COMMAND_ID = 3


class ResetStatistics(_Command, message.WriteRequest):
    _COMMAND_ID = 3
    _Response = ResetStatisticsAnswer


class CalibrateAnswer(DoneAnswer):
    _COMMAND_ID = 4


class Calibrate(_Command, message.WriteRequest):
    _COMMAND_ID = 4
    _Response = CalibrateAnswer
    reset: bool = False


RECORD_GROUP: Final = 78
RECORD_ERRORS: Final = {1: "unknown error", 2: "another host has read on"}


class RecordErrorV1(ErrorV1):
    _GROUP_ID = RECORD_GROUP


class RecordErrorV2(message.Response):
    RESPONSE_TYPE = message.ResponseType.ERROR_V2
    _OP = header.OP.READ_RSP
    _GROUP_ID = RECORD_GROUP
    err: dict[str, int]


class RecordAnswer(message.ReadResponse):
    """`data` is what follows `off` bytes of packets; it may be empty."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    _GROUP_ID = RECORD_GROUP
    _COMMAND_ID = 0
    off: int
    data: bytes


class RecordRead(message.ReadRequest):
    """With `begin` what has waited is forgotten; without, the bytes in front of `off` have arrived."""

    _GROUP_ID = RECORD_GROUP
    _COMMAND_ID = 0
    _Response = RecordAnswer
    _ErrorV1 = RecordErrorV1
    _ErrorV2 = RecordErrorV2
    begin: bool = False
    off: int = 0
