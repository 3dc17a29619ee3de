"""Flash and RAM of an image by what they are for, and what a model adds to one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mlforge.measure.account import AccountedImage, flash_by_category, ram_by_category, read_account
from mlforge.measure.elf_image import Image, read_image
from mlforge.measure.parts import part_of
from mlforge.records.categories import Category, Part
from mlforge.records.cost import FlashUse, RamUse
from mlforge.records.program import Firmware

# What of an image the limits of a contract do not count.
NOT_THE_MODELS: Final = (Category.APPLICATION,)
_FLASH_SHARES: Final = (Category.WEIGHTS, Category.CODE, Category.KERNELS, Category.FEATURES)


@dataclass(frozen=True, slots=True)
class OwnUse:
    """What one model of an image takes for itself, without the runtime that models share."""

    flash: Mapping[Category, int]
    ram: Mapping[Category, int]


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes by category, of all models together. `flash_parts` and `ram_parts` tell which library all that is not the
    models' is from; `unnamed` is what no object claims: padding, the stack's reservation, what linker scripts add."""

    flash_bytes: int
    ram_bytes: int
    flash: Mapping[Category, int]
    ram: Mapping[Category, int]
    unnamed_flash_bytes: int
    unnamed_ram_bytes: int
    flash_parts: Mapping[Part, int] = field(default_factory=dict)
    ram_parts: Mapping[Part, int] = field(default_factory=dict)
    models: Mapping[str, OwnUse] = field(default_factory=dict)


def footprint(elf: Path) -> Footprint:
    """Who uses flash and RAM in an image, where its build left it.

    Raises:
        BuildError: not an ELF image with symbols, or one of which no account can be made; see toolchain/linked.py.
    """
    found = read_account(elf)
    flash, ram = flash_by_category(found.shares), ram_by_category(found.shares)
    flash_parts, ram_parts = _parts(found)
    own_flash, own_ram = sum(flash.values()), sum(ram.values())
    flash[Category.APPLICATION], ram[Category.APPLICATION] = sum(flash_parts.values()), sum(ram_parts.values())
    return Footprint(
        found.image.flash_bytes,
        found.image.ram_bytes,
        flash,
        ram,
        found.image.flash_bytes - own_flash - flash[Category.APPLICATION],
        found.image.ram_bytes - own_ram - ram[Category.APPLICATION],
        flash_parts,
        ram_parts,
        {model: _own(found, model) for model in found.models},
    )


def _own(found: AccountedImage, model: str) -> OwnUse:
    own = [share for share in found.shares if share.model == model]
    return OwnUse(flash_by_category(own), ram_by_category(own))


def _parts(found: AccountedImage) -> tuple[dict[Part, int], dict[Part, int]]:
    """Flash and RAM by library, of what is no model's."""
    flash, ram = dict.fromkeys(Part, 0), dict.fromkeys(Part, 0)
    for origin in found.linked.origins:
        section = found.image.section_at(origin.piece.address)
        if section is None or (origin.unit and origin.unit.category is not Category.APPLICATION):
            continue
        part = part_of(origin)
        flash[part] += origin.piece.size_bytes if section.in_flash else 0
        ram[part] += origin.piece.size_bytes if section.in_ram else 0
    for share in found.shares:
        within = found.linked.at(share.address)
        if within and within.unit and within.unit.category is Category.APPLICATION:
            flash[part_of(within)] -= share.size_bytes if share.in_flash else 0
            ram[part_of(within)] -= share.size_bytes if share.in_ram else 0
    return flash, ram


def added_by_model(firmware: Firmware) -> tuple[FlashUse, RamUse]:
    """What model, runtime and features add to the baseline image; without one, what of the image is theirs.

    Raises:
        BuildError: an image cannot be read, or no account of it can be made.
    """
    found = read_account(firmware.elf)
    shares = found.used_by(firmware.program.name)
    flash, ram = flash_by_category(shares), ram_by_category(shares)
    if firmware.baseline_elf is None:
        return _flash_use(sum(flash.values()), flash), _ram_use(sum(ram.values()), ram)
    baseline: Image = read_image(firmware.baseline_elf)
    return (
        _flash_use(found.image.flash_bytes - baseline.flash_bytes, flash),
        _ram_use(found.image.ram_bytes - baseline.ram_bytes, ram),
    )


def _flash_use(total: int, flash: Mapping[Category, int]) -> FlashUse:
    """What is loaded into RAM (an initialised arena, a service's state) takes flash, too: it is `other`."""
    weights, code, kernels, features = (flash[category] for category in _FLASH_SHARES)
    return FlashUse(total, weights, code, kernels, features, other=total - weights - code - kernels - features)


def _ram_use(total: int, ram: Mapping[Category, int]) -> RamUse:
    arena, features = ram[Category.ARENA], ram[Category.FEATURES]
    return RamUse(total, arena, features, other=total - arena - features)
