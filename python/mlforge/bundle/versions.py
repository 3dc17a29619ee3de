"""Versions that must agree: the contract's and that of Zephyr's VERSION file; and which one may follow which."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from mlforge.bundle.block import Version
from mlforge.contract.contract import Contract
from mlforge.errors import BlockError, BundleError

VERSION_FILE: Final = "VERSION"
MAX_VERSION_BYTES: Final = 1 << 16
# doc/build/version: the first three are MAJOR.MINOR.REVISION of an image, the tweak is its build number.
_KEYS: Final = ("VERSION_MAJOR", "VERSION_MINOR", "PATCHLEVEL", "VERSION_TWEAK")


def version_file(app: Path) -> Path | None:
    """Zephyr's VERSION file of an application; None where it has none."""
    path = app / VERSION_FILE
    return path if path.is_file() else None


def read_version(path: Path) -> Version:
    """Raises BundleError where a part is missing or too large for an image."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_VERSION_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"{path} cannot be read: {error}") from error
    found = {key: int(value) for key, value in re.findall(r"^\s*(\w+)\s*=\s*(\d{1,10})\s*$", text, re.MULTILINE)}
    if missing := [key for key in _KEYS[:3] if key not in found]:
        raise BundleError(f"{path} has no {missing[0]}")
    version = Version(*(found.get(key, 0) for key in _KEYS))
    try:
        version.encoded("version")
    except BlockError as error:
        raise BundleError(f"{path}: {error.reason}") from error
    return version


def check_version(contract: Contract) -> Version:
    """The release's version. Raises BundleError where a VERSION file beside the contract says another one."""
    version = Version.parse(contract.bundle.version)
    path = version_file(contract.app_dir)
    if path is not None and (other := read_version(path)) != version:
        line = contract.lines.get("bundle.version", 0)
        raise BundleError(
            f"{contract.path}:{line}: bundle.version: {version}, but {path} says {other}",
            hint="they name one release: make them agree",
        )
    return version


def refuse_downgrade(version: Version, previous: Version, *, allowed: bool) -> None:
    """Raises BundleError for an older version than the one before, unless that is allowed."""
    if version < previous and not allowed:
        raise BundleError(
            f"{version} is older than the release before it, {previous}",
            hint="raise bundle.version, or pass --allow-downgrade",
        )
