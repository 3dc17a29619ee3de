"""Says what this machine lacks and the one command that installs it. Needs nothing but Python's standard library, so
that it also answers where MLForge's own requirements are not installed yet.

Exit status: 0 nothing needed is missing, 1 something is.
"""

from __future__ import annotations

import argparse
import sys
from importlib import util
from typing import TYPE_CHECKING, Final

from mlforge.cli.main import Status

if TYPE_CHECKING:
    from mlforge.toolchain.requirements import Requirement

# Import name and what does not work without it; what to install is in pyproject.toml.
PACKAGES: Final = {
    "numpy": "everything",
    "optuna": "optimise",
    "capstone": "cycle estimates",
    "elftools": "reading images",
    "jinja2": "generating C",
    "pykwalify": "reading contracts",
    "tflite": "reading models",
    "tensorflow": "training (optimise)",
    "keras": "training (optimise)",
    "west": "west mlforge",
}
OPTIONAL_PACKAGES: Final = {
    "openai": "proposer agent, OpenAI-compatible endpoints (optional)",
    "anthropic": "proposer agent, Anthropic (optional)",
    "imgtool": "bundle: signing releases (optional)",
    "cryptography": "bundle: verifying releases (optional)",
    "smpclient": "update, monitor (optional)",
    "cbor2": "monitor (optional)",
    "bleak": "update, monitor over Bluetooth (optional)",
}
# What each extra of pyproject.toml is for, and its packages.
EXTRAS: Final = {
    "agent": ("the agent", ("openai", "anthropic")),
    "bundle": ("releases", ("imgtool", "cryptography")),
    "update": ("devices in the field", ("smpclient", "cbor2")),
    "ble": ("those over Bluetooth", ("bleak",)),
}


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document on stdout and nothing else there")
    parser.add_argument(
        "--missing-packages",
        action="store_true",
        help="print the needed Debian packages that are missing, nothing else",
    )
    parser.add_argument("--optional", action="store_true", help="with --missing-packages: the optional ones too")


def execute(arguments: argparse.Namespace) -> Status:
    from mlforge.toolchain.requirements import install_command, missing, requirements

    needed = missing(optional=False)
    if arguments.missing_packages:
        wanted = missing() if arguments.optional else needed
        print(" ".join(sorted({item.package for item in wanted})))
        return Status.DONE
    lacking = missing()
    absent = [name for name in PACKAGES if util.find_spec(name) is None]
    without = [name for name in OPTIONAL_PACKAGES if util.find_spec(name) is None]
    if arguments.json:
        _print_json(lacking, absent, without, install_command(lacking))
    else:
        for item in requirements():
            state = "missing" if item in lacking else "ok"
            print(f"{state:<8}{item.name:<28}{item.needed_for}{' (optional)' if item.optional else ''}")
        for name, purpose in {**PACKAGES, **OPTIONAL_PACKAGES}.items():
            print(f"{'missing' if name in (*absent, *without) else 'ok':<8}{'python: ' + name:<28}{purpose}")
        if lacking:
            print(f"\nto install what is missing:\n  {install_command(lacking)}")
        if absent:
            print(f"\nfor the Python packages, in the checkout:\n  {sys.executable} -m pip install '.[train]'")
        for extra, (purpose, packages) in EXTRAS.items():
            if set(packages) & set(without):
                print(f"\nfor {purpose}, in the checkout:\n  {sys.executable} -m pip install '.[{extra}]'")
    return Status.ERROR if needed or absent else Status.DONE


def _print_json(lacking: tuple[Requirement, ...], absent: list[str], without: list[str], command: str) -> None:
    import json

    rows = [
        {"name": item.name, "package": item.package, "needed_for": item.needed_for, "optional": item.optional}
        for item in lacking
    ]
    document = {
        "missing": rows,
        "missing_python_packages": absent,
        "missing_optional_python_packages": without,
        "install": command,
    }
    print(json.dumps(document, indent=2, sort_keys=True))
