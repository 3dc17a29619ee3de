"""`bundle.json` beside a release: what it was made from, by hash, and with which tools. The same inputs give the same
text, but for the hash of the signed image where the kind of key signs at random (ECDSA)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mlforge.bundle.block import Version
from mlforge.errors import BlockError, BundleError, ToolError
from mlforge.records.serial import new_converter, structure
from mlforge.toolchain.process import run

MANIFEST_NAME: Final = "bundle.json"
MANIFEST_FORMAT: Final = 1
MAX_MANIFEST_BYTES: Final = 1 << 22
GIT_TIMEOUT_S: Final = 20.0
_CONVERTER: Final = new_converter()


@dataclass(frozen=True, slots=True)
class ImageFile:
    """`unsigned_sha256` is that of the firmware as linked: the same for the same inputs, whatever the directory."""

    file: str
    bytes: int
    sha256: str
    unsigned_sha256: str


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose key: never where it lies."""

    kind: str
    sha256: str  # of the public key
    development: str  # its name in MCUboot's repository, where it is from there


@dataclass(frozen=True, slots=True)
class Revision:
    """`commit` is empty where the application is in no git repository."""

    commit: str
    dirty: bool


@dataclass(frozen=True, slots=True)
class Bill:
    """SPDX files beside the manifest, name to SHA-256; or why there are none."""

    files: Mapping[str, str]
    unavailable: str = ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """`inputs`: SHA-256 by name. `signer` is None where nothing but the image names the key. `lock` has the verdict."""

    format: int
    name: str
    board: str
    versions: Mapping[str, str]
    image: ImageFile
    signer: Signer | None
    key_hash: str  # as in the image
    contract_sha256: str
    model_sha256: str
    inputs: Mapping[str, str]
    tools: Mapping[str, str]
    revision: Revision
    verdict: Mapping[str, Any]
    lock: Mapping[str, Any]
    sbom: Bill

    @property
    def version(self) -> Version:
        """Of the release."""
        return Version.parse(self.versions.get("firmware", ""))

    def to_json(self) -> str:
        return json.dumps(_CONVERTER.unstructure(self), indent=2, sort_keys=True, allow_nan=False) + "\n"


def read_manifest(path: Path) -> Manifest:
    """Raises BundleError where the file is no manifest of this format."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_MANIFEST_BYTES + 1)
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from error
    try:
        manifest = parse_manifest(data)
    except BundleError as error:
        raise BundleError(f"{path}: {error.message}", hint="`west mlforge bundle` writes it") from error
    return manifest


def parse_manifest(data: bytes) -> Manifest:
    """Raises BundleError."""
    if len(data) > MAX_MANIFEST_BYTES:
        raise BundleError(f"more than {MAX_MANIFEST_BYTES >> 20} MiB: not a manifest")
    try:
        values = json.loads(data.decode("utf-8"))
        found = values.get("format") if isinstance(values, dict) else None
        if found != MANIFEST_FORMAT or isinstance(found, bool):
            raise BundleError(f"format {found!r}: expected {MANIFEST_FORMAT}")
        manifest = structure(_CONVERTER, values, Manifest)
        manifest.version  # noqa: B018 - raises where it is none
    except (ValueError, RecursionError) as error:
        raise BundleError(f"not a manifest: {str(error)[:200]}") from error
    except BlockError as error:
        raise BundleError(f"not a manifest: {error}") from error
    return manifest


def hashes(files: Iterable[tuple[str, Path]]) -> dict[str, str]:
    """SHA-256 of those files that are there, by name. Raises BundleError where one cannot be read."""
    found = {}
    for name, path in files:
        if path.is_file():
            try:
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
            except OSError as error:
                raise BundleError(f"{path} cannot be read: {error.strerror}") from error
    return found


def revision(app: Path) -> Revision:
    """Of the repository that the application is in; dirty where the application differs from it."""
    try:
        commit = run(["git", "-C", app, "rev-parse", "HEAD"], timeout_s=GIT_TIMEOUT_S)
        status = run(["git", "-C", app, "status", "--porcelain", "--", "."], timeout_s=GIT_TIMEOUT_S)
    except ToolError:
        return Revision("", dirty=False)
    if commit.status or status.status:
        return Revision("", dirty=False)
    return Revision(commit.output.strip(), dirty=bool(status.output.strip()))
