"""Building the measuring firmware for a board of `boards.py`.

Three parts, of which only the last is compiled for each model: the runtime's archives (cached by core), the firmware
with its port and the baseline image (cached by board), and the generated model with the file that attaches it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlforge.records.categories import Category, Part
from mlforge.records.program import Firmware, Program
from mlforge.targets.boards import Board
from mlforge.targets.program_files import (
    ARENA,
    ATTACHMENT,
    attachment_template,
    generated_symbols,
    identity,
    no_attachment,
    write_program,
)
from mlforge.templating import render_file
from mlforge.toolchain import cross
from mlforge.toolchain.cache import cached, digest, digest_files
from mlforge.toolchain.link_record import LinkRecord, Unit, write_link_record
from mlforge.toolchain.sources import root, runtime_sources

_PORTS: Final[Mapping[str, tuple[str, ...]]] = {
    "cortex-m": ("startup_cortexm.c", "clock_systick.c", "board_cortexm.c"),
    "riscv": ("startup_riscv.S", "board_riscv.c"),
}
_FIRMWARE: Final = (
    "main.c",
    "benchmark.c",
    "bursts.c",
    "own.c",
    "buffer.c",
    "measure.c",
    "text.c",
    "wire_uint8.c",
    "wire_reconstruction.c",
)
# The folders of runtime/ that each part is made of.
_RUNTIME: Final = {Category.KERNELS: ("kernels",), Category.FEATURES: ("features", "decision")}


@dataclass(frozen=True, slots=True)
class Harness:
    """What all images of one board share."""

    key: str
    objects: tuple[Path, ...]
    script: Path
    baseline: Path


def build_firmware(board: Board, program: Program) -> Firmware:
    """The image of `program` for `board`; taken from the cache where this very program was built before.

    Raises:
        BuildError: the compiler or linker refused; its words are in `log`.
        ToolError: the cross compiler is missing or hung.
    """
    seconds: dict[str, float] = {}
    start = time.monotonic()
    harness, archives = _harness(board), _archives(board)
    seconds["shared"] = time.monotonic() - start

    def make(place: Path) -> None:
        started = time.monotonic()
        sources = write_program(program, place)
        objects = cross.compile_objects(board.core, sources, place, flags=_includes(place))
        seconds["compile"] = time.monotonic() - started
        started = time.monotonic()
        elf = place / "firmware.elf"
        cross.link(board.core, [*harness.objects, *objects, *archives.values()], harness.script, elf)
        write_link_record(elf, _record(program, harness, archives))
        seconds["link"] = time.monotonic() - started
        for item in objects:
            item.unlink()

    key = digest([board.name, harness.key, *(str(path) for path in archives.values()), *identity(program)])
    place = cached("firmware", key, make)
    return Firmware(board.name, board.core_name, place / "firmware.elf", harness.baseline, program, seconds)


def _record(program: Program, harness: Harness, archives: Mapping[Category, Path]) -> LinkRecord:
    """Whose each object of the link is. The model's own are named relative to the image."""
    attachment = f"{ATTACHMENT}.o"
    headers = [header for header in (program.pipeline_header, program.decision_header) if header]
    features = {f"{Path(header).stem}.c.o" for header in headers}
    generated = {f"{name}.o" for name in program.sources if name.endswith(".c")}
    units = [Unit(category, frozenset({str(path)})) for category, path in archives.items()]
    units += [
        Unit(Category.APPLICATION, frozenset(map(str, harness.objects)), part=Part.MEASURING),
        Unit(Category.APPLICATION, frozenset({attachment}), program.name, Part.MEASURING, {ARENA: Category.ARENA}),
        Unit(Category.CODE, frozenset(generated - features), program.name, symbols=generated_symbols(program)),
        Unit(Category.FEATURES, frozenset(features), program.name),
    ]
    return LinkRecord("", tuple(unit for unit in units if unit.files), sound=True)


def firmware_sources(board: Board) -> list[Path]:
    """The measuring firmware's sources, with those of the board's port."""
    names = (*_PORTS[board.core.family], f"uart_{board.uart}.c")
    ports = root() / "ports" / "baremetal"
    return [*(root() / "firmware" / name for name in _FIRMWARE), *(ports / name for name in names)]


def _harness(board: Board) -> Harness:
    directory, sources = root() / "ports" / "baremetal", firmware_sources(board)
    headers = [*_headers(), attachment_template(), directory / "linker.ld.j2"]
    key = digest(
        [
            cross.version(board.core),
            repr(board),
            *board.core.flags,
            *cross.C_FLAGS,
            *cross.LINK_FLAGS,
            digest_files([*sources, *headers]),
        ]
    )

    def make(place: Path) -> None:
        defines = (f"-DMLFORGE_UART_BASE={board.uart_base:#x}U", f"-DMLFORGE_CLOCK_HZ={board.clock_hz}U")
        cross.compile_objects(board.core, sources, place, flags=(*_includes(directory), *defines))
        script = place / "linker.ld"
        script.write_text(_linker_script(board), encoding="utf-8")
        app = place / "baseline" / "app.c"
        app.parent.mkdir()
        app.write_text(no_attachment(), encoding="utf-8")
        objects = [place / f"{source.name}.o" for source in sources]
        objects += cross.compile_objects(board.core, [app], app.parent, flags=_includes(place))
        cross.link(board.core, objects, script, place / "baseline.elf")

    place = cached(f"firmware-{board.name.replace('/', '-')}", key, make)
    objects = tuple(place / f"{source.name}.o" for source in sources)
    return Harness(key, objects, place / "linker.ld", place / "baseline.elf")


def _archives(board: Board) -> dict[Category, Path]:
    return {
        part: cross.archive(board.core, f"mlforge_{part}", runtime_sources(*folders))
        for part, folders in _RUNTIME.items()
    }


def _headers() -> list[Path]:
    places = ("runtime/include", "firmware", "ports/baremetal")
    return sorted(header for place in places for header in (root() / place).rglob("*.h"))


def _includes(*directories: Path) -> tuple[str, ...]:
    return cross.include_flags([root() / "runtime" / "include", root() / "firmware", *directories])


def _linker_script(board: Board) -> str:
    values = {"board": board.name, "flash": board.flash, "ram": board.ram, "spare": board.spare}
    return render_file(root() / "ports" / "baremetal" / "linker.ld.j2", {**values, "stack_bytes": board.stack_bytes})
