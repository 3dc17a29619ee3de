"""Limits that say `auto` on real builds, held against what Zephyr's own linker says of them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from mlforge.app.free_memory import resolve
from mlforge.cli.main import main
from mlforge.contract.contract import Contract
from mlforge.contract.load import load_contract
from mlforge.errors import LimitError
from mlforge.measure.headroom import rooms
from tests.programs.locked_app import lock_model, locked_app, tiny_tflite
from tests.zephyr.workspace import Workspace

pytestmark = pytest.mark.zephyr

SLOT_BYTES = 0x18000
SLOTS = """\
/ { chosen { zephyr,code-partition = &slot0_partition; }; };
&flash0 {
	write-block-size = <4>;
	erase-block-size = <1024>;
	partitions {
		compatible = "fixed-partitions";
		#address-cells = <1>;
		#size-cells = <1>;
		slot0_partition: partition@c000 { reg = <0xc000 0x18000>; };
		slot1_partition: partition@24000 { reg = <0x24000 0x18000>; };
	};
};
"""
HOG = """
#include <zephyr/init.h>

static volatile uint8_t hog[64000];

static int hold(void)
{
	hog[1] = 1;
	return 0;
}
SYS_INIT(hold, APPLICATION, 0);
"""


def _app(directory: Path) -> Contract:
    """The parity application, without numbers for flash and RAM."""
    app = directory / "app"
    shutil.copytree(Path(__file__).parent / "parity", app)
    locked_app(app)
    text = (app / "mlforge.yaml").read_text().replace("flash: 32 KiB", "flash: auto")
    text = text.replace("ram: 10 KiB", "ram: auto") + "target: {board: qemu_cortex_m3}\n"
    (app / "mlforge.yaml").write_text(text)
    lock_model(app, tiny_tflite())
    return load_contract(app)


@pytest.mark.parametrize("board", ["qemu_cortex_m3"])
@pytest.mark.usefixtures("need_toolchain")
def test_west_build_holds_the_image_against_what_it_leaves(
    zephyr: Workspace, board: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contract, build = _app(tmp_path), tmp_path / "build"
    app = contract.app_dir
    printed = zephyr.build(app, build, board)
    used = {name: int(size) for name, size in re.findall(r"^\s*(FLASH|RAM):\s+(\d+) B ", printed, re.MULTILINE)}
    elf = build / "zephyr" / "zephyr.elf"
    found = rooms(elf, contract.name)
    assert {name: found[name].app_bytes + found[name].model_bytes for name in found} == {
        "flash": used["FLASH"],
        "ram": used["RAM"],
    }
    assert found["flash"].free_bytes == 256 * 1024 - used["FLASH"] + found["flash"].model_bytes
    assert "limits.flash: auto, " in printed
    assert f"{-used['FLASH']:+,}  the image" in printed
    capsys.readouterr()
    assert main(["check", str(app), "--image", str(elf), "--json"]) == 0
    limits = json.loads(capsys.readouterr().out)
    assert [limit["limit_bytes"] for limit in limits["limits"]] == [found[name].free_bytes for name in ("flash", "ram")]
    assert limits["limits"][0]["used_bytes"] == found["flash"].model_bytes
    assert limits["limits"][1]["used_bytes"] == found["ram"].model_bytes


@pytest.mark.parametrize("board", ["qemu_cortex_m3"])
@pytest.mark.usefixtures("need_toolchain", "zephyr")
def test_an_app_in_a_slot_of_mcuboot(board: str, tmp_path: Path) -> None:
    contract = _app(tmp_path)
    app = contract.app_dir
    (app / "sysbuild.conf").write_text("SB_CONFIG_BOOTLOADER_MCUBOOT=y\n")
    (app / "app.overlay").write_text(SLOTS)
    flash = resolve(contract, print).rooms["flash"]
    # trailer: 128 sectors * 3 * 4 bytes + 48, in sectors; and a sector to move (see measure/headroom.py)
    assert flash.free_bytes == SLOT_BYTES - 1_024 - 2_048 - 1_024 - flash.app_bytes
    assert flash.items[0].source.endswith("/partitions/partition@c000")
    main_c = app / "src" / "main.c"
    main_c.write_text(main_c.read_text() + HOG)
    with pytest.raises(LimitError, match=r"no room is left for a model: .* \d+ bytes too large for RAM of " + board):
        resolve(contract, print)
