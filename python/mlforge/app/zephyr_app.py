"""A Zephyr application as the place where models are measured: what its sources expect of the model's C files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mlforge.app.build_step import facts
from mlforge.app.lockfile import LOCK_NAME, read_lock
from mlforge.contract.contract import Contract
from mlforge.contract.load import CONTRACT_FILE, load_contract
from mlforge.errors import ForgeError
from mlforge.features.pipeline import Pipeline
from mlforge.targets.zephyr_build import Application
from mlforge.toolchain.cache import digest, digest_files
from mlforge.toolchain.sources import root

# What Zephyr reads of an application by itself, and where its sources usually are.
_APP_FILES: Final = (
    "CMakeLists.txt",
    "*.conf",
    "*.overlay",
    "Kconfig*",
    "boards/*",
    "src/**/*",
    "include/**/*",
    "dts/**/*",
)
_OURS: Final = ("zephyr", "cmake", "ports/zephyr", "dts")


def is_zephyr_app(directory: Path) -> bool:
    """Whether Zephyr could build it: it has a CMakeLists.txt that looks for Zephyr."""
    try:
        return "find_package(Zephyr" in (directory / "CMakeLists.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def application_digest(directory: Path) -> str:
    """SHA-256 over the application's own files, and over what of MLForge is built into it besides the runtime."""
    named = {path for pattern in _APP_FILES for path in directory.glob(pattern) if path.is_file()}
    ours = {path for part in _OURS for path in (root() / part).rglob("*") if path.is_file()}
    lists = [sorted(found) for found in (named, ours)]
    return digest([*(str(path) for found in lists for path in found), *(digest_files(found) for found in lists)])


def application(contract: Contract, classes: Sequence[str], model_sha256: str) -> Application:
    """The application of a contract, with the facts that `west build` would compile in for that model."""
    text = facts(contract, classes, model_sha256)
    return Application(contract.app_dir, contract.name, {f"{contract.name}_facts.h": text})


def application_in(directory: Path) -> tuple[Application, Pipeline | None]:
    """Any application, and the features that its lock names: for a model that stands in for the locked one.

    Raises:
        ForgeError: it is not a Zephyr application.
        ContractError, LockError: its contract or its lock cannot be read.
    """
    if not is_zephyr_app(directory):
        raise ForgeError(f"{directory} is not a Zephyr application: its CMakeLists.txt does not look for Zephyr")
    if not (directory / CONTRACT_FILE).is_file():
        return Application(directory), None
    contract = load_contract(directory)
    if not (directory / LOCK_NAME).is_file():
        return Application(directory, contract.name), None
    lock = read_lock(directory)
    pipeline = Pipeline.from_json(json.dumps(lock.features))
    return application(contract, lock.classes, lock.model.sha256), pipeline
