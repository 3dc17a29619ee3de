"""Deliveries to a device that accepts, refuses, cuts the link, lies, falls back, or is silent."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache, partial
from pathlib import Path
from tempfile import mkdtemp

import pytest

from mlforge.bundle import update as updating
from mlforge.bundle.block import Version, Versions, encode
from mlforge.bundle.keys import read_key
from mlforge.bundle.links import serial_link, udp_link
from mlforge.bundle.sign import sign
from mlforge.bundle.smp_device import connector
from mlforge.bundle.update import Ending, Observer, Options, Outcome, Package, Timeouts, open_package
from mlforge.bundle.verification import Expected
from mlforge.cli.main import main
from mlforge.errors import BundleError, DeviceError, LinkError
from tests.unit.bundle import images
from tests.unit.bundle.blocks import block
from tests.unit.bundle.fake_smp import FakeDevice, Faults, over_pty, over_socket, over_udp

OLD, NEW = "1.2.3", "1.3.0"
TIMEOUT_S = 0.25
WISHES = Options(timeouts=Timeouts(silence_s=1.0, test_boot_s=3.0, pause_s=0.02))
FACTS = {
    "name": "activity",
    "board": "mps2/an385",
    "firmware": OLD,
    "model": OLD,
    "thresholds": OLD,
    "calibration": OLD,
    "contract": bytes(32),
    "model_sha256": bytes(32),
}


@cache
def bundle(version: str, **changes: object) -> Path:
    """A signed image of about 8 KiB."""
    number = Version.parse(version)
    data = encode(block(versions=Versions(number, number, number, number), **changes))
    directory = Path(mkdtemp(prefix="mlforge-bundle-"))
    unsigned = directory / "zephyr.bin"
    unsigned.write_bytes(bytes(images.HEADER_BYTES) + bytes(range(256)) * 24 + data)
    sign(unsigned, directory / "signed.bin", images.keys().private, ("--version", version, *images.SIGNING[2:]))
    return directory / "signed.bin"


@cache
def package(version: str = NEW) -> Package:
    return open_package(bundle(version), Expected(read_key(images.keys().public)))


def device(faults: Faults | None = None, **changes: object) -> FakeDevice:
    made = FakeDevice(bundle(OLD).read_bytes(), facts=dict(FACTS), faults=faults or Faults())
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def deliver(made: FakeDevice, options: Options = WISHES, what: Package | None = None, **more: object) -> Outcome:
    with over_udp(made) as address:
        connect = connector(udp_link(address), TIMEOUT_S)
        return updating.update(connect, what or package(), options, Observer(**more))  # type: ignore[arg-type]


def test_a_good_bundle_is_confirmed() -> None:
    made, sent = device(), []
    outcome = deliver(made, sent=lambda done, total: sent.append((done, total)))
    assert outcome.ending is Ending.CONFIRMED
    assert (outcome.version, outcome.before) == (Version(1, 3, 0), Version(1, 2, 3))
    size_bytes = len(package().data)
    assert sent[-1] == (size_bytes, size_bytes)
    assert made.taken_bytes == size_bytes
    assert sent == sorted(sent)


@pytest.mark.parametrize("way", ["pty", "socket"])
def test_over_a_serial_port(way: str, tmp_path: Path) -> None:
    made = device()
    serve: dict[str, Callable[[], AbstractContextManager[str]]] = {
        "pty": partial(over_pty, made),
        "socket": partial(over_socket, made, Path(mkdtemp(prefix="mlforge-")) / "smp"),
    }
    with serve[way]() as name:
        outcome = updating.update(connector(serial_link(name), 1.0), package(), WISHES)
    assert outcome.ending is Ending.CONFIRMED
    assert made.starts == 1


def test_answers_that_come_too_late_are_no_answers() -> None:
    made = device(Faults(late=True))
    assert deliver(made).ending is Ending.CONFIRMED
    with over_socket(made, Path(mkdtemp(prefix="mlforge-")) / "smp") as name, connector(serial_link(name))() as client:
        assert [slot.version for slot in client.slots()] == [Version(1, 3, 0), Version(1, 2, 3)]


def test_an_upload_goes_on_where_the_link_was_cut() -> None:
    made = device(Faults(cut_at=[1500, 4000]))
    outcome = deliver(made)
    assert (outcome.ending, outcome.cuts) == (Ending.CONFIRMED, 2)
    assert made.starts == 1
    assert made.taken_bytes == len(package().data), "nothing was sent twice"


def test_an_upload_goes_on_after_the_command_was_ended() -> None:
    made = device()
    with over_udp(made) as address, connector(udp_link(address), TIMEOUT_S)() as first:
        sent = first.upload(package().data)
        while next(sent) < 3000:
            pass
    assert deliver(made).ending is Ending.CONFIRMED
    assert made.starts == 1
    assert made.taken_bytes == len(package().data)


def test_a_socket_that_hangs_up() -> None:
    made = device(Faults(cut_at=[2000]))
    with over_socket(made, Path(mkdtemp(prefix="mlforge-")) / "smp") as name:
        outcome = updating.update(connector(serial_link(name), 1.0), package(), WISHES)
    assert (outcome.ending, outcome.cuts) == (Ending.CONFIRMED, 1)


def test_a_device_that_was_reset_during_an_upload_gets_it_anew() -> None:
    made = device(Faults(forget_at=[3000]))
    outcome = deliver(made)
    assert (outcome.ending, outcome.cuts) == (Ending.CONFIRMED, 1)
    assert made.starts == 2


def test_an_image_that_is_there_already_is_not_sent_again() -> None:
    made = device()
    deliver(made)
    made.slots.reverse()
    for image in made.slots:
        assert image is not None
        image.active = image.confirmed = image is made.slots[0]
    made.polls, made.taken_bytes = 1, 0
    assert deliver(made).ending is Ending.CONFIRMED
    assert made.taken_bytes == 0


def test_what_runs_already_is_left_alone() -> None:
    made = device()
    deliver(made)
    made.requests.clear()
    assert deliver(made).ending is Ending.ALREADY
    assert not [request for request in made.requests if request[0] == 2]


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        (Faults(failed={"failed_reason": 8, "failed_detail": 2}), "its self-test failed at vector 2"),
        (Faults(failed={"failed_reason": 15, "failed_detail": 0}), "the device was reset during its test boot"),
        (Faults(failed={"failed_reason": 99, "failed_detail": 7}), "reason 99, detail 7"),
        (Faults(), "its test boot was not passed"),
    ],
)
def test_a_rollback_is_told_with_its_reason(faults: Faults, reason: str) -> None:
    if faults.failed:
        faults.failed |= {"failed_crc": package().crc, "failed_firmware": NEW}
    outcome = deliver(device(faults, fate=False, polls=3))
    assert outcome.ending is Ending.ROLLED_BACK
    assert reason in outcome.reason


def test_the_reason_of_another_bundles_failure_is_not_this_ones() -> None:
    faults = Faults(failed={"failed_crc": 1, "failed_firmware": "1.2.9", "failed_reason": 8, "failed_detail": 2})
    assert "self-test" not in deliver(device(faults, fate=False, polls=3)).reason


def test_a_bootloader_that_does_not_take_it() -> None:
    outcome = deliver(device(Faults(refuses_image=True)))
    assert outcome.ending is Ending.ROLLED_BACK
    assert "bootloader did not take it" in outcome.reason


def test_a_reset_whose_answer_is_lost_is_no_failure() -> None:
    assert deliver(device(Faults(lost_reset=True))).ending is Ending.CONFIRMED


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        (Faults(endless=True), "runs the bundle, but has not confirmed it"),
        (Faults(stuck=True), "has not begun to run the bundle"),
    ],
)
def test_a_trial_without_an_end(faults: Faults, words: str) -> None:
    quick = Options(timeouts=Timeouts(1.0, 0.5, 0.05))
    with pytest.raises(DeviceError, match=words):
        deliver(device(faults), quick)


@pytest.mark.parametrize("faults", [Faults(silent=True), Faults(nonsense=True)])
def test_who_does_not_answer(faults: Faults) -> None:
    with pytest.raises(LinkError):
        deliver(device(faults))


def test_a_port_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(LinkError):
        updating.update(connector(serial_link(f"unix:{tmp_path}/none"), 0.1), package(), WISHES)
    with pytest.raises(LinkError):
        updating.update(connector(serial_link(str(tmp_path / "tty")), 0.1), package(), WISHES)


@pytest.mark.parametrize("offset", [10**9, -1])
def test_offsets_that_cannot_be(offset: int) -> None:
    with pytest.raises(DeviceError, match=f"has {offset} of"):
        deliver(device(Faults(lie_at={2000: offset})))


def test_who_claims_to_have_it_all_is_found_out() -> None:
    with pytest.raises(DeviceError, match="another one in its second slot"):
        deliver(device(Faults(lie_at={0: len(package().data)})))


def test_who_never_gets_further_is_given_up() -> None:
    faults = Faults(forget_at=[2000] * 1000)
    with pytest.raises(LinkError, match="fell back"):
        deliver(device(faults))


def test_an_error_of_the_upload_is_told() -> None:
    with pytest.raises(DeviceError, match="does not take the image") as caught:
        deliver(device(Faults(upload_error=6)))
    assert (caught.value.group, caught.value.code) == (1, 6)


def test_a_device_whose_own_bundle_is_bad_can_be_updated() -> None:
    said: list[str] = []
    made = device(Faults(refused=(8, 1)))
    assert deliver(made, say=said.append).ending is Ending.CONFIRMED
    assert said[0] == "the device runs 1.2.3, and is not well: its self-test failed at vector 1"


def test_a_device_that_knows_no_bundles() -> None:
    said: list[str] = []
    assert deliver(device(facts=None), say=said.append).ending is Ending.CONFIRMED
    assert "says nothing of its board" in said[0]


@pytest.mark.parametrize(
    ("facts", "what", "words"),
    [
        ({"board": "nrf52840dk/nrf52840"}, NEW, "for mps2/an385, the device is a nrf52840dk"),
        ({"name": "other"}, NEW, "device runs a other"),
        ({}, "1.2.2", "the bundle is 1.2.2, the device runs 1.2.3, which is newer"),
    ],
)
def test_refusals_before_anything_is_sent(facts: dict[str, str], what: str, words: str) -> None:
    made = device(facts=FACTS | facts)
    with pytest.raises(BundleError, match=words):
        deliver(made, what=package(what))
    assert not [request for request in made.requests if request[0] == 2]


def test_a_downgrade_that_is_wished() -> None:
    options = Options(downgrade=True, timeouts=WISHES.timeouts)
    assert deliver(device(), options, package("1.2.2")).ending is Ending.CONFIRMED


def test_a_trial_that_is_under_way_is_not_disturbed() -> None:
    made = device(Faults(endless=True))
    made._first.confirmed = False
    with pytest.raises(BundleError, match=r"still runs the test image 1\.2\.3"):
        deliver(made)


def test_files_that_are_no_bundles(tmp_path: Path) -> None:
    damaged = bytearray(bundle(NEW).read_bytes())
    damaged[700] ^= 1
    (tmp_path / "damaged.bin").write_bytes(damaged)
    with pytest.raises(BundleError, match="hash: not that of the image"):
        open_package(tmp_path / "damaged.bin", Expected())
    with pytest.raises(BundleError, match="key: the image names"):
        open_package(bundle(NEW), Expected(read_key(images.keys("ecdsa-p256", "other").public)))


@pytest.mark.parametrize(("fate", "status", "ending"), [(True, 0, "confirmed"), (False, 3, "rolled back")])
def test_the_command(fate: bool, status: int, ending: str, capsys: pytest.CaptureFixture[str]) -> None:
    made = device(fate=fate)
    with over_udp(made) as address:
        assert main(["update", str(bundle(NEW)), "--udp", address, "--json", "--timeout", "5"]) == status
    out = capsys.readouterr().out
    assert json.loads(out)["ending"] == ending
    assert json.loads(out)["version"] == NEW


def test_the_command_needs_a_way_to_the_device(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["update", str(bundle(NEW))]) == 2
    assert main(["update", str(bundle(NEW)), "--port", "tcp:host"]) == 1
    assert "no usable port" in capsys.readouterr().err


def test_crc_is_by_what_devices_name_a_block() -> None:
    data = bytearray(encode(package().block))
    stored = int.from_bytes(data[12:16], "little")
    data[12:16] = bytes(4)
    assert package().crc == stored == zlib.crc32(data)
