"""Which part of an application's image a file of its build belongs to, where it is none of MLForge's."""

from __future__ import annotations

import re
from typing import Final

from mlforge.records.categories import Part
from mlforge.toolchain.linked import Origin

# By the directories of Zephyr's build, in which libraries lie as their sources do.
_PARTS: Final = tuple(
    (re.compile(pattern), part)
    for pattern, part in (
        (r"^app/|^CMakeFiles/app", Part.APPLICATION),
        (r"/lib(c|m|gcc|nosys|stdc\+\+|supc\+\+|c_nano|m_nano)\.a\(|(^|/)lib/libc/|picolibc|newlib", Part.LIBRARY),
        (r"^(\./)?zephyr/drivers/", Part.DRIVERS),
        (r"^(\./)?zephyr/(kernel|arch|soc|boards|CMakeFiles)/|^(\./)?zephyr/lib(zephyr|isr_tables)\.a", Part.KERNEL),
        (r"^(\./)?zephyr/", Part.SUBSYSTEMS),
    )
)


def part_of(origin: Origin) -> Part:
    """As the build's record says of its own; else by the file's directory."""
    if origin.unit is not None and origin.unit.part is not None:
        return origin.unit.part
    return part_by_directory(origin.piece.source)


def part_by_directory(source: str) -> Part:
    """Of a file as the linker's map names it."""
    return next((part for pattern, part in _PARTS if pattern.search(source)), Part.MODULES)
