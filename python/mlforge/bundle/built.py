"""A build directory of an application with a bundle: making or refreshing it, and where in it what lies."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlforge.bundle.manifest import Bill, hashes
from mlforge.contract.contract import Contract
from mlforge.errors import BundleError, ToolError
from mlforge.toolchain.process import run
from mlforge.toolchain.zephyr import ZephyrBuild, workspace

NOTE: Final = Path("mlforge") / "signing.json"
SPDX_TIMEOUT_S: Final = 300.0
_QUERY: Final = Path(".cmake") / "api" / "v1" / "query" / "codemodel-v2"
_REPLY: Final = Path(".cmake") / "api" / "v1" / "reply"


@dataclass(frozen=True, slots=True)
class Built:
    """`directory` is that of the application's image: under sysbuild, a directory in the build directory."""

    directory: Path
    unsigned: Path
    signed: Path
    note: Path  # what imgtool was told


def make(contract: Contract, directory: Path) -> Built:
    """Builds the application, with sysbuild where it has a sysbuild.conf; in a build directory that exists, what is out
    of date there.

    Raises:
        BundleError: the build makes no signed bundle.
        BuildError, ToolError: it fails, or there is no Zephyr.
    """
    app, zephyr = contract.app_dir.resolve(), workspace()
    directory = directory.resolve()
    if (directory / "build.ninja").is_file():
        zephyr.refresh(directory)
        return _of(app, find(directory))
    sysbuild = (app / "sysbuild.conf").is_file()
    query = (directory / app.name if sysbuild else directory) / _QUERY  # for the SBOM
    query.parent.mkdir(parents=True, exist_ok=True)
    query.touch()
    settings = {f"{app.name}_CONFIG_BUILD_OUTPUT_META" if sysbuild else "CONFIG_BUILD_OUTPUT_META": "y"}
    board = contract.target.product or contract.target.board
    zephyr.build(ZephyrBuild(app, directory, board, settings=settings, sysbuild=sysbuild))
    return _of(app, find(directory))


def _of(app: Path, built: Built) -> Built:
    """Raises BundleError where the image is another application's."""
    try:
        cache = (built.directory / "CMakeCache.txt").read_text(encoding="utf-8")
    except OSError as error:
        raise BundleError(f"{built.directory} is not a build directory: {error.strerror}") from error
    match = re.search(r"^APPLICATION_SOURCE_DIR:\w+=(.+)$", cache, re.MULTILINE)
    if match is None or Path(match[1]).resolve() != app:
        raise BundleError(f"{built.directory} is the build of {match[1] if match else 'no application'}, not of {app}")
    return built


def find(directory: Path) -> Built:
    """The image with a bundle in a build directory. Raises BundleError where there is none, or several."""
    notes = sorted({*directory.glob(str(NOTE)), *directory.glob(f"*/{NOTE}")})
    if len(notes) != 1:
        raise BundleError(
            f"{directory} has {len(notes) or 'no'} signed images with a bundle: expected one",
            hint="set CONFIG_MLFORGE_BUNDLE=y, and have MCUboot boot the image "
            "(SB_CONFIG_BOOTLOADER_MCUBOOT=y in sysbuild.conf)",
        )
    image = notes[0].parents[1]
    stem = image / "zephyr" / _kernel_name(image / "zephyr" / ".config")
    return Built(image, stem.with_suffix(".bin"), stem.with_suffix(".signed.bin"), notes[0])


def inputs_of(built: Built) -> dict[str, str]:
    """Hashes of what the build decided."""
    zephyr = built.directory / "zephyr"
    named = (("build/.config", zephyr / ".config"), ("build/zephyr.dts", zephyr / "zephyr.dts"))
    return hashes(named)


def bill(built: Built, directory: Path) -> Bill:
    """Writes an SBOM with `west spdx`, where the build was made for one."""
    if not (built.directory / _REPLY).is_dir():
        hint = f"`west spdx --init -d {built.directory.name}` and CONFIG_BUILD_OUTPUT_META=y before the build"
        return Bill({}, f"the build was not made for one: {hint}")
    try:
        zephyr = workspace()
        directory.mkdir(parents=True, exist_ok=True)
        words = ["spdx", "-d", str(built.directory), "-s", str(directory.resolve())]
        done = run(
            [zephyr.python, "-m", "west", *words],
            timeout_s=SPDX_TIMEOUT_S,
            cwd=zephyr.base,
            environment=zephyr.environment(),
        )
    except ToolError as error:
        return Bill({}, error.message)
    files = hashes((path.name, path) for path in sorted(directory.glob("*.spdx")))
    if done.status or not files:
        lines = done.output.strip().splitlines()
        return Bill({}, f"`west spdx` failed: {lines[-1] if lines else 'no reason given'}")
    return Bill(files)


def bootloader_key(built: Built) -> Path | None:
    """The file with the key that the bootloader of the same build takes, where it is known and still there."""
    text = _configuration(built.directory / "zephyr" / ".config")
    match = re.search(r'^CONFIG_MCUBOOT_SIGNATURE_KEY_FILE="(.+)"$', text, re.MULTILINE)
    return Path(match[1]) if match and Path(match[1]).is_file() else None


def _kernel_name(file: Path) -> str:
    match = re.search(r'^CONFIG_KERNEL_BIN_NAME="([\w.-]+)"$', _configuration(file), re.MULTILINE)
    return match[1] if match else "zephyr"


def _configuration(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise BundleError(f"{file} cannot be read: {error.strerror}") from error
