"""A release: a build, signed, verified and described. What fails leaves no release behind."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlforge.bundle.assemble import versions_of
from mlforge.bundle.block import Versions
from mlforge.bundle.built import Built, bill, bootloader_key, inputs_of
from mlforge.bundle.keys import Key, read_key
from mlforge.bundle.manifest import (
    MANIFEST_FORMAT,
    MANIFEST_NAME,
    ImageFile,
    Manifest,
    Signer,
    hashes,
    parse_manifest,
    read_manifest,
    revision,
)
from mlforge.bundle.sign import read_words, sign
from mlforge.bundle.signed_image import read_image
from mlforge.bundle.verification import KEY_HASH, Expected, State, Verification, verify
from mlforge.bundle.versions import VERSION_FILE, check_version, refuse_downgrade
from mlforge.contract.contract import Contract
from mlforge.errors import BundleError
from mlforge.records.lock import Lock


@dataclass(frozen=True, slots=True)
class Options:
    """A public `key`, or none, takes the image as the build signed it. `previous` None is the manifest at the place of
    the new one, if there is one."""

    output: Path
    key: Path | None = None
    previous: Path | None = None
    downgrade: bool = False
    development: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    image: Path
    manifest_file: Path
    manifest: Manifest
    verification: Verification


def check_sources(contract: Contract, lock: Lock, options: Options) -> None:
    """What can be refused before anything is built. Raises BundleError."""
    if lock.contract_sha256 != contract.digest or lock.name != contract.name:
        raise BundleError(
            f"{contract.path} has changed since its model was locked: this would release a model of another contract",
            hint="`west mlforge optimise` searches again; changes under `bundle:` need no search",
        )
    version = check_version(contract)
    previous = options.previous or options.output.parent / MANIFEST_NAME
    if options.previous or previous.is_file():
        refuse_downgrade(version, read_manifest(previous).version, allowed=options.downgrade)


def make_release(
    contract: Contract,
    lock: Lock,
    built: Built,
    options: Options,
    tools: Mapping[str, str],
    say: Callable[[str], None] = lambda _: None,
) -> Release:
    """Writes the signed image, `bundle.json` and, where it can be had, an SBOM beside it.

    Raises:
        BundleError: the sources, the key or the image will not do; nothing is then written but the SBOM.
    """
    check_sources(contract, lock, options)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    say("writing the SBOM")
    sbom = bill(built, options.output.parent / "spdx")
    with tempfile.TemporaryDirectory(prefix=".mlforge-", dir=options.output.parent) as directory:
        image = Path(directory) / "image.bin"
        key = _signed(built, image, options)
        if key is not None and not _boots(built, key):
            say(
                "note: the bootloader of this build takes another key, and will not boot this image; "
                "SB_CONFIG_BOOT_SIGNATURE_KEY_FILE names the one it takes"
            )
        expected = Expected(key, contract.digest, lock.model.sha256, options.development)
        found = verify(image, expected)
        if not found.sound or found.block is None:
            wrong = "; ".join(f"{one.check}: {one.text}" for one in found.findings if one.state is State.FAILED)
            raise BundleError(f"the image is not a release: {wrong}")
        if found.block.versions != versions_of(contract.bundle):
            versions = ", ".join(f"{part} {text}" for part, text in _versions(found.block.versions).items())
            raise BundleError(f"the image was built from another contract: it has {versions}", hint="build it again")
        described = Manifest(
            format=MANIFEST_FORMAT,
            name=found.block.name,
            board=found.block.board,
            versions=_versions(found.block.versions),
            image=_image_file(options.output.name, image, built),
            signer=Signer(key.kind, key.sha256, key.development) if key else None,
            key_hash=(read_image(image).one(KEY_HASH, protected=False) or b"").hex(),
            contract_sha256=contract.digest,
            model_sha256=lock.model.sha256,
            inputs={**_inputs(contract, lock), **inputs_of(built)},
            tools=tools,
            revision=revision(contract.app_dir),
            verdict=dataclasses.asdict(lock.verdict),
            lock=lock.to_dict(),
            sbom=sbom,
        )
        manifest = parse_manifest(described.to_json().encode())  # as whoever reads it will
        (Path(directory) / MANIFEST_NAME).write_text(manifest.to_json(), encoding="utf-8")
        image.replace(options.output)
        beside = options.output.parent / MANIFEST_NAME
        (Path(directory) / MANIFEST_NAME).replace(beside)
    return Release(options.output, beside, manifest, found)


def _signed(built: Built, image: Path, options: Options) -> Key | None:
    key = read_key(options.key) if options.key else None
    if key is not None and options.key is not None and key.private:
        words = read_words(built.note)
        return sign(built.unsigned, image, options.key, words, development=options.development)
    try:
        shutil.copyfile(built.signed, image)
    except OSError as error:
        raise BundleError(f"{built.signed} cannot be read: {error.strerror}", hint="build it again") from error
    return key


def _boots(built: Built, key: Key) -> bool:
    """Whether the bootloader that was built beside the image takes the key; true where that is not known."""
    file = bootloader_key(built)
    if file is None:
        return True
    try:
        return read_key(file).der == key.der
    except BundleError:
        return False  # of another kind


def _inputs(contract: Contract, lock: Lock) -> dict[str, str]:
    app = contract.app_dir
    names = [contract.path.name, "mlforge.lock.yaml", "prj.conf", "sysbuild.conf", VERSION_FILE, lock.model.path]
    names += [lock.reference.path] if lock.reference else []
    return hashes((name, app / name) for name in names)


def _versions(versions: Versions) -> dict[str, str]:
    return {field.name: str(getattr(versions, field.name)) for field in dataclasses.fields(versions)}


def _image_file(name: str, image: Path, built: Built) -> ImageFile:
    data = image.read_bytes()
    unsigned = hashlib.sha256(built.unsigned.read_bytes()).hexdigest()
    return ImageFile(name, len(data), hashlib.sha256(data).hexdigest(), unsigned)
