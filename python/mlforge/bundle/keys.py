"""Keys that sign releases: ECDSA P-256 and Ed25519. Paths of keys are never in messages.

Needs the package `cryptography`, which comes with the extra `bundle`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from mlforge.errors import BundleError
from mlforge.toolchain.packages import needed

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    Public: TypeAlias = EllipticCurvePublicKey | Ed25519PublicKey

MAX_KEY_BYTES: Final = 1 << 16
# Public keys whose private halves are in MCUboot's repository, so that anybody can sign with them, by their hash in an
# image: `imgtool getpubhash -e raw -k root-ec-p256.pem | xxd -p -c 32` and so on.
DEVELOPMENT_KEYS: Final = {
    "e30466f6b8470c1f29070b17f1e2d3e94d445e3f608087fdc711e4382bb538b6": "root-ec-p256",
    "6bcd1e16d80e5fe13a5307e6f1de8344c7e50e537d9962ce35ef6db5e642fae8": "root-ec-p384",
    "c1907fa4eac7fae3840a78902b6f0710b037e9968e5c6274a12a28790c7d4e3c": "root-ed25519",
    # The same by its SHA-512, as in images with that hash.
    "e3e129b49f1218e18e4614acb2523389c75852ebb98b4d2c6171a2fc65706ba3"
    "d1ddf85f52e71450c3e572e624695fafd41ce4d9354d6c2b19f7d6001a6ae8b0": "root-ed25519",
    "fc5701dc6135e1323847bdc40f04d2e5bee5833b23c29f93593d00018cfa9994": "root-rsa-2048",
    "449793fb65cd7698753d5b3f35fab15f1e3a45111ff24e1d46741de5ae12d59e": "root-rsa-3072",
}


@dataclass(frozen=True, slots=True, eq=False)
class Key:
    """`der` is the public key as SubjectPublicKeyInfo; `private` says whether the file also had the other half."""

    kind: str  # "ecdsa-p256" or "ed25519"
    der: bytes
    private: bool
    _public: Public

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.der).hexdigest()

    @property
    def development(self) -> str:
        """The name of the key in MCUboot's repository; empty where it is not from there."""
        return DEVELOPMENT_KEYS.get(self.sha256, "")

    def signed(self, data: bytes, digest: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's: ECDSA of the data with SHA-256, Ed25519 of their digest, as MCUboot."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
        from cryptography.hazmat.primitives.hashes import SHA256

        try:
            if isinstance(self._public, EllipticCurvePublicKey):
                end = 2 + signature[1] if len(signature) > 1 else 0  # imgtool --pad-sig adds zeros behind the DER
                if any(signature[end:]):
                    return False
                self._public.verify(signature[:end], data, ECDSA(SHA256()))
            else:
                self._public.verify(signature, digest)
        except InvalidSignature:
            return False
        return True


def read_key(path: Path) -> Key:
    """A PEM file with a private or a public key.

    Raises:
        BundleError: it cannot be read, is encrypted, or of another kind.
    """
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519
    except ImportError as error:
        raise BundleError("keys and signatures need the package cryptography", hint=needed("bundle")) from error
    data = _read(path)
    private = b"PRIVATE KEY" in data
    try:
        load = serialization.load_pem_private_key(data, None).public_key if private else None
        public = load() if load else serialization.load_pem_public_key(data)
    except TypeError as error:
        raise BundleError("the key is encrypted: expected one without a passphrase") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BundleError("the key's file holds no PEM key") from error
    if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, ec.SECP256R1):
        kind = "ecdsa-p256"
    elif isinstance(public, ed25519.Ed25519PublicKey):
        kind = "ed25519"
    else:
        raise BundleError(f"the key is of another kind ({type(public).__name__}): expected ECDSA P-256 or Ed25519")
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Key(kind, der, private, public)


def refuse_development(name: str, *, allowed: bool) -> None:
    """Raises BundleError where the key of that name in MCUboot's repository is to sign a release."""
    if name and not allowed:
        raise BundleError(
            f"the key is MCUboot's own {name}, whose private half is public: anybody can sign with it",
            hint="`imgtool keygen -t ecdsa-p256 -k FILE` makes a key; --allow-development-key takes this one",
        )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_KEY_BYTES + 1)
    except OSError as error:
        raise BundleError(f"the key cannot be read: {(error.strerror or 'no such file').lower()}") from None
    if len(data) > MAX_KEY_BYTES:
        raise BundleError("the key's file is too large to be a key")
    return data
