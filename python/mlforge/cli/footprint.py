"""Shows who uses flash and RAM in an image, where its build left it: model weights, model code, kernels, features,
arena, the application, Zephyr and the C library; of several models, what each takes for itself.
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
    from mlforge.measure.footprint import NOT_THE_MODELS
    from mlforge.report.terminal import footprint_table

    rows = [(str(each), found.flash[each], found.ram[each]) for each in found.flash if each not in NOT_THE_MODELS]
    parts = ((str(part), found.flash_parts[part], found.ram_parts[part]) for part in found.flash_parts)
    rows += [row for row in parts if row[1] or row[2]]
    rows.append(("unnamed (padding, stack)", found.unnamed_flash_bytes, found.unnamed_ram_bytes))
    console().print(footprint_table(rows, title=arguments.elf.name))
    if len(found.models) > 1:
        own = [(name, sum(use.flash.values()), sum(use.ram.values())) for name, use in found.models.items()]
        console().print(footprint_table(own, title="of it the models' own", what="model"))
    return Status.DONE
