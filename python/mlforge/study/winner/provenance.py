"""Which tools made the figures: names and versions, for the lock file."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib import metadata
from typing import Final

from mlforge import __version__
from mlforge.errors import ToolError
from mlforge.toolchain.process import run
from mlforge.training.cpu import kernels

PACKAGES: Final = ("keras", "lightgbm", "numpy", "optuna", "tensorflow-cpu", "tensorflow")


def tool_versions(programs: tuple[str, ...]) -> Mapping[str, str]:
    """Versions of MLForge, Python, the packages that decide results, and the first line of each program's --version;
    and which kernels train here."""
    versions = {"mlforge": __version__, "python": platform.python_version(), "training kernels": kernels()}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    for program in programs:
        try:
            versions[program] = run([program, "--version"], timeout_s=20).output.strip().splitlines()[0]
        except (ToolError, IndexError):
            continue
    return dict(sorted(versions.items()))
