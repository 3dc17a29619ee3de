"""The same image with another size of its model's arena, without building it again: one word of the ELF file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from mlforge.errors import BuildError
from mlforge.records.program import Firmware


def with_arena(firmware: Firmware, arena_bytes: int, place: Path) -> Firmware:
    """A copy of the image, in the directory `place`, whose model's descriptor says `arena_bytes`, no more than it has.
    For engines that ask the descriptor; `struct mlforge_model` has the size behind a pointer.

    Raises:
        BuildError: the image has no such descriptor, or one that says another size than the program.
    """
    program, data = firmware.program, bytearray(firmware.elf.read_bytes())
    with firmware.elf.open("rb") as stream:
        file = ELFFile(stream)
        table = file.get_section_by_name(".symtab")
        symbols = table.get_symbol_by_name(program.model_symbol) if isinstance(table, SymbolTableSection) else None
        if not symbols or not isinstance(symbols[0]["st_shndx"], int):
            raise BuildError(f"{firmware.elf.name} has no {program.model_symbol}")
        section = file.get_section(symbols[0]["st_shndx"])
        order: Literal["little", "big"] = "little" if file.little_endian else "big"
        start = section["sh_offset"] + symbols[0]["st_value"] - section["sh_addr"] + file.elfclass // 8
    word = slice(start, start + 4)
    if int.from_bytes(data[word], order) != program.arena_bytes:
        raise BuildError(f"{firmware.elf.name}: {program.model_symbol} has no arena of {program.arena_bytes} bytes")
    data[word] = arena_bytes.to_bytes(4, order)
    path = place / f"{arena_bytes}{firmware.elf.suffix}"
    path.write_bytes(data)
    path.chmod(0o755)  # of native_sim, the image is a program
    return replace(firmware, elf=path)
