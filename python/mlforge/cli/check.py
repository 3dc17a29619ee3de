"""Validates the contract of an app, and prints what each limit resolves to and where that number comes from."""

from __future__ import annotations

import argparse
import dataclasses

from mlforge.cli.common import add_app, add_json, console, print_json
from mlforge.cli.main import Status


def configure(parser: argparse.ArgumentParser) -> None:
    add_app(parser)
    add_json(parser)


def execute(arguments: argparse.Namespace) -> Status:
    from mlforge.contract.describe import describe
    from mlforge.contract.load import load_contract

    contract = load_contract(arguments.app)
    settings = describe(contract)
    if arguments.json:
        rows = [dataclasses.asdict(setting) for setting in settings]
        print_json({"contract": str(contract.path), "digest": contract.digest, "name": contract.name, "settings": rows})
        return Status.DONE
    from rich.table import Table

    table = Table(title=f"{contract.name}: {contract.task}", title_justify="left", box=None, pad_edge=False)
    for column in ("setting", "value", "source"):
        table.add_column(column)
    for setting in settings:
        table.add_row(setting.key, setting.text, setting.source)
    console().print(table)
    return Status.DONE
