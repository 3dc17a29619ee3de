"""Keys: which will do, which are public knowledge, and that their paths stay out of what is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from mlforge.bundle import keys, sign
from mlforge.bundle.keys import read_key
from mlforge.bundle.verification import Check, Expected, verify
from mlforge.errors import BundleError
from tests.unit.bundle import images


def pem(
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, passphrase: bytes = b""
) -> bytes:
    encryption = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def test_private_and_public_halves_are_one_key() -> None:
    for kind in ("ecdsa-p256", "ed25519"):
        pair = images.keys(kind)
        private, public = read_key(pair.private), read_key(pair.public)
        assert (private.kind, private.der, private.private) == (kind, public.der, True)
        assert not public.private


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (pem(rsa.generate_private_key(65537, 2048)), "of another kind"),
        (pem(ec.generate_private_key(ec.SECP384R1())), "of another kind"),
        (pem(ec.generate_private_key(ec.SECP256R1()), b"secret"), "encrypted"),
        (b"", "no PEM key"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no PEM key"),
        (bytes(1 << 17), "too large"),
        (None, "cannot be read"),
    ],
)
def test_keys_that_will_not_do(tmp_path: Path, data: bytes | None, words: str) -> None:
    path = tmp_path / "very-secret-place.pem"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(BundleError, match=words) as caught:
        read_key(path)
    assert "very-secret-place" not in str(caught.value)


def test_public_keys_do_not_sign(tmp_path: Path) -> None:
    source = images.unsigned(tmp_path / "zephyr.bin")
    with pytest.raises(BundleError, match="public one"):
        sign.sign(source, tmp_path / "out.bin", images.keys().public, images.SIGNING)


def test_development_keys_are_refused_unless_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a key of this test's own in the table: MCUboot's are not ours to copy."""
    pair = images.keys()
    monkeypatch.setitem(keys.DEVELOPMENT_KEYS, read_key(pair.public).sha256, "root-test")
    source, signed = images.unsigned(tmp_path / "zephyr.bin"), tmp_path / "out.bin"
    with pytest.raises(BundleError, match="root-test"):
        sign.sign(source, signed, pair.private, images.SIGNING)
    assert not signed.exists()
    assert sign.sign(source, signed, pair.private, images.SIGNING, development=True).development == "root-test"
    public = read_key(pair.public)
    assert verify(signed, Expected(key=public)).failed == (Check.DEVELOPMENT_KEY,)
    assert verify(signed).failed == (Check.DEVELOPMENT_KEY,)
    assert verify(signed, Expected(key=public, development=True)).sound


def test_what_imgtool_refuses_is_told_without_the_key(tmp_path: Path) -> None:
    source = images.unsigned(tmp_path / "zephyr.bin")
    tiny = (*images.SIGNING[:4], "--slot-size", "0x400", "--align", "4")
    with pytest.raises(BundleError, match="exceeds") as caught:
        sign.sign(source, tmp_path / "out.bin", images.keys().private, tiny)
    assert "secret-one" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["zephyr.bin"]
