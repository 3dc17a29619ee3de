"""Validates the contract of an app, and prints what each limit resolves to and where that number comes from."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mlforge.cli.common import add_app, add_json, console, print_json
from mlforge.cli.main import Status

if TYPE_CHECKING:
    from mlforge.contract.contract import Contract


def configure(parser: argparse.ArgumentParser) -> None:
    add_app(parser)
    parser.add_argument(
        "--image",
        metavar="ELF",
        type=Path,
        help="hold the limits against this image; exit status 3 where one is broken",
    )
    add_json(parser)


def execute(arguments: argparse.Namespace) -> Status:
    from mlforge.contract.describe import describe
    from mlforge.contract.load import load_contract

    contract = load_contract(arguments.app)
    if arguments.image:
        return _check_image(contract, arguments)
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


def _check_image(contract: Contract, arguments: argparse.Namespace) -> Status:
    from mlforge.study.image import image_limits

    limits = image_limits(contract, arguments.image)
    met = all(limit.met for limit in limits)
    if arguments.json:
        rows = [
            {
                "key": limit.key,
                "limit_bytes": limit.limit_bytes,
                "used_bytes": limit.used_bytes,
                "shares": dict(limit.shares),
                "met": limit.met,
            }
            for limit in limits
        ]
        print_json({"contract": str(contract.path), "met": met, "limits": rows})
    else:
        for limit in limits:
            print(limit if limit.met else f"error: {limit}", file=sys.stdout if limit.met else sys.stderr)
    return Status.DONE if met else Status.UNMET
