"""Lists what models can be run on here, and why the rest cannot."""

from __future__ import annotations

import argparse

from mlforge.cli.common import add_json, console, print_json
from mlforge.cli.main import Status


def configure(parser: argparse.ArgumentParser) -> None:
    add_json(parser)


def execute(arguments: argparse.Namespace) -> Status:
    from mlforge.targets.registry import all_targets
    from mlforge.targets.zephyr import zephyr_targets

    targets = [(target, target.unavailable()) for target in (*all_targets(), *zephyr_targets())]
    if arguments.json:
        rows = [
            {"name": target.name, "core": target.core, "description": target.description, "unavailable": reason}
            for target, reason in targets
        ]
        print_json({"targets": rows})
        return Status.DONE
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in ("target", "core", "how", "usable here"):
        table.add_column(column)
    for target, reason in targets:
        table.add_row(target.name, target.core, target.description, f"no: {reason}" if reason else "yes")
    console().print(table)
    return Status.DONE
