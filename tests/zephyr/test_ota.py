"""Releases in the field: real MCUboot in QEMU, updates that arrive by SMP, and updates that are bad.

Whatever arrives, a device runs a bundle that somebody has signed for it, and goes back to the one before where the new
one does not prove itself. By default on one board; MLFORGE_TEST_OTA=all takes all of them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mlforge.cli.main import main
from tests.zephyr.mcuboot import Device
from tests.zephyr.ota_app import NEW, OLD, Field, Ota, runs

pytestmark = [pytest.mark.zephyr, pytest.mark.timeout(900)]  # the first one builds


def test_a_good_bundle_boots(ota: Ota, field: Field) -> None:
    device = field.device(ota.signed(OLD))
    assert runs(device) == "1.0"
    device.restart()
    assert runs(device) == "1.0"


def test_an_update_is_tried_and_confirmed(
    ota: Ota, field: Field, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = ota.signed(OLD), ota.signed(NEW)
    device = field.device(old)
    assert runs(device) == "1.0"
    assert _update(device, new, tmp_path, "--key", str(ota.public_key)) == 0, capsys.readouterr().err
    device.wait_for("app 1.1 on trial")
    assert runs(device) == "1.1"
    assert device.flash.image_ok(0)
    device.restart()
    device.wait_for("app 1.1 confirmed")
    assert device.flash.holds(0, new)
    assert device.flash.holds(1, old)


def _update(device: Device, image: bytes, directory: Path, *words: str) -> int:
    """`west mlforge update`."""
    file = directory / "update.signed.bin"
    file.write_bytes(image)
    return main(["update", str(file), "--port", device.port, "--timeout", "60", *words])


@pytest.mark.parametrize("behaviour", ["hang", "crash"])
def test_an_update_that_goes_wrong_is_rolled_back(ota: Ota, field: Field, behaviour: str) -> None:
    device = field.device(ota.signed(OLD), update=ota.signed(NEW, behaviour))
    device.wait_for("app 1.1 on trial")
    device.restart()
    assert runs(device) == "1.0"
    _stays_with(device, "1.0")


def _stays_with(device: Device, version: str) -> None:
    device.restart()
    assert runs(device) == version
