"""A measuring firmware in QEMU: sessions with its memory filled beforehand, and exact counts."""

from __future__ import annotations

import contextlib
import functools
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection
from numpy.typing import NDArray

from mlforge.errors import RunError
from mlforge.records.program import Firmware
from mlforge.records.timeline import Timeline
from mlforge.targets import counting, device, qemu, tracing
from mlforge.targets.boards import Region
from mlforge.targets.device import Device
from mlforge.targets.program_files import checked_inputs
from mlforge.targets.protocol import DeviceClient
from mlforge.targets.qemu import Machine
from mlforge.targets.target import Profile, Window
from mlforge.toolchain.plugin import counting_plugin, tracing_plugin


@dataclass(frozen=True, slots=True)
class Emulated:
    """`timeout_s` limits how long one inference may take before the firmware counts as hanging."""

    machine: Machine
    firmware: Firmware
    timeout_s: float

    @property
    def device(self) -> Device:
        """For running without counting."""
        session = functools.partial(self._session, options=())
        return Device(self.firmware, session, spare_memory(self.firmware.elf).bytes)

    def profile(self, inputs: NDArray[np.int8], frames: NDArray[np.int32] | None) -> Profile:
        """See Target.profile."""
        program, elf = self.firmware.program, self.firmware.elf
        vectors = checked_inputs(program, inputs)
        image = counting.functions(elf)
        with tempfile.TemporaryDirectory(prefix="mlforge-") as scratch:
            marks, out = Path(scratch) / "marks", Path(scratch) / "counts"
            marks.write_text(counting.marks(image, program), encoding="ascii")
            plugin = f"{counting_plugin(self.machine.qemu)},places={marks},out={out}"
            data, offset = device.with_frames(vectors, frames)
            with self._session(data, options=(*qemu.COUNTED, "-plugin", plugin)) as client:
                batch = client.batch(len(vectors), program.output_bytes)
                features = device.extract_streamed(client, frames, offset) if frames is not None else None
            counts = counting.read_counts(out.read_text(encoding="ascii"), image, program)
        if len(counts.inferences) != len(vectors):
            raise RunError(f"QEMU counted {len(counts.inferences)} of {len(vectors)} inferences")
        windows, last = _by_input(counts.features, completed=features is not None and features.completed)
        return Profile(
            counts.inferences,
            windows,
            batch.stack_bytes,
            features.stack_bytes if features else 0,
            f"counted in QEMU, {self.machine.machine}",
            last,
        )

    def trace(self, inputs: NDArray[np.int8], frames: NDArray[np.int32] | None) -> Timeline:
        """What runs when, while raw frames pass the features and inputs the network. Raises BuildError, RunError."""
        program, elf = self.firmware.program, self.firmware.elf
        vectors = checked_inputs(program, inputs)
        found = tracing.watched(elf, program)
        with tempfile.TemporaryDirectory(prefix="mlforge-") as scratch:
            ranges, out = Path(scratch) / "ranges", Path(scratch) / "events"
            ranges.write_text(found.ranges, encoding="ascii")
            plugin = f"{tracing_plugin(self.machine.qemu)},places={ranges},out={out}"
            data, offset = device.with_frames(vectors, frames)
            with self._session(data, options=(*qemu.COUNTED, "-plugin", plugin)) as client:
                completed = 0 if frames is None else len(device.extract(client, frames, offset).rows)
                client.batch(len(vectors), program.output_bytes)
            text = out.read_text(encoding="ascii")
        return tracing.read_events(text, found, program, self.machine.machine, completed)

    @contextlib.contextmanager
    def _session(self, data: bytes, options: Sequence[str]) -> Iterator[DeviceClient]:
        """A running firmware with `data` in its buffer."""
        elf = self.firmware.elf
        spare = spare_memory(elf)
        with tempfile.TemporaryDirectory(prefix="mlforge-") as scratch:
            file = Path(scratch) / "buffer"
            file.write_bytes(data)
            preload = qemu.Preload(file, spare.origin) if 0 < len(data) <= spare.bytes else None
            with qemu.running(self.machine, elf, preload=preload, options=options, timeout_s=self.timeout_s) as client:
                if data and preload is None:
                    client.load(data, client.info().line_bytes)
                yield client


def _by_input(windows: tuple[Window, ...], *, completed: bool) -> tuple[tuple[Window, ...], Window | None]:
    """Windows by model input, and the share of the last frame, which came alone: with it a window begins anew. What
    completes no input has a window, too: the frames before the last one, and the end of both runs."""
    if not completed:
        return windows[:-2], None
    *whole, rest, last, _ = windows
    return (*whole, Window(rest.blocks + last.blocks)), last


def spare_memory(elf: Path) -> Region:
    """Where the image leaves room for vectors: the linker scripts of ports/ define its bounds. Raises RunError."""
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
