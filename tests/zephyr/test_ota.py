"""Releases in the field: real MCUboot in QEMU, updates that arrive by SMP, and updates that are bad.

Whatever arrives, a device runs a bundle that somebody has signed for it, and goes back to the one before where the new
one does not prove itself. By default on one board; MLFORGE_TEST_OTA=all takes all of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mlforge.bundle.block import Block, Version
from mlforge.bundle.sections import SelfTest, Threshold, Thresholds
from mlforge.cli.main import main
from tests.zephyr.mcuboot import ERASED, SLOT_BYTES, STORAGE, STORAGE_BYTES, Device
from tests.zephyr.ota_app import NEW, OLD, Field, Ota, runs, update

pytestmark = pytest.mark.zephyr

# What goes wrong, and the reason that the device gives for it afterwards (docs/telemetry.md): none where it was reset
# before it could note anything.
BEHAVIOURS = {"init": None, "hang": 15, "deaf": 15, "dies": 15, "sick": 12, "late": 9}


def _wrong_answer(block: Block) -> Block:
    """The model does not compute what the bundle says that it does."""
    test = block.section(SelfTest)
    assert test is not None
    output = test.vectors[1].output
    vectors = list(test.vectors)
    vectors[1] = replace(vectors[1], output=bytes([output[0] ^ 1]) + output[1:])
    return _with(block, SelfTest(tuple(vectors)))


def _stricter(block: Block) -> Block:
    """Other thresholds, of a version of their own."""
    section = block.section(Thresholds)
    assert section is not None
    items = tuple(Threshold(item.enter + 1, item.leave) for item in section.items)
    versions = replace(block.versions, thresholds=Version.parse(NEW))
    return _with(replace(block, versions=versions), replace(section, items=items))


def _with(block: Block, section: SelfTest | Thresholds) -> Block:
    kept = (section if each.kind is section.kind else each for each in block.sections)
    return replace(block, sections=tuple(kept))


BLOCKS: dict[str, tuple[Callable[[Block], Block], int]] = {
    "wrong-answer": (_wrong_answer, 8),
    "thresholds-of-another-contract": (lambda block: replace(block, contract=bytes(32)), 3),
    "thresholds-of-another-model": (lambda block: replace(block, model=bytes(32)), 4),
    "of-another-board": (lambda block: replace(block, board="mps2/an521/cpu0"), 5),
}


def test_a_good_bundle_boots(ota: Ota, field: Field) -> None:
    device = field.device(ota.signed(OLD))
    assert runs(device) == "1.0"
    device.restart()
    assert runs(device) == "1.0"


def test_a_good_update_is_tried_and_confirmed(
    ota: Ota, field: Field, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = ota.signed(OLD), ota.signed(NEW)
    device = field.device(old)
    assert runs(device) == "1.0"
    assert _update(device, new, tmp_path, "--key", str(ota.public_key)) == 0, capsys.readouterr().err
    device.wait_for("app 1.1 not confirmed")
    assert runs(device) == "1.1"
    assert device.flash.image_ok(0)
    device.restart()
    device.wait_for("app 1.1 confirmed")
    assert device.flash.holds(0, new)
    assert device.flash.holds(1, old)


def test_other_thresholds_alone_are_an_update(ota: Ota, field: Field) -> None:
    device = field.device(ota.signed(OLD), update=ota.signed(NEW, change=_stricter))
    assert runs(device) == "1.1"
    with device.smp() as client:
        facts = client.facts()
    assert facts is not None
    assert (facts.model, facts.thresholds, facts.board) == (OLD, NEW, ota.board.name)


@pytest.mark.parametrize("behaviour", BEHAVIOURS)
def test_an_update_that_behaves_badly_is_rolled_back(ota: Ota, field: Field, behaviour: str) -> None:
    device = field.device(ota.signed(OLD))
    assert runs(device) == "1.0"
    device.flash.install(1, ota.signed(NEW, behaviour), test=True)
    device.restart()
    if behaviour == "init" and not ota.board.early_watchdog:
        device.wait_for("Jumping to the first image slot")
        device.restart()
    _has_gone_back(ota, device, BEHAVIOURS[behaviour])


@pytest.mark.parametrize("what", BLOCKS)
def test_an_update_whose_bundle_does_not_suit_it_is_rolled_back(ota: Ota, field: Field, what: str) -> None:
    """All of them are signed with the right key: MCUboot boots them."""
    change, reason = BLOCKS[what]
    device = field.device(ota.signed(OLD), update=ota.signed(NEW, change=change))
    _has_gone_back(ota, device, reason)


def _has_gone_back(ota: Ota, device: Device, reason: int | None) -> None:
    assert runs(device) == "1.0"
    with device.smp() as client:
        state = client.state()
    assert state is not None
    assert state.confirmed
    assert (state.failure.reason, state.failure.firmware) == (reason, NEW) if state.failure else reason is None
    assert "1.1 running" not in device.log.read_text()
    assert device.flash.holds(0, ota.signed(OLD))
    device.restart()
    assert runs(device) == "1.0"


def test_a_factory_image_whose_bundle_does_not_suit_it_infers_nothing(ota: Ota, field: Field) -> None:
    """There is no release to go back to; it can still be updated."""
    device = field.device(ota.signed(OLD, change=_wrong_answer))
    device.wait_for("app 0.0 refused")
    update(device, ota.signed(NEW))
    assert runs(device) == "1.1"


def test_what_the_host_says_of_an_update(
    ota: Ota, field: Field, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    device = field.device(ota.signed(OLD))
    assert runs(device) == "1.0"
    other_board, _ = BLOCKS["of-another-board"]
    assert _update(device, ota.signed(NEW, change=other_board), tmp_path) == 1
    assert "mps2/an521/cpu0" in capsys.readouterr().err
    assert _update(device, ota.signed(NEW, change=_wrong_answer), tmp_path, "--json") == 3
    assert json.loads(capsys.readouterr().out)["ending"] == "rolled back"
    assert _update(device, ota.signed(NEW), tmp_path) == 0
    capsys.readouterr()
    assert _update(device, ota.signed(OLD), tmp_path) == 1
    assert "the device runs 1.1.0, which is newer" in capsys.readouterr().err


def test_telemetry_of_a_device(ota: Ota, field: Field, capsys: pytest.CaptureFixture[str]) -> None:
    device = field.device(ota.signed(OLD), update=ota.signed(NEW, "sick"))
    assert runs(device) == "1.0"
    assert main(["monitor", "--port", device.port, "--once", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert OLD in json.dumps(told), told


def test_no_way_back_to_an_older_release(ota: Ota, field: Field) -> None:
    """MCUboot erases it, whoever asked for it; only a release that is not confirmed goes back."""
    new = ota.signed(NEW)
    device = field.device(new)
    assert runs(device) == "1.1"
    update(device, ota.signed(OLD))
    device.wait_for("downgrade prevention")
    assert runs(device) == "1.1"
    assert device.flash.holds(0, new)
    assert device.flash.read(SLOT_BYTES, SLOT_BYTES) == ERASED * SLOT_BYTES


@pytest.mark.parametrize("content", ["full", "zeros", "noise"])
def test_whatever_is_in_the_storage(ota: Ota, field: Field, content: str) -> None:
    """What cannot be noted is not known afterwards; updates are confirmed and rolled back all the same."""
    device = field.device(ota.signed(OLD, content if content == "full" else "good"))
    if content == "full":
        device.wait_for("app has filled its storage: [1-9]")
    assert runs(device) == "1.0"
    if content != "full":
        device.cut()
        noise = b"\x00" if content == "zeros" else bytes(range(1, 255))
        device.flash.write(STORAGE, (noise * STORAGE_BYTES)[:STORAGE_BYTES])
        device.start()
        assert runs(device) == "1.0"
    for word, expected in (("sick", "1.0"), ("good", "1.1")):
        device.cut()
        device.flash.install(1, ota.signed(NEW, word), test=True)
        device.start()
        device.wait_for("app 1.1 not confirmed")
        assert runs(device) == expected
    assert device.flash.image_ok(0)


def _update(device: Device, image: bytes, directory: Path, *words: str) -> int:
    """`west mlforge update`."""
    file = directory / "update.signed.bin"
    file.write_bytes(image)
    return main(["update", str(file), "--port", device.port, "--timeout", "60", *words])
