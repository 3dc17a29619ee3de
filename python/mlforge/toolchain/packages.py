"""The Python packages that MLForge uses, what each is for, and how it is installed: the one list.

`doctor` and each command's complaint about a missing package come from it; pyproject.toml and zephyr/requirements.txt
are held against it by a test. Needs nothing but the standard library.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import util
from typing import Final


@dataclass(frozen=True, slots=True)
class Package:
    """`module` is what is imported, `requirement` what pip is told. `extra`: of pyproject.toml; empty where each
    command may need it."""

    module: str
    requirement: str
    needed_for: str
    extra: str = ""


# Without CUDA: tensorflow-cpu has wheels for x86-64 alone, and elsewhere tensorflow itself is for CPUs.
_TENSORFLOW: Final = "tensorflow-cpu>=2.20" if platform.machine() in ("x86_64", "AMD64") else "tensorflow>=2.20"

PACKAGES: Final = (
    Package("capstone", "capstone>=5.0.3,<6", "cycle estimates"),
    Package("cattrs", "cattrs>=24.1", "reading contracts and locks"),
    Package("flatbuffers", "flatbuffers>=24", "reading models"),
    Package("jinja2", "jinja2>=3.1", "generating C"),
    Package("numpy", "numpy>=1.26", "everything"),
    Package("optuna", "optuna>=5.0,<6", "optimise, report, verify"),
    Package("elftools", "pyelftools>=0.31", "reading images"),
    Package("pykwalify", "pykwalify>=1.8", "reading contracts"),
    Package("serial", "pyserial>=3.5", "boards on serial ports"),
    Package("rich", "rich>=13", "tables on the terminal"),
    Package("ruamel.yaml", "ruamel.yaml>=0.18", "reading contracts and locks"),
    Package("tflite", "tflite>=2.18", "reading models"),
    Package("west", "west>=1.3", "west mlforge"),
    Package("tensorflow", _TENSORFLOW, "training: optimise", "train"),
    Package("keras", "keras>=3.10,<4", "training: optimise", "train"),
    Package("lightgbm", "lightgbm>=4.5,<5", "trees: optimise", "train"),
    Package("psycopg", "psycopg[binary]>=3.2,<4", "studies on many machines", "postgres"),
    Package("openai", "openai>=3.40,<4", "proposer agent, OpenAI-compatible endpoints", "agent"),
    Package("anthropic", "anthropic>=2,<3", "proposer agent, Anthropic", "agent"),
    Package("imgtool", "imgtool>=2.1,<3", "bundle: signing releases", "bundle"),
    Package("cryptography", "cryptography>=42", "bundle: verifying releases", "bundle"),
    Package("smpclient", "smpclient[serial]>=7.3,<8", "update, monitor", "update"),
    Package("cbor2", "cbor2>=5.6", "monitor", "update"),
    Package("bleak", "smpclient[serial,ble]>=7.3,<8", "update, monitor over Bluetooth", "ble"),
)
# The extras that the main job, `optimise`, does not need, and what each is for.
OPTIONAL: Final = {
    "agent": "the agent",
    "bundle": "releases",
    "update": "devices in the field",
    "ble": "those over Bluetooth",
    "postgres": "studies on many machines",
}


def packages(*extras: str) -> tuple[Package, ...]:
    """Those of some extras; the empty one names what every command may need."""
    return tuple(package for package in PACKAGES if package.extra in extras)


def absent(wanted: Iterable[Package]) -> tuple[Package, ...]:
    """Those that this Python does not find."""
    return tuple(package for package in wanted if not _found(package.module))


def install_line(wanted: Iterable[Package]) -> str:
    """The one command that installs them, wherever MLForge itself came from."""
    return "pip install " + " ".join(f"'{package.requirement}'" for package in wanted)


def needed(extra: str) -> str:
    """What to run where a part of MLForge misses its packages: the hint of an error."""
    return install_line(packages(extra))


def complaint(module: str) -> tuple[str, str] | None:
    """What is missing, and the one command that helps, where importing `module` failed; None for a module that is none
    of the list's."""
    first = module.partition(".")[0]
    package = next((one for one in PACKAGES if one.module.partition(".")[0] == first), None)
    if package is None:
        return None
    lacking = absent(packages(package.extra)) or (package,)
    names = ", ".join(one.requirement for one in lacking)
    return f"this Python lacks {names} ({package.module} is for {package.needed_for})", install_line(lacking)


def _found(module: str) -> bool:
    try:
        return util.find_spec(module) is not None
    except ImportError:  # the package around it is missing
        return False
