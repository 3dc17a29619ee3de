"""Releases of a real application: signed by Zephyr's step and by ours, the same bytes wherever they are built."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from mlforge.cli.main import main
from mlforge.toolchain.zephyr import ZephyrBuild
from tests.programs.locked_app import lock_model, locked_app, tiny_tflite
from tests.programs.require import zephyr_missing
from tests.unit.bundle.images import keys
from tests.zephyr.workspace import Workspace, boards

pytestmark = pytest.mark.zephyr

HERE = Path(__file__).parent
BOARD = "mps2/an385"
PRODUCT = "nrf52840dk/nrf52840"  # has slots, and something to flash them with
SLOTS = """\
/ {
	chosen {
		zephyr,code-partition = &slot0_partition;
	};
};

&flash0 {
	partitions {
		compatible = "fixed-partitions";
		#address-cells = <1>;
		#size-cells = <1>;

		slot0_partition: partition@40000 {
			reg = <0x40000 0x40000>;
		};

		slot1_partition: partition@80000 {
			reg = <0x80000 0x40000>;
		};
	};
};
"""


def _app(directory: Path) -> Path:
    app = directory / "app"
    shutil.copytree(HERE / "parity", app)
    (app / "app.overlay").write_text(SLOTS)
    with (app / "prj.conf").open("a") as file:
        file.write("CONFIG_MLFORGE_BUNDLE=y\nCONFIG_BOOTLOADER_MCUBOOT=y\nCONFIG_BUILD_OUTPUT_HEX=y\n")
        file.write(f'CONFIG_MCUBOOT_SIGNATURE_KEY_FILE="{keys("ecdsa-p256", "build").private}"\n')
    locked_app(app)
    with (app / "mlforge.yaml").open("a") as file:
        file.write("target: {board: mps2/an385}\n")
    lock_model(app, tiny_tflite())
    return _with_bundle(app, "1.2.0", 0.6)


def _with_bundle(app: Path, version: str, enter: float) -> Path:
    contract = app / "mlforge.yaml"
    searched = contract.read_text().partition("bundle:")[0]
    contract.write_text(f"{searched}bundle: {{version: {version}, thresholds: {{enter: {enter}}}}}\n")
    parts = zip(("VERSION_MAJOR", "VERSION_MINOR", "PATCHLEVEL"), version.split("."), strict=True)
    text = "".join(f"{name} = {part}\n" for name, part in parts) + "VERSION_TWEAK = 0\nEXTRAVERSION =\n"
    if not (app / "VERSION").is_file() or (app / "VERSION").read_text() != text:
        (app / "VERSION").write_text(text)
    return app


def _bundle(app: Path, *more: str) -> int:
    return main(["bundle", str(app), "-d", str(app.parent / "build"), *more])


@pytest.mark.parametrize("board", boards(BOARD))
@pytest.mark.usefixtures("need_toolchain")
def test_a_release(zephyr: Workspace, board: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app, build = _app(tmp_path / "one"), tmp_path / "one" / "build"
    release, built_with = keys("ed25519", "release"), keys("ecdsa-p256", "build")
    assert _bundle(app, "--key", str(release.private)) == 0
    image, manifest = build / "bundle" / "activity.signed.bin", json.loads((build / "bundle/bundle.json").read_text())
    assert str(release.private) not in capsys.readouterr().out + (build / "bundle" / "bundle.json").read_text()
    assert manifest["sbom"]["files"], manifest["sbom"]["unavailable"]
    assert main(["bundle", str(app), "--verify", str(image), "--key", str(release.public)]) == 0
    for kind in ("bin", "hex"):
        signed = build / "zephyr" / f"zephyr.signed.{kind}"
        assert main(["bundle", str(app), "--verify", str(signed), "--key", str(built_with.public)]) == 0
    _the_same_wherever_it_is_built(zephyr, app, build, tmp_path / "somewhere" / "else")
    capsys.readouterr()
    _thresholds_alone(zephyr, app, build, capsys)


def _the_same_wherever_it_is_built(zephyr: Workspace, app: Path, build: Path, elsewhere: Path) -> None:
    elsewhere.mkdir(parents=True)
    other = shutil.copytree(app, elsewhere / "application")
    settings = {"CONFIG_BUILD_OUTPUT_META": "y"}
    zephyr.real.build(ZephyrBuild(other, elsewhere / "b", BOARD, settings=settings))
    first, second = (path / "zephyr" / "zephyr.bin" for path in (build, elsewhere / "b"))
    assert first.read_bytes() == second.read_bytes()


def _thresholds_alone(zephyr: Workspace, app: Path, build: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Other thresholds are one object and a link; the next release says so in its version; an older one is refused."""
    _with_bundle(app, "1.2.0", 0.7)
    printed = zephyr.ninja(build).stdout
    compiled = re.findall(r"Building C(?:XX)? object (\S+)", printed)
    compiled = [path for path in compiled if "zephyr_final" not in path]
    assert [Path(path).name for path in compiled] == ["activity_bundle.c.obj"], compiled
    _with_bundle(app, "1.3.0", 0.7)
    assert _bundle(app) == 0
    assert json.loads((build / "bundle/bundle.json").read_text())["versions"]["thresholds"] == "1.3.0"
    _with_bundle(app, "1.2.9", 0.7)
    assert _bundle(app) == 1
    assert "older than the release before it, 1.3.0" in capsys.readouterr().err
    assert json.loads((build / "bundle/bundle.json").read_text())["versions"]["firmware"] == "1.3.0"


@pytest.mark.parametrize("board", boards(PRODUCT))
@pytest.mark.usefixtures("need_toolchain")
def test_west_flash_programs_the_bundle(zephyr: Workspace, board: str, tmp_path: Path) -> None:
    """With a programmer that only writes down what it is told."""
    app, build, told = _app(tmp_path / "one"), tmp_path / "one" / "build", tmp_path / "told"
    (app / "app.overlay").unlink()
    if not (zephyr.base.parent / "modules" / "hal" / "nordic").is_dir():
        zephyr_missing("the workspace has no hal_nordic")
    zephyr.real.build(ZephyrBuild(app, build, PRODUCT))
    programmer = tmp_path / "bin" / "pyocd"
    programmer.parent.mkdir()
    programmer.write_text(f'#!/bin/sh\necho "$@" >> {told}\n')
    programmer.chmod(0o755)
    environment = {**zephyr.environment(), "PATH": f"{programmer.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [zephyr.real.python, "-m", "west", "flash", "-d", build, "--runner", "pyocd", "--skip-rebuild"],
        cwd=zephyr.base,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    [programmed] = [Path(word) for word in told.read_text().split() if word.endswith(".hex")]
    assert programmed == build / "zephyr" / "zephyr.signed.hex"
    signer = str(keys("ecdsa-p256", "build").public)
    assert main(["bundle", str(app), "--verify", str(programmed), "--key", signer]) == 0
