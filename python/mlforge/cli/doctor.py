"""Lists what this machine lacks, and the one command that installs it. Needs nothing but Python's standard library, so
that it also answers where MLForge's own requirements are not installed yet.

Exit status: 0 nothing needed is missing, 1 something is.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from mlforge.cli.main import Status

if TYPE_CHECKING:
    from mlforge.toolchain.packages import Package
    from mlforge.toolchain.requirements import Requirement


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document on stdout and nothing else there")
    parser.add_argument(
        "--missing-packages",
        action="store_true",
        help="print the needed Debian packages that are missing, nothing else",
    )
    parser.add_argument("--optional", action="store_true", help="with --missing-packages: the optional ones too")


def execute(arguments: argparse.Namespace) -> Status:
    from mlforge.toolchain.packages import OPTIONAL, PACKAGES, absent, install_line
    from mlforge.toolchain.requirements import install_command, missing, requirements

    needed = missing(optional=False)
    if arguments.missing_packages:
        wanted = missing() if arguments.optional else needed
        print(" ".join(sorted({item.package for item in wanted})))
        return Status.DONE
    lacking = missing()
    absent_packages = absent(PACKAGES)
    required = tuple(one for one in absent_packages if one.extra not in OPTIONAL)
    if arguments.json:
        _print_json(lacking, absent_packages, install_command(lacking))
    else:
        for item in requirements():
            _print_row(item.name, item.needed_for, missing=item in lacking, optional=item.optional)
        for one in PACKAGES:
            optional = one.extra in OPTIONAL
            _print_row(f"python: {one.module}", one.needed_for, missing=one in absent_packages, optional=optional)
        if lacking:
            print(f"\nto install what is missing:\n  {install_command(lacking)}")
        if required:
            print(f"\nfor the Python packages:\n  {install_line(required)}")
        for extra, purpose in OPTIONAL.items():
            if of_extra := [one for one in absent_packages if one.extra == extra]:
                print(f"\nfor {purpose}:\n  {install_line(of_extra)}")
    return Status.ERROR if needed or required else Status.DONE


def _print_row(name: str, purpose: str, *, missing: bool, optional: bool) -> None:
    print(f"{'missing' if missing else 'ok':<8}{name:<28}{purpose}{' (optional)' if optional else ''}")


def _print_json(lacking: tuple[Requirement, ...], packages: tuple[Package, ...], command: str) -> None:
    import json

    from mlforge.toolchain.packages import OPTIONAL, install_line

    rows = [
        {"name": item.name, "package": item.package, "needed_for": item.needed_for, "optional": item.optional}
        for item in lacking
    ]
    document = {
        "missing": rows,
        "missing_python_packages": [one.module for one in packages if one.extra not in OPTIONAL],
        "missing_optional_python_packages": [one.module for one in packages if one.extra in OPTIONAL],
        "install": command,
        "install_python": install_line(packages) if packages else "",
    }
    print(json.dumps(document, indent=2, sort_keys=True))
