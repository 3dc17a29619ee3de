"""Images that nobody should boot: bits that have turned over, other signers, halves, older releases.

Each is tried twice: as the only image of a device, which then boots nothing, and as an update of a good one, which
stays.
By default a sample of the flips on one board; MLFORGE_TEST_OTA=all takes 200, on all boards.
"""

from __future__ import annotations

import hashlib
import random
import struct
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

import pytest

from mlforge.bundle.signed_image import TLV_MAGIC, parse_image
from tests.unit.bundle.images import keys
from tests.zephyr.conftest import ALL_OTA
from tests.zephyr.mcuboot import AN385, SLOTS
from tests.zephyr.ota_app import NEW, OLD, Field, Ota, build_ota, runs
from tests.zephyr.workspace import Workspace, require_toolchain

pytestmark = pytest.mark.zephyr

KEY_HASH, SHA256, ECDSA = 0x01, 0x10, 0x22  # bootutil/image.h
FLIPS = 200 if ALL_OTA else 40


@pytest.mark.parametrize("slot", [0, 1])
def test_a_flipped_bit_is_never_booted(ota: Ota, field: Field, slot: int) -> None:
    old, new = ota.signed(OLD), ota.signed(NEW)
    device = field.device(old, update=new) if slot else field.device(old)
    device.cut()
    good = field.flash(old, new if slot else b"")
    for where, offset, bit in _places(new if slot else old, FLIPS // 2, seed=slot):
        device.flash.write(0, good.content())
        device.flash.flip(SLOTS[slot] + offset, bit)
        device.restart()
        booted = runs(device)
        assert booted == ("1.0" if slot else ""), f"bit {bit} of byte {offset}, in the {where}"
    device.flash.write(0, good.content())
    device.restart()
    assert runs(device) == ("1.1" if slot else "1.0"), "the image was good but for the flips"


def test_what_mcuboot_overlooks_is_nothing_that_was_signed(ota: Ota, field: Field) -> None:
    old = ota.signed(OLD)
    device = field.device(old)
    assert runs(device) == "1.0"
    for offset, bit in product(_overlooked(old), range(8)):
        device.flash.install(0, old)
        device.flash.flip(SLOTS[0] + offset, bit)
        device.restart()
        assert runs(device) in ("", "1.0")
        assert device.flash.holds(0, parse_image(old).signed)


def _overlooked(image: bytes) -> list[int]:
    """Bytes that MCUboot may read past, and that nobody signs: the sizes of the unprotected TLVs, of the signature
    among them, and of its DER sequence, and the zeros in front of the two integers in that."""
    parsed = parse_image(image)
    signature = parsed.one(ECDSA, protected=False) or b""
    start = image.index(signature)
    zeros = (4, 4 + signature[3] + 2)  # 0x30 length 0x02 length R 0x02 length S
    sizes = [len(parsed.signed) + 2, len(parsed.signed) + 3, start - 2, start - 1, start + 1]
    return sizes + [start + at for at in zeros if signature[at] == 0]


def _places(image: bytes, count: int, seed: int) -> list[tuple[str, int, int]]:
    """Bits of the header, of what is linked, of the protected and of the other TLVs, as many of each."""
    parsed, header = parse_image(image), struct.unpack_from("<H", image, 8)[0]
    protected = header + len(parsed.payload)
    parts: dict[str, Sequence[int]] = {
        "header": range(32),
        "payload": range(32, protected),
        "protected TLVs": range(protected, len(parsed.signed)),
        "other TLVs": sorted(set(range(len(parsed.signed), len(image))) - set(_overlooked(image))),
    }
    chosen = random.Random(seed)
    names = [name for _ in range(-(-count // len(parts))) for name in parts]
    return [(name, chosen.choice(parts[name]), chosen.randrange(8)) for name in names[:count]]


def _unsigned(ota: Ota) -> bytes:
    """A hash proves no origin."""
    image = parse_image(ota.signed(NEW))
    return _image(image.signed, [(SHA256, image.one(SHA256, protected=False) or b"")])


def _forged(ota: Ota) -> bytes:
    """Another payload with its right hash, and the signature of the one before."""
    image = parse_image(ota.signed(NEW))
    changed = bytearray(image.signed)
    changed[len(changed) // 2] ^= 1
    tlvs = [(tlv.kind, tlv.data) for tlv in image.unprotected if tlv.kind != SHA256]
    return _image(bytes(changed), [(SHA256, hashlib.sha256(changed).digest()), *tlvs])


def _under_a_known_name(ota: Ota) -> bytes:
    """Signed with another key, and said to be signed with the right one."""
    image, right = parse_image(_other_key(ota)), parse_image(ota.signed(NEW))
    tlvs = [(tlv.kind, tlv.data) for tlv in image.unprotected if tlv.kind != KEY_HASH]
    return _image(image.signed, [*tlvs, (KEY_HASH, right.one(KEY_HASH, protected=False) or b"")])


def _other_key(ota: Ota) -> bytes:
    return ota.signed(NEW, key=keys("ecdsa-p256", "other").private)


def _other_kind_of_key(ota: Ota) -> bytes:
    return ota.signed(NEW, key=keys("ed25519", "other").private)


def _not_an_image(ota: Ota) -> bytes:
    return parse_image(ota.signed(NEW)).payload


def _cut_short(part: float) -> Callable[[Ota], bytes]:
    def attack(ota: Ota) -> bytes:
        image = ota.signed(NEW)
        return image[: int(len(image) * part)]

    return attack


def _image(signed: bytes, tlvs: Sequence[tuple[int, bytes]]) -> bytes:
    """What is signed, and TLVs that say so."""
    area = b"".join(struct.pack("<HH", kind, len(data)) + data for kind, data in tlvs)
    return signed + struct.pack("<HH", TLV_MAGIC, 4 + len(area)) + area


ATTACKS = {
    "unsigned": _unsigned,
    "forged": _forged,
    "other-key": _other_key,
    "other-kind-of-key": _other_kind_of_key,
    "under-a-known-name": _under_a_known_name,
    "not-an-image": _not_an_image,
    "header-only": _cut_short(0.001),
    "half": _cut_short(0.5),
    "without-its-signature": _cut_short(0.999),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_boots_that_nobody_has_signed(ota: Ota, field: Field, attack: str) -> None:
    image = ATTACKS[attack](ota)
    assert runs(field.device(image)) == ""
    updated = field.device(ota.signed(OLD), update=image)
    assert runs(updated) == "1.0"
    updated.restart()
    assert runs(updated) == "1.0"
    assert updated.flash.holds(0, ota.signed(OLD))


@pytest.mark.requires(asked="MLFORGE_TEST_OTA=all")
def test_the_same_with_ed25519(zephyr: Workspace, tmp_path: Path) -> None:
    require_toolchain(AN385.name)
    ota = build_ota(zephyr, AN385, tmp_path / "ota", "ed25519")
    field = Field(ota, tmp_path)
    try:
        assert runs(field.device(ota.signed(OLD), update=ota.signed(NEW))) == "1.1"
        for attack in (_unsigned, _forged, _other_kind_of_key, _other_key):
            assert runs(field.device(attack(ota))) == "", attack.__name__
    finally:
        field.off()
