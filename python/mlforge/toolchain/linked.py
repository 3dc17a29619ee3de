"""A linked image by origin: the linker's map and the build's own record, put together and held against the image.

Raises rather than guesses. Whoever accounts for bytes, or counts what was executed, asks here whose an address is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from mlforge.errors import BuildError
from mlforge.toolchain.link_map import LinkMap, OutputSection, Piece, Region, read_link_map
from mlforge.toolchain.link_record import LinkRecord, Unit, read_link_record, refuse_lto

_ALLOCATED: Final = 2  # SHF_ALLOC
# What pyelftools raises, besides its own errors, where a number in the file leads nowhere.
_STUMBLES: Final = (LookupError, ValueError, TypeError, AttributeError, OverflowError, MemoryError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Origin:
    """A piece of an image, and the unit of MLForge's that it is from; None for what is somebody else's. `file` is the
    object or archive(member) with its whole path."""

    piece: Piece
    file: str
    unit: Unit | None

    @property
    def end(self) -> int:
        return self.piece.address + self.piece.size_bytes


@dataclass(frozen=True, slots=True)
class Linked:
    """`origins` by address; they lie in sections of the image that take memory."""

    elf: Path
    map: Path
    record: LinkRecord
    regions: tuple[Region, ...]
    origins: tuple[Origin, ...]

    def at(self, address: int) -> Origin | None:
        """None for what the linker itself put there, such as padding."""
        index = bisect_right(self.origins, address, key=lambda origin: origin.piece.address) - 1
        return self.origins[index] if index >= 0 and address < self.origins[index].end else None

    def unit_at(self, address: int) -> Unit | None:
        origin = self.at(address)
        return origin.unit if origin else None


def read_linked(elf: Path) -> Linked:
    """An image with what lies beside it.

    Raises:
        BuildError: it is no ELF image; map or record is missing, damaged, or of another image; or one of our files was
            compiled for link-time optimisation.
    """
    sections = _sections(elf)
    record = read_link_record(elf)
    refuse_lto(record)
    link = read_link_map(elf)
    _refuse_another(elf, link, sections)
    loaded = {section.name for section in sections}
    units, origins = record.by_file(), []
    for piece in link.pieces:
        if piece.output in loaded:
            file = record.file(piece.source)
            unit = units.get(file) or (units.get(file.rpartition("(")[0]) if file.endswith(")") else None)
            origins.append(Origin(piece, file, unit))
    return Linked(elf, link.path, record, link.regions, tuple(origins))


def _sections(elf: Path) -> list[OutputSection]:
    """Those that take memory."""
    try:
        with elf.open("rb") as stream:
            return [
                OutputSection(section.name, section["sh_addr"], section["sh_size"])
                for section in ELFFile(stream).iter_sections()
                if section["sh_flags"] & _ALLOCATED and section["sh_size"]
            ]
    except OSError as error:
        raise BuildError(f"cannot read {elf}: {(error.strerror or str(error)).lower()}") from error
    except ELFError as error:
        raise BuildError(f"{elf} is no ELF image: {str(error).lower()}") from error
    except _STUMBLES as error:
        raise BuildError(f"{elf} is a damaged ELF image: {str(error).lower()}") from error


def _refuse_another(elf: Path, link: LinkMap, sections: Sequence[OutputSection]) -> None:
    """Every section of the image is the map's: an older map, or one of another link stage, tells other addresses."""
    for section in sections:
        if section not in link.sections:
            raise BuildError(
                f"{link.path} is the map of another link than {elf}: it has no section {section.name} of "
                f"{section.size_bytes} bytes at {section.address:#x}",
                hint="build again",
            )
