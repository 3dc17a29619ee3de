"""What is checked of a block that only Zephyr's build understands: devicetree, and C that includes its headers."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from mlforge.toolchain.sources import root
from tests.docs.blocks import Block
from tests.docs.checks import FRAMES, framed
from tests.programs.require import zephyr_missing
from tests.zephyr.workspace import Workspace

APP = root() / "samples" / "activity"
BOARD = "mps2/an385"
PRODUCT = "nrf52840dk/nrf52840"  # has slots for MCUboot


def check_dts(block: Block, scratch: Path, zephyr: Workspace) -> None:
    """Configures a sample with the block in its frame as an overlay; warnings of devicetree are errors."""
    overlay = scratch / "block.overlay"
    overlay.write_text(framed(block, FRAMES / f"{block.marks['in']}.in"), encoding="utf-8")
    done = zephyr.configure(APP, scratch / "build", BOARD, overlays=(overlay,))
    if done.returncode != 0:
        raise ValueError(done.stdout[-4000:])


def check_c(block: Block, scratch: Path, zephyr: Workspace) -> None:
    """Builds a sample with the block, in its frame, as the program; `NAME.conf` beside the frame is its Kconfig."""
    app = shutil.copytree(APP, scratch / "app", ignore=shutil.ignore_patterns(".mlforge", "build"))
    name = block.marks["in"]
    (app / "src" / "main.c").write_text(framed(block, FRAMES / f"{name}.in"), encoding="utf-8")
    zephyr.build(app, scratch / "build", BOARD, conf_files=((FRAMES / name).with_suffix(".conf"),))


def check_kconfig(block: Block, scratch: Path, zephyr: Workspace) -> None:
    """Configures a sample with the block behind its frame; symbols that are unknown or do not become what the block
    says are errors."""
    if not (zephyr.base.parent / "modules" / "hal" / "nordic").is_dir():
        zephyr_missing("the workspace has no hal_nordic")
    fragment = scratch / "block.conf"
    fragment.write_text(block.text, encoding="utf-8")
    frame = FRAMES / f"{block.marks['in']}.conf"
    done = zephyr.configure(APP, scratch / "build", PRODUCT, conf_files=(frame, fragment))
    lost = [
        name for name in re.findall(r"(\w+)=", block.text) if f"{name.removeprefix('CONFIG_')} (defined" in done.stdout
    ]
    if done.returncode != 0 or lost:
        raise ValueError(f"{', '.join(lost)}\n{done.stdout[-4000:]}")


ZEPHYR_CHECKS: Mapping[str, Callable[[Block, Path, Workspace], None]] = {
    "dts": check_dts,
    "c": check_c,
    "kconfig": check_kconfig,
}
