"""How much flash and RAM an application leaves for a model: an account of its own build, line by line.

    what the linker was given - what MCUboot needs in the slot - the image + what of it is the model's

The image's use of a region is counted as the linker's own summary counts it: from the region's start to the last byte.
Stacks are variables in Zephyr, so they are part of it. Nothing here knows a contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlforge.errors import LimitError
from mlforge.measure.account import Share, read_account
from mlforge.measure.build_facts import ZephyrBuild, read_zephyr_build
from mlforge.measure.elf_image import Image
from mlforge.records.categories import Category
from mlforge.toolchain.link_map import Region

# imgtool of MCUboot 2.1: what it reserves at the end of a slot, and what it appends to an image.
MAX_SECTORS: Final = 128  # imgtool's DEFAULT_MAX_SECTORS
LEAST_ALIGN: Final = 8  # imgtool's DEFAULT_MAX_ALIGN
MAGIC_BYTES: Final = 16
STATES_OF_A_SECTOR: Final = 3
FLAGS: Final = 4  # image_ok, copy_done, swap_info, swap_size
SIGNED_BYTES: Final = 1024  # hash, key hash, an RSA-3072 signature (4 + 36 + 36 + 388), and the facts of a bundle
_FLASH: Final = ("FLASH", "ROM")  # what Zephyr's linker scripts call it
_RAM: Final = ("RAM",)
_MOVING: Final = (
    "MCUBOOT_BOOTLOADER_MODE_SWAP_USING_MOVE",
    "MCUBOOT_BOOTLOADER_MODE_SWAP_USING_OFFSET",
    "MCUBOOT_BOOTLOADER_MODE_SWAP_WITHOUT_SCRATCH",
)


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the account: what is added (or, below zero, taken off), and the file, symbol or node it is from."""

    what: str
    size_bytes: int
    source: str


@dataclass(frozen=True, slots=True)
class Room:
    """What a build leaves of one memory for model, features and runtime; may be negative."""

    memory: str  # "flash" or "ram", as in the contract
    region: str  # the linker's name
    region_bytes: int
    app_bytes: int  # of the image, what is not the model's
    model_bytes: int  # of the image, what is
    service_bytes: int  # of the app's bytes, what is its inference service's
    items: tuple[Item, ...]

    @property
    def free_bytes(self) -> int:
        return sum(item.size_bytes for item in self.items)


def rooms(elf: Path, model: str) -> dict[str, Room]:
    """The account of flash and of RAM, of an image where `west build` left it. What is not the model's, or the
    runtime's for the model's sake, is the app's; so is another model.

    Raises:
        BuildError: not an image in a Zephyr build directory, or one without the model.
        LimitError: a build of which no such account can be made; the message says why.
    """
    build = read_zephyr_build(elf)
    if build.enabled("ARCH_POSIX"):
        raise LimitError(f"{build.board} is a program of this machine: it has neither flash nor RAM to leave any of")
    if not build.enabled("XIP"):
        raise LimitError(
            f"{build.board} runs the image from RAM (CONFIG_XIP is not set), flash and RAM are one memory: "
            "how much of it is for code is not for its build to say"
        )
    found = read_account(elf)
    shares = found.used_by(model)
    return {"flash": _flash(build, found.image, shares), "ram": _ram(build, found.image, shares)}


def _flash(build: ZephyrBuild, image: Image, shares: Sequence[Share]) -> Room:
    region = _region(build, _FLASH)
    used = max(
        (
            segment.load_address + segment.file_bytes - region.origin
            for segment in image.segments
            if segment.file_bytes and region.holds(segment.load_address)
        ),
        default=0,
    )
    _refuse_outside(region, (share for share in shares if share.category is Category.WEIGHTS))
    model = sum(share.size_bytes for share in shares if share.in_flash and region.holds(share.load_address))
    items = (
        Item(f"memory region {region.name}", region.size_bytes, _flash_source(build)),
        *_slot(build, region.size_bytes),
        *_image(build, used, model),
    )
    return Room("flash", region.name, region.size_bytes, used - model, model, 0, items)


def _ram(build: ZephyrBuild, image: Image, shares: Sequence[Share]) -> Room:
    region = _region(build, _RAM)
    used = max(
        (
            segment.address + segment.memory_bytes - region.origin
            for segment in image.segments
            if segment.memory_bytes and region.holds(segment.address)
        ),
        default=0,
    )
    inside = [share for share in shares if share.in_ram and region.holds(share.address)]
    _refuse_outside(region, (share for share in shares if share.category is Category.ARENA))
    # What of the model's code lies in RAM is its service's, which candidates are measured without.
    model = sum(share.size_bytes for share in inside if share.category is not Category.CODE)
    service = sum(share.size_bytes for share in inside if share.category is Category.CODE)
    items = (
        Item(f"memory region {region.name}", region.size_bytes, _ram_source(build)),
        *_image(build, used, model),
    )
    return Room("ram", region.name, region.size_bytes, used - model, model, service, items)


def _refuse_outside(region: Region, shares: Iterable[Share]) -> None:
    if stray := next((share for share in shares if not region.holds(share.address)), None):
        raise LimitError(
            f"{stray.what} lies at {stray.address:#x}, outside of the memory region {region.name}: "
            "how much of that memory is for a model is not for the build to say"
        )


def _image(build: ZephyrBuild, used: int, model: int) -> tuple[Item, ...]:
    name = f"{build.elf.name} ({build.board})"
    items = [Item("the image" if model else "the app", -used, f"{name}: program headers; stacks are part of it")]
    if model:
        items.append(Item("of it the model and its runtime", model, f"{name}: their objects in its map"))
    return tuple(items)


def _region(build: ZephyrBuild, names: tuple[str, ...]) -> Region:
    for name in names:
        if name in build.regions:
            return build.regions[name]
    raise LimitError(f"{build.board}: its linker knows no memory {names[0]}, only {', '.join(sorted(build.regions))}")


def _flash_source(build: ZephyrBuild) -> str:
    """Which symbols and node made the region what it is, as in Zephyr's linker scripts."""
    said = ["zephyr.map"]
    if build.number("FLASH_LOAD_SIZE"):
        said.append("CONFIG_FLASH_LOAD_SIZE")
        node = build.chosen("zephyr,code-partition") if build.enabled("USE_DT_CODE_PARTITION") else None
    else:
        said.append("CONFIG_FLASH_SIZE")
        node = build.chosen("zephyr,flash")
        if build.number("FLASH_LOAD_OFFSET"):
            said.append("less CONFIG_FLASH_LOAD_OFFSET")
    if build.number("ROM_END_OFFSET"):
        said.append("less CONFIG_ROM_END_OFFSET")
    return ", ".join([*said, *([node.path] if node else [])])


def _ram_source(build: ZephyrBuild) -> str:
    node = build.chosen("zephyr,sram")
    return ", ".join(["zephyr.map", "CONFIG_SRAM_SIZE", *([node.path] if node else [])])


def _slot(build: ZephyrBuild, slot_bytes: int) -> tuple[Item, ...]:
    """What MCUboot and imgtool need of the slot. The header is part of the image: CONFIG_ROM_START_OFFSET."""
    if not build.enabled("BOOTLOADER_MCUBOOT") or build.number("ROM_END_OFFSET"):
        return ()
    flash, slot = build.chosen("zephyr,flash"), build.chosen("zephyr,code-partition")
    where = slot.path if slot else "zephyr,code-partition"
    trailer, how = _trailer(build, (flash.number("P_write_block_size") if flash else None) or 4)
    items = [Item("MCUboot's signature and facts", -SIGNED_BYTES, "imgtool: at most, RSA-3072 and a bundle's facts")]
    room = slot_bytes - trailer
    if moving := next((symbol for symbol in _MOVING if build.enabled(symbol)), None):
        sector = (flash.number("P_erase_block_size") if flash else None) or 0
        if not sector:
            raise LimitError(
                f"{flash.path if flash else 'zephyr,flash'} has no erase-block-size, and MCUboot swaps whole sectors",
                hint="add erase-block-size to the flash node, or state the limit",
            )
        whole = -(-trailer // sector) * sector
        items.append(Item("MCUboot's trailer", -whole, f"{how}, in whole sectors; {where}"))
        items.append(Item("the sector that MCUboot moves", -sector, f"CONFIG_{moving}, erase-block-size"))
        room = slot_bytes - whole - sector
    else:
        items.append(Item("MCUboot's trailer", -trailer, f"{how}; {where}"))
    return (*items, *_other_slot(build, room, trailer))


def _trailer(build: ZephyrBuild, align: int) -> tuple[int, str]:
    """imgtool's Image._trailer_size, in bytes, and why. `align` is imgtool's --align as Zephyr gives it."""
    unit = max(align, LEAST_ALIGN)
    magic = -(-MAGIC_BYTES // unit) * unit
    if build.enabled("MCUBOOT_IMGTOOL_OVERWRITE_ONLY"):
        return 2 * unit + magic, "imgtool, overwriting only"
    states = MAX_SECTORS * STATES_OF_A_SECTOR * align
    return states + FLAGS * unit + magic, f"imgtool, {MAX_SECTORS} sectors, write-block-size {align}"


def _other_slot(build: ZephyrBuild, room: int, trailer: int) -> tuple[Item, ...]:
    """An update waits in the second slot, for which Zephyr signs images: it may be the smaller one."""
    if build.enabled("MCUBOOT_BOOTLOADER_MODE_SINGLE_APP"):
        return ()
    other = build.labelled("slot1_partition")
    size = other.size_bytes if other else None
    if other is None or size is None or size - trailer >= room:
        return ()
    return (Item("the second slot is smaller", size - trailer - room, f"{other.path}: {size} bytes"),)
