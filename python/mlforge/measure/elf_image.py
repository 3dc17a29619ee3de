"""An ELF as the accounting sees it: what its program headers load, and who its symbols are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from mlforge.errors import BuildError
from mlforge.toolchain.link_map import Region

_ALLOCATED: Final = 2  # SHF_ALLOC
_WRITABLE: Final = 1  # SHF_WRITE
_EXECUTABLE: Final = 4  # SHF_EXECINSTR
# What pyelftools raises, besides its own errors, where a number in the file leads nowhere.
_STUMBLES: Final = (LookupError, ValueError, TypeError, AttributeError, OverflowError, MemoryError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Symbol:
    """A function or object. `file` is the source file that a local symbol belongs to; empty for a global one.

    `in_flash` and `in_ram` say where its bytes lie; initialised data lies in both, as does what is copied at boot."""

    name: str
    file: str
    address: int
    size_bytes: int
    in_flash: bool
    in_ram: bool


@dataclass(frozen=True, slots=True)
class Segment:
    """What a program header loads: `file_bytes` at `load_address`, which take `memory_bytes` at `address` in use."""

    load_address: int
    file_bytes: int
    address: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of addresses in use; see Symbol for where its bytes lie."""

    address: int
    size_bytes: int
    in_flash: bool
    in_ram: bool
    name: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """`flash_bytes`: what the segments load. `ram_bytes`: all writable memory, the stack's reservation included."""

    flash_bytes: int
    ram_bytes: int
    symbols: tuple[Symbol, ...]
    segments: tuple[Segment, ...]
    sections: tuple[Section, ...] = ()

    def section_at(self, address: int) -> Section | None:
        return next((each for each in self.sections if each.address <= address < each.address + each.size_bytes), None)

    def load_address(self, address: int) -> int:
        """Where a byte lies before the start-up code has copied it."""
        segment = next((segment for segment in self.segments if _loads(segment, address)), None)
        return address if segment is None else segment.load_address + address - segment.address

    def in_memory(self, regions: Sequence[Region]) -> Image:
        """The same image, with what the linker knew of the memory: what it placed in memory that nobody can write takes
        no RAM, whatever the section's flags say (tables of constants are often marked as writable; link-time
        optimisation marks all of them)."""

        def placed(section: Section) -> Section:
            held = [region.writable for region in regions if region.holds(section.address)]
            constant = bool(held) and not any(held) and not _copied(section.address, self.segments)
            return replace(section, in_ram=section.in_ram and not constant)

        sections = tuple(map(placed, self.sections))
        constants = {
            (each.address, each.address + each.size_bytes)
            for each, before in zip(sections, self.sections, strict=True)
            if before.in_ram and not each.in_ram
        }
        symbols = tuple(
            replace(symbol, in_ram=False) if any(low <= symbol.address < high for low, high in constants) else symbol
            for symbol in self.symbols
        )
        written = sum(section.size_bytes for section in sections if section.in_ram)
        return replace(self, sections=sections, symbols=symbols, ram_bytes=written)


def read_image(elf: Path) -> Image:
    """Raises BuildError for a file that is no ELF image with symbols."""
    try:
        with elf.open("rb") as stream:
            file = ELFFile(stream)
            table = file.get_section_by_name(".symtab")
            if not isinstance(table, SymbolTableSection):
                raise BuildError(f"{elf} has no symbol table")
            sections = [
                section for section in file.iter_sections() if section["sh_flags"] & _ALLOCATED and section["sh_size"]
            ]
            segments = tuple(
                Segment(segment["p_paddr"], segment["p_filesz"], segment["p_vaddr"], segment["p_memsz"])
                for segment in file.iter_segments("PT_LOAD")
            )
            loaded = sum(segment.file_bytes for segment in segments)
            places = tuple(_place(section, segments) for section in sections)
            written = sum(place.size_bytes for place in places if place.in_ram)
            return Image(loaded, written, tuple(_symbols(file, table, segments)), segments, places)
    except OSError as error:
        raise BuildError(f"cannot read {elf}: {(error.strerror or str(error)).lower()}") from error
    except ELFError as error:
        raise BuildError(f"{elf} is no ELF image: {str(error).lower()}") from error
    except _STUMBLES as error:
        raise BuildError(f"{elf} is a damaged ELF image: {str(error).lower()}") from error


def _place(section: Any, segments: tuple[Segment, ...]) -> Section:
    """Written to is RAM, as is what was copied there. Zephyr's vector table is marked as writable, but as code, too."""
    address, flags = section["sh_addr"], section["sh_flags"]
    written = flags & (_WRITABLE | _EXECUTABLE) == _WRITABLE
    in_flash = section["sh_type"] != "SHT_NOBITS"
    return Section(address, section["sh_size"], in_flash, written or _copied(address, segments), section.name)


def _symbols(file: Any, table: Any, segments: tuple[Segment, ...]) -> Iterator[Symbol]:
    """Each address once: of several names of one object, the first."""
    sections = list(file.iter_sections())
    source = ""
    seen: set[int] = set()
    for entry in table.iter_symbols():
        info, index = entry["st_info"], entry["st_shndx"]
        if info["type"] == "STT_FILE":
            source = entry.name
        if info["type"] not in ("STT_FUNC", "STT_OBJECT") or not isinstance(index, int) or not entry["st_size"]:
            continue
        section, address = sections[index], entry["st_value"] & ~(info["type"] == "STT_FUNC")
        if not section["sh_flags"] & _ALLOCATED or address in seen:
            continue
        seen.add(address)
        place, local = _place(section, segments), info["bind"] == "STB_LOCAL"
        name, size_bytes = entry.name, entry["st_size"]
        yield Symbol(name, source if local else "", address, size_bytes, place.in_flash, place.in_ram)


def _copied(address: int, segments: tuple[Segment, ...]) -> bool:
    """Whether what is used at the address was loaded at another: the start-up code copies it."""
    return any(segment.load_address != segment.address and _loads(segment, address) for segment in segments)


def _loads(segment: Segment, address: int) -> bool:
    return bool(segment.file_bytes) and segment.address <= address < segment.address + segment.memory_bytes
