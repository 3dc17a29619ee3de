"""Shows who uses flash and RAM in an ELF image: model weights, model code, kernels, features, arena, application. Where
the linker's map lies beside the image, as in a Zephyr build, also what of the rest is Zephyr's and the C library's.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from mlforge.cli.common import add_json, console, print_json
from mlforge.cli.main import Status


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("elf", metavar="ELF", type=Path)
    add_json(parser)


def execute(arguments: argparse.Namespace) -> Status:
    from mlforge.measure.footprint import footprint

    found = footprint(arguments.elf)
    if arguments.json:
        print_json(dataclasses.asdict(found))
        return Status.DONE
    from mlforge.measure.owners import Owner
    from mlforge.report.terminal import footprint_table

    rows = [(str(owner), found.flash[owner], found.ram[owner]) for owner in found.flash]
    if found.flash_parts:
        parts = ((str(part), found.flash_parts[part], found.ram_parts[part]) for part in found.flash_parts)
        rows = [row for row in rows if row[0] != Owner.APPLICATION] + [row for row in parts if row[1] or row[2]]
    rows.append(("unnamed (padding, stack)", found.unnamed_flash_bytes, found.unnamed_ram_bytes))
    console().print(footprint_table(rows, title=arguments.elf.name))
    return Status.DONE
