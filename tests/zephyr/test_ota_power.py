"""Power that fails, before any store to the flash: of an upload, of a swap, of a trial, or of the way back. The device
boots one of its two bundles whole, and what was begun can be ended.

By default some moments on one board; MLFORGE_TEST_OTA=all takes 20 of each, on all boards.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from mlforge.errors import LinkError
from tests.zephyr.conftest import ALL_OTA
from tests.zephyr.ota_app import NEW, OLD, Field, Ota, runs, update

pytestmark = pytest.mark.zephyr

JUMPING = "Jumping to the first image slot"  # what MCUboot says last
CUTS = 20 if ALL_OTA else 5


def test_cuts_in_an_upload(ota: Ota, field: Field) -> None:
    old, new = ota.signed(OLD), ota.signed(NEW)
    for stores in _moments(len(new), seed=1):  # the simulated flash is written byte by byte
        field.off()
        device = field.device(old, cut_after=stores)
        assert runs(device) == "1.0"
        with pytest.raises(LinkError), device.smp() as client:
            for _ in client.upload(new):
                pass
        device.restart()
        assert runs(device) == "1.0"
        assert device.flash.holds(0, old)
    update(device, new)
    assert runs(device) == "1.1"
    assert device.flash.holds(0, new)


def test_cuts_in_a_swap(ota: Ota, field: Field) -> None:
    old, new = ota.signed(OLD), ota.signed(NEW)
    for stores in _moments(_stores_of_a_swap(ota, field), seed=2):
        field.off()
        device = field.device(old, update=new, cut_after=stores)
        assert device.loses_power()
        device.start()
        assert runs(device) == "1.1", f"the swap that ended before store {stores} was not gone on with"
        assert device.flash.holds(0, new)
        assert device.flash.holds(1, old)


def test_a_swap_that_is_cut_again_and_again(ota: Ota, field: Field) -> None:
    old, new = ota.signed(OLD), ota.signed(NEW)
    chosen, most = random.Random(3), _stores_of_a_swap(ota, field) // 4
    device = field.device(old, update=new, cut_after=chosen.randrange(most // 2, most))
    cuts = 0
    while device.loses_power(unless=JUMPING):
        cuts += 1
        device.start(cut_after=chosen.randrange(most // 2, most))
    assert cuts >= 4
    assert runs(device) == "1.1"
    assert device.flash.holds(0, new)
    assert device.flash.holds(1, old)


def test_cuts_on_trial(ota: Ota, field: Field) -> None:
    """While the device notes that there is a trial, confirms, and forgets the note: old or new, but for good."""
    old, new = ota.signed(OLD), ota.signed(NEW)
    swapped = _stores_of_a_swap(ota, field)
    device = field.device(old, update=new, cut_after=0)
    assert runs(device) == "1.1"
    for stores in _moments(device.stores() - swapped, seed=4):
        field.off()
        device = field.device(old, update=new, cut_after=swapped + stores)
        assert device.loses_power()
        device.start()
        version = runs(device)
        assert version in ("1.0", "1.1")
        assert device.flash.holds(0, old if version == "1.0" else new)
        device.restart()
        assert runs(device) == version


def _stores_of_a_swap(ota: Ota, field: Field) -> int:
    """To bring in an update that then does nothing at all."""
    device = field.device(ota.signed(OLD), update=ota.signed(NEW, "init"), cut_after=0)
    device.wait_for(JUMPING)
    device.cut()
    return device.stores()


def test_cuts_on_the_way_back(ota: Ota, field: Field) -> None:
    old, bad = ota.signed(OLD), ota.signed(NEW, "hang")
    tried = field.device(old, update=bad)
    tried.wait_for("app 1.1 not confirmed")
    tried.cut()
    content = tried.flash.content()
    tried.start(cut_after=0)
    assert runs(tried) == "1.0"
    for stores in _moments(tried.stores(), seed=5):
        tried.cut()
        tried.flash.write(0, content)
        tried.start(cut_after=stores)
        assert tried.loses_power()
        tried.start()
        assert runs(tried) == "1.0", f"cut before store {stores}"
        assert tried.flash.holds(0, old)
        tried.restart()
        assert runs(tried) == "1.0"


def _moments(stores: int, seed: int) -> Iterator[int]:
    """Numbers of stores, one in each of CUTS equal stretches."""
    chosen = random.Random(seed)
    for index in range(CUTS):
        yield chosen.randrange(stores * index // CUTS, stores * (index + 1) // CUTS) + 1
