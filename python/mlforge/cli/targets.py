"""Lists the targets that models can run on here, and why the others are unavailable."""

from __future__ import annotations

import argparse

from mlforge.cli.common import add_hardware_map, add_json, console, print_json, use_hardware_map
from mlforge.cli.main import Status


def configure(parser: argparse.ArgumentParser) -> None:
    add_hardware_map(parser)
    parser.add_argument("--release", metavar="ID", default="", help="let a board of the map out of quarantine")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> Status:
    from mlforge.targets.quarantine import let_out, quarantined
    from mlforge.targets.registry import all_targets, mapped_targets
    from mlforge.targets.zephyr import zephyr_targets

    use_hardware_map(arguments)
    if arguments.release:
        let_out(arguments.release)

    def kept(name: str) -> str | None:
        found = quarantined(name.removeprefix("board:")) if name.startswith("board:") else None
        return None if found is None else str(found)

    found = (*all_targets(), *zephyr_targets(), *mapped_targets())
    targets = [
        (target, "" if target.name.startswith("board:") else target.core, target.unavailable() or kept(target.name))
        for target in found
    ]
    if arguments.json:
        rows = [
            {"name": target.name, "core": core, "description": target.description, "unavailable": reason}
            for target, core, reason in targets
        ]
        print_json({"targets": rows})
        return Status.DONE
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("target", "core", "how", "usable here"):
        table.add_column(column)
    for target, core, reason in targets:
        table.add_row(target.name, core, target.description, f"no: {reason}" if reason else "yes")
    console().print(table)
    return Status.DONE
