"""Flash and RAM by owner, from an image's program headers and symbols."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlforge.measure.image import Image, Symbol, read_image
from mlforge.measure.owners import Owner, Owners, models_in, pipelines_in
from mlforge.records.cost import FlashUse, RamUse
from mlforge.records.program import Firmware

# Owners of an application's image that the limits of a contract do not count.
NOT_THE_MODELS: Final = (Owner.APPLICATION,)
_FLASH_SHARES: Final = (Owner.WEIGHTS, Owner.CODE, Owner.KERNELS, Owner.FEATURES)


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes by owner. `unnamed` is what no symbol claims: padding, unnamed constants, the stack's reservation."""

    flash_bytes: int
    ram_bytes: int
    flash: Mapping[Owner, int]
    ram: Mapping[Owner, int]
    unnamed_flash_bytes: int
    unnamed_ram_bytes: int


def footprint(elf: Path) -> Footprint:
    """Who uses flash and RAM in any image that holds compiled models.

    Raises:
        BuildError: not an ELF image with symbols.
    """
    image = read_image(elf)
    owners = Owners(models_in(image.symbols), pipelines_in(image.symbols))
    flash = _by_owner(owners, (symbol for symbol in image.symbols if symbol.in_flash))
    ram = _by_owner(owners, (symbol for symbol in image.symbols if symbol.in_ram))
    return Footprint(
        image.flash_bytes,
        image.ram_bytes,
        flash,
        ram,
        image.flash_bytes - sum(flash.values()),
        image.ram_bytes - sum(ram.values()),
    )


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
    flash = sum(size for owner, size in found.flash.items() if owner not in NOT_THE_MODELS)
    ram = sum(size for owner, size in found.ram.items() if owner not in NOT_THE_MODELS)
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
