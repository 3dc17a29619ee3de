"""What an app leaves for a model: the account of recorded builds, and the builds of which there can be none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from mlforge.errors import BuildError, LimitError
from mlforge.measure import headroom as room
from mlforge.measure.account import Share
from mlforge.measure.build_facts import MAX_FILE_BYTES, read_zephyr_build
from mlforge.measure.elf_image import Image, Segment
from mlforge.measure.headroom import Room
from mlforge.records.categories import Category
from mlforge.toolchain.link_map import Region
from tests.unit.measure import zephyr_files
from tests.unit.measure.zephyr_files import write_build

FLASH, RAM = 0xC000, 0x2000_0000
SEGMENTS = (
    Segment(FLASH, 14_000, FLASH, 14_000),
    Segment(FLASH + 14_000, 54, RAM, 54),  # initialised data
    Segment(RAM + 56, 0, RAM + 56, 4_040),
)


def share(what: str, category: Category, address: int, size_bytes: int, *, ram: bool = False) -> Share:
    return Share(what, category, "activity", address, address, size_bytes, not ram, ram)


MODEL = (
    share("activity_model.c.obj", Category.CODE, FLASH + 100, 100),
    share("activity_w0", Category.WEIGHTS, FLASH + 300, 1_000),
    share("activity_arena", Category.ARENA, RAM + 100, 900, ram=True),
    share("activity_mlforge.c.obj", Category.CODE, RAM + 1_000, 1_024, ram=True),
)


@dataclass
class Accounted:
    """In place of an image that is read: `shares` are the model's."""

    shares: list[Share]

    @property
    def image(self) -> Image:
        return Image(0, 0, (), SEGMENTS)

    def used_by(self, model: str) -> tuple[Share, ...]:
        assert model == "activity"
        return tuple(self.shares)


@pytest.fixture
def image(monkeypatch: pytest.MonkeyPatch) -> list[Share]:
    """What of the image is the model's."""
    shares: list[Share] = []
    monkeypatch.setattr(room, "read_account", lambda elf: Accounted(shares))
    return shares


def rooms(elf: Path) -> dict[str, Room]:
    return room.rooms(elf, "activity")


def test_a_slot_of_mcuboot(image: list[Share], tmp_path: Path) -> None:
    found = rooms(write_build(tmp_path))
    flash, ram = found["flash"], found["ram"]
    # imgtool: 128 sectors * 3 states * 4 bytes + 4 flags * 8 + magic 16 = 1584, in sectors of 1024; and one to move
    assert [item.size_bytes for item in flash.items] == [98_304, -1_024, -2_048, -1_024, -14_054]
    assert flash.free_bytes == 80_154
    assert flash.items[0].source == "zephyr.map, CONFIG_FLASH_LOAD_SIZE, /soc/flash@0/partition@c000"
    assert [item.size_bytes for item in ram.items] == [65_536, -4_096]
    assert ram.items[0].source == "zephyr.map, CONFIG_SRAM_SIZE, /memory@20000000"


def test_the_models_share_is_given_back_and_the_services_is_not(image: list[Share], tmp_path: Path) -> None:
    without = rooms(write_build(tmp_path))
    image += MODEL
    found = rooms(write_build(tmp_path))
    assert (found["flash"].model_bytes, found["ram"].model_bytes) == (1_100, 900)
    assert found["flash"].free_bytes == without["flash"].free_bytes + 1_100
    assert found["ram"].free_bytes == without["ram"].free_bytes + 900
    assert found["flash"].app_bytes == 14_054 - 1_100


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"BOOTLOADER_MCUBOOT": "n"}, [98_304, -14_054]),
        ({"ROM_END_OFFSET": "0x800"}, [98_304, -14_054]),  # the linker has taken it off already
        ({"MCUBOOT_IMGTOOL_OVERWRITE_ONLY": "y"}, [98_304, -1_024, -1_024, -1_024, -14_054]),
        (
            {"MCUBOOT_BOOTLOADER_MODE_SWAP_USING_MOVE": "n", "MCUBOOT_BOOTLOADER_MODE_SWAP_SCRATCH": "y"},
            [98_304, -1_024, -1_584, -14_054],
        ),
    ],
)
@pytest.mark.usefixtures("image")
def test_what_mcuboot_needs_depends_on_how_it_swaps(
    changes: dict[str, str], expected: list[int], tmp_path: Path
) -> None:
    assert [item.size_bytes for item in rooms(write_build(tmp_path, **changes))["flash"].items] == expected


@pytest.mark.usefixtures("image")
def test_the_smaller_slot_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(zephyr_files, "DEVICETREE", zephyr_files.DEVICETREE.replace("98304", "65536"))
    flash = rooms(write_build(tmp_path))["flash"]
    assert flash.free_bytes == 65_536 - 1_584 - 1_024 - 14_054
    assert flash.items[-2].source == "/soc/flash@0/partition@24000: 65536 bytes"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"XIP": "n"}, "runs the image from RAM"),
        ({"ARCH_POSIX": "y"}, "is a program of this machine"),
    ],
)
@pytest.mark.usefixtures("image")
def test_builds_without_an_account(changes: dict[str, str], complaint: str, tmp_path: Path) -> None:
    with pytest.raises(LimitError, match=complaint):
        rooms(write_build(tmp_path, **changes))


@pytest.mark.usefixtures("image")
def test_sectors_that_devicetree_does_not_tell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(zephyr_files, "DEVICETREE", zephyr_files.DEVICETREE.replace("P_erase_block_size", "P_x"))
    with pytest.raises(LimitError, match="/soc/flash@0 has no erase-block-size") as caught:
        rooms(write_build(tmp_path))
    assert "add erase-block-size" in caught.value.hint


def test_an_arena_in_other_memory(image: list[Share], tmp_path: Path) -> None:
    image.append(share("activity_arena", Category.ARENA, 0x1000_0000, 900, ram=True))
    with pytest.raises(LimitError, match="activity_arena lies at 0x10000000, outside of the memory region RAM"):
        rooms(write_build(tmp_path))


def test_weights_in_other_memory(image: list[Share], tmp_path: Path) -> None:
    image += [*MODEL, share("activity_w1_weights", Category.WEIGHTS, 0x9000_0000, 900)]
    with pytest.raises(LimitError, match="activity_w1_weights lies at 0x90000000, outside of the memory region FLASH"):
        rooms(write_build(tmp_path))


@pytest.mark.usefixtures("image")
def test_a_linker_without_flash(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(zephyr_files, "MAP", zephyr_files.MAP.replace("FLASH  ", "SRAM0  "))
    with pytest.raises(LimitError, match="knows no memory FLASH, only IDT_LIST, RAM, SRAM0"):
        rooms(write_build(tmp_path))


@pytest.mark.parametrize("missing", [".config", "devicetree_generated.h", "zephyr.map"])
def test_an_image_elsewhere(missing: str, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=rf"is not in a Zephyr build directory: there is no {missing}"):
        read_zephyr_build(write_build(tmp_path, without=missing))


def test_a_map_without_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(zephyr_files, "MAP", "Linker script and memory map\n")
    with pytest.raises(BuildError, match="lists no memory"):
        read_zephyr_build(write_build(tmp_path))


def test_untrusted_files(tmp_path: Path) -> None:
    elf = write_build(tmp_path, FLASH_LOAD_SIZE="$(rm -rf /)", ROM_END_OFFSET="9" * 30, BOARD_TARGET='"\x00é"')
    build = read_zephyr_build(elf)
    assert (build.number("FLASH_LOAD_SIZE"), build.number("ROM_END_OFFSET")) == (0, 0)
    assert build.regions["RAM"] == Region("RAM", RAM, 65_536, writable=True)
    (elf.parent / ".config").write_bytes(b"\xff" * 100)
    assert read_zephyr_build(elf).config == {}
    with (elf.parent / "zephyr.map").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(BuildError, match="more than 64 MiB"):
        read_zephyr_build(elf)
