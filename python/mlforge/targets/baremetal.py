"""The `baremetal` targets: the measuring firmware without an operating system, on a machine that QEMU emulates."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection
from numpy.typing import NDArray

from mlforge.errors import RunError, TargetUnavailableError
from mlforge.records.program import Firmware, Program
from mlforge.targets import counting, qemu
from mlforge.targets.boards import Board, Region
from mlforge.targets.firmware_build import build_firmware
from mlforge.targets.program_files import checked_frames, checked_inputs
from mlforge.targets.protocol import Batch, DeviceClient
from mlforge.targets.target import Inference, Profile
from mlforge.toolchain.cross import missing_tools
from mlforge.toolchain.plugin import counting_plugin
from mlforge.toolchain.process import find

TIMEOUT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class BaremetalTarget:
    """`timeout_s` limits how long one inference may take before the firmware counts as hanging."""

    board: Board
    timeout_s: float = TIMEOUT_S

    @property
    def name(self) -> str:
        return self.board.name

    @property
    def description(self) -> str:
        return f"{self.core}, no RTOS, {self.board.qemu} -M {self.board.machine}"

    @property
    def core(self) -> str:
        return self.board.core_name

    @property
    def isa(self) -> str:
        return self.board.core.isa

    @property
    def programs(self) -> tuple[str, ...]:
        return (self.board.core.compiler, self.board.qemu)

    @property
    def counts_instructions(self) -> bool:
        return True

    def unavailable(self) -> str | None:
        tools = [*missing_tools(self.board.core), *([] if find(self.board.qemu) else [self.board.qemu])]
        return (
            f"{', '.join(tools)} not installed; `west mlforge doctor` names the command that installs it"
            if tools
            else None
        )

    def build(self, program: Program) -> Firmware:
        self._require()
        return build_firmware(self.board, program)

    def infer(self, firmware: Firmware, inputs: NDArray[np.int8]) -> Inference:
        vectors = checked_inputs(firmware.program, inputs)
        parts = list(self._infer_parts(firmware, self._parts(firmware, vectors)))
        outputs = [part.rows for part in parts] or [np.empty((0, firmware.program.output_bytes), np.int8)]
        return Inference(np.concatenate(outputs), max((part.stack_bytes for part in parts), default=0))

    def profile(self, firmware: Firmware, inputs: NDArray[np.int8], frames: NDArray[np.int32] | None = None) -> Profile:
        program = firmware.program
        vectors = checked_inputs(program, inputs)
        image = counting.functions(firmware.elf)
        with tempfile.TemporaryDirectory(prefix="mlforge-") as scratch:
            marks, out = Path(scratch) / "marks", Path(scratch) / "counts"
            marks.write_text(counting.marks(image, program), encoding="ascii")
            plugin = f"{counting_plugin(self.board.qemu)},marks={marks},out={out}"
            options = (*qemu.COUNTED, "-plugin", plugin)
            data, offset = _with_frames(vectors, frames)
            with self._session(firmware, data, options) as client:
                batch = client.batch(len(vectors), program.output_bytes)
                features = self._extract(client, frames, offset) if frames is not None else None
            counts = counting.read_counts(out.read_text(encoding="ascii"), image, program)
        if len(counts.inferences) != len(vectors):
            raise RunError(f"QEMU counted {len(counts.inferences)} of {len(vectors)} inferences")
        return Profile(
            counts.inferences,
            counts.features,
            batch.stack_bytes,
            features.stack_bytes if features else 0,
            f"counted in QEMU, {self.board.machine}",
        )

    def extract(self, firmware: Firmware, frames: NDArray[np.int32]) -> NDArray[np.int8]:
        data, offset = _with_frames(np.empty((0, firmware.program.input_bytes), np.int8), frames)
        with self._session(firmware, data, ()) as client:
            return self._extract(client, frames, offset).rows

    def _extract(self, client: DeviceClient, frames: NDArray[np.int32], offset: int) -> Batch:
        info = client.info()
        if not info.feature_bytes:
            raise RunError("the firmware has no feature pipeline")
        checked_frames(frames, info.frame_length)
        client.reset_features()
        return client.extract(len(frames), info.feature_bytes, offset)

    def _infer_parts(self, firmware: Firmware, parts: Sequence[NDArray[np.int8]]) -> Iterator[Batch]:
        """A model with a state sees all vectors in one session; else each part starts one, since that loads faster."""
        program = firmware.program
        together = len(parts) if program.state_bytes else 1
        for start in range(0, len(parts), max(together, 1)):
            with self._session(firmware, parts[start].tobytes(), ()) as client:
                yield client.batch(len(parts[start]), program.output_bytes)
                for part in parts[start + 1 : start + together]:
                    client.load(part.tobytes(), client.info().line_bytes)
                    yield client.batch(len(part), program.output_bytes)

    def _parts(self, firmware: Firmware, vectors: NDArray[np.int8]) -> list[NDArray[np.int8]]:
        """As many vectors at a time as the spare memory holds; one where it holds none (it then waits in the arena)."""
        room = max(spare_memory(firmware.elf).bytes // max(vectors.shape[1], 1), 1)
        return [vectors[start : start + room] for start in range(0, len(vectors), room)]

    @contextlib.contextmanager
    def _session(self, firmware: Firmware, data: bytes, options: Sequence[str]) -> Iterator[DeviceClient]:
        """A running firmware with `data` in its buffer."""
        spare = spare_memory(firmware.elf)
        with tempfile.TemporaryDirectory(prefix="mlforge-") as scratch:
            file = Path(scratch) / "buffer"
            file.write_bytes(data)
            preload = qemu.Preload(file, spare.origin) if 0 < len(data) <= spare.bytes else None
            with qemu.running(
                self.board, firmware.elf, preload=preload, options=options, timeout_s=self.timeout_s
            ) as client:
                if data and preload is None:
                    client.load(data, client.info().line_bytes)
                yield client

    def _require(self) -> None:
        if reason := self.unavailable():
            raise TargetUnavailableError(f"{self.name}: {reason}")


def spare_memory(elf: Path) -> Region:
    """Where the image leaves room for vectors; see ports/baremetal/linker.ld.j2."""
    with elf.open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".symtab")
        found = [
            table.get_symbol_by_name(name) if isinstance(table, SymbolTableSection) else None
            for name in ("mlforge_spare_start", "mlforge_spare_end")
        ]
    bounds = [symbols[0]["st_value"] for symbols in found if symbols]
    if len(bounds) != 2:
        raise RunError(f"{elf.name} is no measuring firmware: it does not tell its spare memory")
    return Region(bounds[0], bounds[1] - bounds[0])


def _with_frames(vectors: NDArray[np.int8], frames: NDArray[np.int32] | None) -> tuple[bytes, int]:
    """Vectors, and behind them, aligned, the frames; with the frames' offset."""
    data = vectors.tobytes()
    padded = data + bytes(-len(data) % 16)
    return (data, 0) if frames is None else (padded + frames.astype("<i4").tobytes(), len(padded))
