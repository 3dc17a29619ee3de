"""Flash and RAM by owner, from an image's program headers and symbols."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mlforge.measure.elf_image import Image, Symbol, read_image
from mlforge.measure.link_map import LinkMap, Part, link_map_of
from mlforge.measure.owners import Owner, Owners, models_in, pipelines_in
from mlforge.records.cost import FlashUse, RamUse
from mlforge.records.program import Firmware

# Owners of an application's image that the limits of a contract do not count.
NOT_THE_MODELS: Final = (Owner.APPLICATION,)
_FLASH_SHARES: Final = (Owner.WEIGHTS, Owner.CODE, Owner.KERNELS, Owner.FEATURES)


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes by owner. `unnamed` is what no symbol claims: padding, unnamed constants, the stack's reservation.

    Where the linker's map lies beside the image, `flash_parts` and `ram_parts` tell which library all that is not the
    model's is from, with a symbol or without, and what is left unnamed is padding. Else they are empty."""

    flash_bytes: int
    ram_bytes: int
    flash: Mapping[Owner, int]
    ram: Mapping[Owner, int]
    unnamed_flash_bytes: int
    unnamed_ram_bytes: int
    flash_parts: Mapping[Part, int] = field(default_factory=dict)
    ram_parts: Mapping[Part, int] = field(default_factory=dict)


def footprint(elf: Path) -> Footprint:
    """Who uses flash and RAM in any image that holds compiled models.

    Raises:
        BuildError: not an ELF image with symbols.
    """
    image = read_image(elf)
    owners = Owners(models_in(image.symbols), pipelines_in(image.symbols))
    flash = _by_owner(owners, (symbol for symbol in image.symbols if symbol.in_flash))
    ram = _by_owner(owners, (symbol for symbol in image.symbols if symbol.in_ram))
    link = link_map_of(elf)
    flash_parts, ram_parts = _parts(image, owners, link) if link else ({}, {})
    return Footprint(
        image.flash_bytes,
        image.ram_bytes,
        flash,
        ram,
        image.flash_bytes - _models(flash) - (sum(flash_parts.values()) or flash[Owner.APPLICATION]),
        image.ram_bytes - _models(ram) - (sum(ram_parts.values()) or ram[Owner.APPLICATION]),
        flash_parts,
        ram_parts,
    )


def _models(owned: Mapping[Owner, int]) -> int:
    """What of it is the model's and its runtime's."""
    return sum(size for owner, size in owned.items() if owner not in NOT_THE_MODELS)


def _parts(image: Image, owners: Owners, link: LinkMap) -> tuple[dict[Part, int], dict[Part, int]]:
    """Flash and RAM by library, less what of each piece is the model's."""
    flash, ram = dict.fromkeys(Part, 0), dict.fromkeys(Part, 0)
    sections = sorted(image.sections, key=lambda section: section.address)
    starts = [section.address for section in sections]

    def add(address: int, size_bytes: int, part: Part) -> None:
        index = bisect_right(starts, address) - 1
        if index < 0 or address >= starts[index] + sections[index].size_bytes:
            return  # of a section that is not loaded
        flash[part] += size_bytes if sections[index].in_flash else 0
        ram[part] += size_bytes if sections[index].in_ram else 0

    for piece in link.pieces:
        add(piece.address, piece.size_bytes, piece.part)
    for symbol in image.symbols:
        part = link.part_at(symbol.address)
        if part is not None and owners.of(symbol) not in NOT_THE_MODELS:
            add(symbol.address, -symbol.size_bytes, part)
    return flash, ram


def added_by_model(firmware: Firmware) -> tuple[FlashUse, RamUse]:
    """What model, runtime and features add to the baseline image; without one, what of the image is theirs by symbol.
    Raises BuildError where an image cannot be read."""
    if firmware.baseline_elf is None:
        return in_application(footprint(firmware.elf))
    image, baseline = read_image(firmware.elf), read_image(firmware.baseline_elf)
    known = {(symbol.name, symbol.file) for symbol in baseline.symbols}
    added = [symbol for symbol in image.symbols if (symbol.name, symbol.file) not in known]
    program = firmware.program
    pipelines = (program.pipeline_symbol, Path(program.pipeline_header).stem) if program.pipeline_symbol else ()
    owners = Owners((program.name,), pipelines)
    flash = _by_owner(owners, (symbol for symbol in added if symbol.in_flash))
    ram = _by_owner(owners, (symbol for symbol in added if symbol.in_ram))
    return _flash_use(image, baseline, flash), _ram_use(image, baseline, ram)


def in_application(found: Footprint) -> tuple[FlashUse, RamUse]:
    """What model, runtime and features take of an application's image: what its build is held against."""
    weights, code, kernels, features = (found.flash[owner] for owner in _FLASH_SHARES)
    # Constants that are loaded into RAM (an initialised arena, a service's state) take flash, too.
    flash, ram = _models(found.flash), _models(found.ram)
    arena, own = found.ram[Owner.ARENA], found.ram[Owner.FEATURES]
    return (
        FlashUse(flash, weights, code, kernels, features, other=flash - weights - code - kernels - features),
        RamUse(ram, arena, own, ram - arena - own),
    )


def _flash_use(image: Image, baseline: Image, flash: Mapping[Owner, int]) -> FlashUse:
    total = image.flash_bytes - baseline.flash_bytes
    weights, code, kernels, features = (flash[owner] for owner in _FLASH_SHARES)
    return FlashUse(total, weights, code, kernels, features, other=total - weights - code - kernels - features)


def _ram_use(image: Image, baseline: Image, ram: Mapping[Owner, int]) -> RamUse:
    total = image.ram_bytes - baseline.ram_bytes
    return RamUse(total, ram[Owner.ARENA], ram[Owner.FEATURES], total - ram[Owner.ARENA] - ram[Owner.FEATURES])


def _by_owner(owners: Owners, symbols: Iterable[Symbol]) -> dict[Owner, int]:
    totals = dict.fromkeys(Owner, 0)
    for symbol in symbols:
        totals[owners.of(symbol)] += symbol.size_bytes
    return totals
