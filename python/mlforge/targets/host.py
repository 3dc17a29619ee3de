"""The `host` target: the same C, compiled natively, as a program of its own, so that a crash stays its own too."""

from __future__ import annotations

import platform
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import RunError, TargetUnavailableError, ToolError
from mlforge.records.program import Firmware, Program
from mlforge.targets.program_files import (
    checked_frames,
    checked_inputs,
    identity,
    no_attachment,
    write_program,
)
from mlforge.targets.target import Inference, Profile
from mlforge.toolchain.cache import cached, digest
from mlforge.toolchain.host import cached_objects, compile_objects, compiler, link_program
from mlforge.toolchain.process import find, run
from mlforge.toolchain.sources import root, runtime_sources


@dataclass(frozen=True, slots=True)
class HostTarget:
    """`timeout_s` limits a whole batch."""

    timeout_s: float = 300.0

    @property
    def name(self) -> str:
        return "host"

    @property
    def description(self) -> str:
        return f"this machine, {platform.machine()}: for parity and speed"

    @property
    def core(self) -> str:
        return platform.machine()

    @property
    def isa(self) -> str:
        return "generic"

    @property
    def programs(self) -> tuple[str, ...]:
        return (compiler(),)

    @property
    def counts_instructions(self) -> bool:
        return False

    @property
    def measures(self) -> bool:
        return False

    def unavailable(self) -> str | None:
        if find(compiler()) is None:
            return f"{compiler()} not installed; `west mlforge doctor` names the command that installs it"
        return None

    def build(self, program: Program) -> Firmware:
        if reason := self.unavailable():
            raise TargetUnavailableError(f"{self.name}: {reason}")
        seconds: dict[str, float] = {}
        start = time.monotonic()
        shared = _shared_objects()
        seconds["shared"] = time.monotonic() - start

        def make(place: Path) -> None:
            started = time.monotonic()
            objects = compile_objects(write_program(program, place), place, include=_includes(place))
            seconds["compile"] = time.monotonic() - started
            started = time.monotonic()
            link_program([*objects, *shared], place / "firmware")
            seconds["link"] = time.monotonic() - started

        place = cached("host-firmware", digest([*(str(path) for path in shared), *identity(program)]), make)
        return Firmware(self.name, self.core, place / "firmware", _baseline(shared), program, seconds)

    def infer(self, firmware: Firmware, inputs: NDArray[np.int8]) -> Inference:
        vectors = checked_inputs(firmware.program, inputs)
        rows = self._convert(firmware, "infer", vectors.tobytes(), firmware.program.output_bytes)
        if len(rows) != len(vectors):
            raise RunError(f"the host's program answered {len(rows)} of {len(vectors)} vectors")
        return Inference(rows, 0)

    def profile(self, firmware: Firmware, inputs: NDArray[np.int8], frames: NDArray[np.int32] | None = None) -> Profile:
        raise TargetUnavailableError("the host does not count instructions", hint="profile on an emulated board")

    def extract(self, firmware: Firmware, frames: NDArray[np.int32]) -> NDArray[np.int8]:
        answer = run([firmware.elf, "frame-length"], timeout_s=self.timeout_s)
        if answer.status != 0:
            raise RunError(f"the host's program ended with status {answer.status}", log=answer.output)
        frame_length, feature_bytes = (int(word) for word in answer.output.split())
        data = checked_frames(frames, frame_length)
        return self._convert(firmware, "extract", data.tobytes(), feature_bytes)

    def _convert(self, firmware: Firmware, command: str, data: bytes, row_bytes: int) -> NDArray[np.int8]:
        with tempfile.TemporaryDirectory(prefix="mlforge-") as scratch:
            source, result = Path(scratch) / "in", Path(scratch) / "out"
            source.write_bytes(data)
            try:
                done = run([firmware.elf, command, source, result], timeout_s=self.timeout_s)
            except ToolError as error:
                raise RunError(error.message, log=error.log, hint=error.hint) from error
            if done.status != 0:
                raise RunError(f"the host's program ended with status {done.status}", log=done.output)
            return np.fromfile(result, dtype=np.int8).reshape(-1, row_bytes)


def _shared_objects() -> tuple[Path, ...]:
    return (
        *cached_objects("main", [root() / "ports" / "host" / "main.c"], include=[root() / "firmware"]),
        *cached_objects("runtime", runtime_sources("kernels", "features", "decision", "host")),
    )


def _baseline(shared: tuple[Path, ...]) -> Path:
    def make(place: Path) -> None:
        app = place / "app.c"
        app.write_text(no_attachment(), encoding="utf-8")
        link_program([*compile_objects([app], place, include=_includes(place)), *shared], place / "baseline")

    key = digest([*(str(path) for path in shared), no_attachment()])
    return cached("host-baseline", key, make) / "baseline"


def _includes(place: Path) -> tuple[Path, ...]:
    return (root() / "firmware", place)
