"""How long a Zephyr application on an emulated Cortex-M locks interrupts, and which function does.

The application's own image runs unchanged. What locks is found in its code (CPS and MSR, Armv7-M Architecture Reference
Manual, B5.2), what is executed of it QEMU's plugin tells. Sleep takes no instructions, and so no time.
"""

from __future__ import annotations

import tempfile
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from mlforge.errors import BuildError, RunError, ToolError
from mlforge.records.scheduling import Blocking, Locked
from mlforge.targets.qemu import Machine, shift_of
from mlforge.toolchain.plugin import blocking_plugin
from mlforge.toolchain.process import find, run

_SET, _CLEAR, _RAISE, _RESTORE, _UNLOCKED = 1, 2, 3, 4, 5
_CPS: Final = {0xB672: _SET, 0xB662: _CLEAR}  # cpsid i, cpsie i
_MSR: Final = 0xF380  # with the register in the lowest four bits
_SPECIAL: Final = {0x8810: _CLEAR, 0x8811: _RESTORE, 0x8812: _RAISE}  # PRIMASK, BASEPRI, BASEPRI_MAX
# Handlers of Zephyr's that no locked interrupt reaches.
_HANDLERS: Final = frozenset({"z_arm_pendsv", "_isr_wrapper"})
_EXECUTABLE: Final = 4  # SHF_EXECINSTR
_WALL_S: Final = 300.0


def blocking(elf: Path, machine: Machine, clock_hz: int, seconds: float) -> Blocking:
    """Runs the application for so many seconds' worth of instructions at about that clock: QEMU's instructions take a
    power of two of nanoseconds.

    Raises:
        BuildError: it is no image, or has no symbols.
        RunError: it ended early, or QEMU's words.
        ToolError: QEMU is not installed.
    """
    if find(machine.qemu) is None:
        raise ToolError(f"{machine.qemu} is not installed", hint="`west mlforge doctor` helps")
    shift = shift_of(clock_hz)
    per_us = 1000 / (1 << shift)
    starts, names, marks = _read(elf)
    with tempfile.TemporaryDirectory(prefix="mlforge-") as scratch:
        given, out = Path(scratch) / "marks", Path(scratch) / "locked"
        given.write_text("".join(f"{at:x} {at + 1:x} {kind}\n" for at, kind in marks.items()), encoding="ascii")
        plugin = f"{blocking_plugin(machine.qemu)},places={given},out={out},limit={round(seconds * 1e6 * per_us)}"
        command: list[str | Path] = [machine.qemu, "-M", machine.machine, *machine.options, "-nodefaults"]
        command += ["-no-user-config", "-display", "none", "-monitor", "none", "-serial", "null"]
        command += ["-icount", f"shift={shift},sleep=off", "-kernel", elf, "-plugin", plugin]
        done = run(command, timeout_s=_WALL_S)
        text = out.read_text(encoding="ascii") if out.exists() else ""
    if done.status != 0 or "\nE " not in f"\n{text}":
        raise RunError(f"{machine.qemu} ended before {seconds:g} s of the application were over", log=done.output)
    return Blocking(tuple(_by_function(text, starts, names, per_us)), seconds, per_us)


def _by_function(text: str, starts: list[int], names: list[str], per_us: float) -> list[Locked]:
    found: dict[str, Locked] = {}
    for line in text.splitlines():
        kind, *words = line.split()
        if kind != "L":
            continue
        at = bisect_right(starts, int(words[0], 16)) - 1
        name = names[at] if at >= 0 else words[0]
        times, longest, total = (int(word) for word in words[1:])
        before = found.get(name, Locked(name, 0, 0.0, 0.0))
        found[name] = Locked(
            name,
            before.times + times,
            max(before.longest_us, longest / per_us),
            before.total_us + total / per_us,
        )
    return sorted(found.values(), key=lambda each: (-each.longest_us, each.function))


def _read(elf: Path) -> tuple[list[int], list[str], dict[int, int]]:
    """Where each function begins, their names, and what locks and unlocks where. Raises BuildError."""
    if elf.exists() and not elf.is_file() and not elf.is_dir():  # a pipe would be waited for
        raise BuildError(f"cannot read {elf}: not a file")
    try:
        with elf.open("rb") as stream:
            image = ELFFile(stream)
            if image["e_machine"] != "EM_ARM":
                raise BuildError(f"{elf} is for {image.get_machine_arch()}: only Cortex-M's locks are known")
            table = image.get_section_by_name(".symtab")
            if not isinstance(table, SymbolTableSection):
                raise BuildError(f"{elf.name} has no symbol table")
            functions = sorted(
                (symbol["st_value"] & ~1, symbol.name)
                for symbol in table.iter_symbols()
                if symbol["st_info"]["type"] == "STT_FUNC" and symbol["st_value"]
            )
            marks = {
                address: kind
                for section in image.iter_sections()
                if section["sh_flags"] & _EXECUTABLE
                for address, kind in _locks(section["sh_addr"], section.data())
            }
    except OSError as error:
        raise BuildError(f"cannot read {elf}: {(error.strerror or str(error)).lower()}") from error
    except ELFError as error:
        raise BuildError(f"{elf} is no ELF image: {str(error).lower()}") from error
    marks |= {start: _UNLOCKED for start, name in functions if name in _HANDLERS}
    return [start for start, _ in functions], [name for _, name in functions], marks


def _locks(start: int, data: bytes) -> Iterator[tuple[int, int]]:
    """Each halfword that could be such an instruction: what is data is never executed, and so never seen."""
    words = [int.from_bytes(data[at : at + 2], "little") for at in range(0, len(data) - 1, 2)]
    for index, word in enumerate(words):
        if word in _CPS:
            yield start + 2 * index, _CPS[word]
        elif word & 0xFFF0 == _MSR and index + 1 < len(words) and words[index + 1] in _SPECIAL:
            yield start + 2 * index, _SPECIAL[words[index + 1]]
