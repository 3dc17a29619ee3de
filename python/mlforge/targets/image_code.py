"""What of an application's image is whose, for a plugin that watches it run: threads, handlers, operators,
stages of features, frames. For Zephyr on Cortex-M.

What a function is follows from the object that the linker took it from, from the vector table, and from Zephyr's table
of interrupts; only Zephyr's own functions are known by name.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path
from typing import Any, Final

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from mlforge.errors import BuildError
from mlforge.records.categories import Category
from mlforge.targets.counting import Function, functions
from mlforge.toolchain.linked import Linked, read_linked

_LOADS: Final = (b"\x90\xe8\xf0\x1f", b"\xf0\xc8")  # ldmia r0, {r4-r11, ip}; on Armv6-M ldmia r0!, {r4-r7}
_WRAPPER: Final = "_isr_wrapper"
_SWITCH: Final = "z_arm_pendsv"
_EXITS: Final = frozenset({"z_arm_exc_exit", "z_arm_int_exit"})
_NO_HANDLERS: Final = frozenset({_SWITCH, "z_arm_reset", "__start"})
_FIRST_THREAD: Final = "bg_thread_main"
_FRAMES: Final = ("mlforge_service_submit", "mlforge_features_push")
_THREADS: Final[Mapping[str, str]] = {"z_main_thread": "main", "z_idle_threads": "idle", "k_sys_work_q": "sysworkq"}
_MOST_BYTES: Final = 1024  # of a function in assembler
_OBJECT: Final = "_k_thread_obj_"  # of K_THREAD_DEFINE
_ARCHIVES: Final = frozenset({"libc.a", "libc_nano.a", "libm.a", "libgcc.a"})


class Kind(Enum):
    OTHER = auto()  # of the application and of Zephyr
    INSIDE = auto()  # kernels and the C library: part of whatever called
    HANDLER = auto()
    ROUTINE = auto()  # what the wrapper of interrupts calls
    EXIT = auto()
    SWITCH = auto()
    MAIN = auto()  # the first thread begins
    FRAME = auto()
    INFERENCE = auto()
    BETWEEN = auto()  # generated code from operator to operator
    OPERATOR = auto()
    STAGE = auto()


@dataclass(frozen=True, slots=True)
class Watched:
    """`places` is the plugin's file, `kinds` what each of its ids is, `switch` the instruction that reads the registers
    of the next thread. `threads` are the objects of threads: where each begins, ends, and its name."""

    places: str
    kinds: Mapping[int, tuple[Kind, str]]
    switch: int
    threads: tuple[tuple[int, int, str], ...]

    def thread_at(self, address: int) -> str:
        """The name of the thread whose object holds the address; the address where none is known to."""
        index = bisect_right(self.threads, address, key=lambda one: one[0]) - 1
        if index >= 0 and address < self.threads[index][1]:
            return self.threads[index][2]
        return f"thread at {address:#x}"


def watch(elf: Path) -> Watched:
    """Raises BuildError where it is no Zephyr image for Cortex-M, or its record does not tell what is what."""
    linked, found = read_linked(elf), _with_ends(functions(elf))
    with elf.open("rb") as stream:
        image = ELFFile(stream)
        table = image.get_section_by_name(".symtab")
        if not isinstance(table, SymbolTableSection):
            raise BuildError(f"{elf.name} has no symbol table")
        objects = {
            symbol.name: (symbol["st_value"], symbol["st_size"])
            for symbol in table.iter_symbols()
            if symbol["st_info"]["type"] == "STT_OBJECT" and symbol["st_size"]
        }
        routines = set(_words(image, objects.get("_sw_isr_table")))
        handlers = {*_words(image, _section(image, "rom_start")), *_words(image, objects.get("_irq_vector_table"))}
        code = next((_bytes(image, one.start, one.size_bytes) for one in found if one.name == _SWITCH), b"")
    starts = [one.start for one in found if one.name == _SWITCH]
    at = next((offset for load in _LOADS if (offset := code.rfind(load)) >= 0), -1)
    if not starts or at < 0:
        raise BuildError(f"{elf.name} is no image of Zephyr for a Cortex-M: how it switches threads is unknown")
    frames = next((name for name in _FRAMES if any(one.name == name for one in found)), "")
    ids: dict[tuple[Kind, str], int] = {}
    lines = []
    behind = 0
    for function in found:
        if function.start < behind:  # an alias
            continue
        behind = function.start + function.size_bytes
        for begin, end, what in _places(function, linked, handlers, routines, frames):
            lines.append(f"{begin:x} {end:x} {ids.setdefault(what, len(ids))}\n")
    threads = sorted((start, start + size, _thread_name(name)) for name, (start, size) in objects.items())
    return Watched("".join(lines), {number: what for what, number in ids.items()}, starts[0] + at, tuple(threads))


def _with_ends(found: Sequence[Function]) -> tuple[Function, ...]:
    """Functions in assembler have no size: they end where the next one begins."""
    starts = sorted({one.start for one in found})
    return tuple(one if one.size_bytes else replace(one, size_bytes=_until_next(starts, one.start)) for one in found)


def _until_next(starts: Sequence[int], start: int) -> int:
    index = bisect_right(starts, start)
    return min(starts[index] - start, _MOST_BYTES) if index < len(starts) else 2


def _places(
    function: Function, linked: Linked, handlers: set[int], routines: set[int], frames: str
) -> Iterator[tuple[int, int, tuple[Kind, str]]]:
    """A function's first instruction may stand for its being called, all others for its code."""
    start, end, name = function.start, function.start + function.size_bytes, function.name
    code = _code(function, linked)
    entry: tuple[Kind, str] | None = None
    if name in _EXITS:
        entry = Kind.EXIT, ""
    elif name == _SWITCH:
        code = Kind.SWITCH, ""
    elif name == _FIRST_THREAD:
        entry = Kind.MAIN, ""
    elif start in handlers and name not in _NO_HANDLERS:
        entry = Kind.HANDLER, "" if name == _WRAPPER else name
    elif start in routines:
        entry = Kind.ROUTINE, name
    elif name == frames:
        entry = Kind.FRAME, name
    elif code[0] is Kind.BETWEEN:
        entry = Kind.INFERENCE, code[1]
    if entry is not None and end - start > 2:
        yield start, start + 2, entry
        start += 2
    yield start, end, entry if entry is not None and start == function.start else code


def _code(function: Function, linked: Linked) -> tuple[Kind, str]:
    unit = function.unit
    if unit is None:
        origin = linked.at(function.start)
        archive = origin.file.rpartition("(")[0].rpartition("/")[2] if origin else ""
        return (Kind.INSIDE, "") if archive in _ARCHIVES else (Kind.OTHER, "")
    category = unit.symbols.get(function.name, unit.category)
    if unit.model and function.name == f"{unit.model}_invoke":
        return Kind.BETWEEN, unit.model
    if unit.model and (operator := re.match(rf"{re.escape(unit.model)}_op(\d+)_(\w+)", function.name)):
        return Kind.OPERATOR, f"{operator[1]} {operator[2].upper()}"
    if category is Category.FEATURES:
        origin = linked.at(function.start)
        stem = origin.file.removesuffix(")").rpartition("(")[2].rpartition("/")[2].split(".")[0] if origin else ""
        return Kind.STAGE, "pipeline" if unit.model else stem
    return (Kind.INSIDE, "") if category is Category.KERNELS else (Kind.OTHER, "")


def _thread_name(name: str) -> str:
    return _THREADS.get(name, name.removeprefix(_OBJECT))


def _words(image: Any, place: tuple[int, int] | None) -> Iterator[int]:
    """The words of a table as addresses of code."""
    data = _bytes(image, *place) if place else b""
    for at in range(0, len(data) - 3, 4):
        yield int.from_bytes(data[at : at + 4], "little") & ~1


def _section(image: Any, name: str) -> tuple[int, int] | None:
    section = image.get_section_by_name(name)
    return (section["sh_addr"], section["sh_size"]) if section is not None else None


def _bytes(image: Any, start: int, size_bytes: int) -> bytes:
    for section in image.iter_sections():
        begin = section["sh_addr"]
        if section["sh_type"] == "SHT_PROGBITS" and begin <= start < begin + section["sh_size"]:
            return bytes(section.data()[start - begin : start - begin + size_bytes])
    return b""
