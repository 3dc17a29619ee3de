"""Shows who uses flash and RAM in an ELF image: model weights, model code, kernels, features, arena, application."""

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
    from mlforge.report.terminal import footprint_table

    rows = [(str(owner), found.flash[owner], found.ram[owner]) for owner in found.flash]
    rows.append(("unnamed (padding, stack)", found.unnamed_flash_bytes, found.unnamed_ram_bytes))
    console().print(footprint_table(rows, title=arguments.elf.name))
    return Status.DONE
