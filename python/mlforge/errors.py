"""Every failure that MLForge foresees, as a type whose data are fields.

The command line prints `str(error)`; programs read the fields. Nothing in this file knows any other part of MLForge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class ForgeError(Exception):
    """A failure with a cause that a user can act on. `hint` says what to do, where there is something to do."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a file that a person wrote: where it is, what stands there, what would be right."""

    file: Path
    line: int  # 1-based; 0 where the problem has no line of its own
    key: str  # dotted path, such as "limits.flash" or "features[1].standardise"
    found: str
    expected: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{where}: {self.key}: found {self.found}, expected {self.expected}"


class ContractError(ForgeError):
    """The contract is wrong; `problems` holds every mistake found, in file order."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class ArchitectureError(ForgeError):
    """An architecture cannot be built; `layer` is its path, such as "layers[2].body[0]"."""

    def __init__(self, layer: str, reason: str) -> None:
        super().__init__(f"{layer}: {reason}" if layer else reason)
        self.layer = layer
        self.reason = reason


class DataError(ForgeError):
    """The data set cannot be used; `file` and `row` (1-based, 0 for none) say where."""

    def __init__(self, reason: str, *, file: Path | str = "", row: int = 0, hint: str = "") -> None:
        where = f"{file}:{row}: " if row else f"{file}: " if str(file) else ""
        super().__init__(f"{where}{reason}", hint=hint)
        self.file = str(file)
        self.row = row
        self.reason = reason


class ModelError(ForgeError):
    """A model file is malformed or its tensors contradict each other."""


class UnsupportedOperatorError(ModelError):
    """A model uses something that the engine does not have; `operator` names it, `hint` says what would be accepted."""

    def __init__(self, operator: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"{operator}: {reason}", hint=hint)
        self.operator = operator
        self.reason = reason


class PlanError(ForgeError):
    """A memory plan is wrong: two live tensors overlap, or one leaves the arena."""


class ToolError(ForgeError):
    """A tool is missing, failed or hung; `log` is what it printed."""

    def __init__(self, message: str, *, log: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.log = log


class BuildError(ToolError):
    """A compiler or linker refused its input."""


class ImageTooLargeError(BuildError):
    """An image does not fit the memory of its board."""


class RunError(ToolError):
    """A firmware crashed, hung, or answered against the protocol."""


class BoardFailedError(RunError):
    """A board failed at each attempt, or could not be flashed: another one may well do it."""


class LineError(RunError):
    """What came over the line to a device cannot be trusted, or nothing came: garbled, silent, gone, or the device
    started anew. Another attempt may succeed."""


class TargetUnavailableError(ForgeError):
    """A target cannot be used on this machine; the message says why, the hint how to change that."""


class TrainingError(ForgeError):
    """Training or quantisation failed; `log` is the tail of what the worker printed."""

    def __init__(self, message: str, *, log: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.log = log


class MachineError(ForgeError):
    """This machine did not do its part, whatever was to be done; another attempt, or another machine, may succeed.
    `log` is the tail of what was printed."""

    def __init__(self, message: str, *, log: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.log = log


class SearchError(ForgeError):
    """A proposer could not produce a valid architecture."""


class AgentError(ForgeError):
    """A language model gave no proposal; `lasting` where asking it again is pointless. Never holds a key."""

    def __init__(self, message: str, *, lasting: bool = False, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.lasting = lasting


class StudyError(ForgeError):
    """The stored study cannot go on: it belongs to another contract, or is damaged."""


class LimitError(ToolError):
    """A limit that the app's own build should give cannot be had; `log` is what the build printed, where it did."""


class LockError(ForgeError):
    """The model beside the app is not the one that `mlforge.lock.yaml` names."""


class BundleError(ForgeError):
    """A release cannot be made: its parts contradict each other, or a key, a version or a tool is wrong."""


class BlockError(BundleError):
    """A bundle block is malformed or its values cannot be stored; `field` says where, such as "header.magic"."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class SignedImageError(BundleError):
    """Bytes are no signed MCUboot image; `field` says where reading stopped, such as "header.magic"."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class DeviceError(ForgeError):
    """A device refuses, or answers what it should not. `group` and `code` are those of SMP's error, 0 for none."""

    def __init__(self, message: str, *, group: int = 0, code: int = 0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.group = group
        self.code = code


class LinkError(DeviceError):
    """A device is silent, or the link to it is cut: trying again may help."""


class TelemetryError(ForgeError):
    """A telemetry record is malformed; `key` is its key in the record, -1 for the record as a whole."""

    def __init__(self, key: int, reason: str) -> None:
        super().__init__(f"telemetry key {key}: {reason}" if key >= 0 else f"telemetry record: {reason}")
        self.key = key
        self.reason = reason
