"""Validates the contract of an app, and prints the value and the source of each limit. Limits of `auto` come from the
app's own build: the command builds it in APP/.mlforge, unless --image names a build.

Then it loads the data, counts them by split and class, and reports what is wrong with them; --no-data omits that.
Exit status: 1 if the contract or the data cannot be used, 3 if --image breaks a limit.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlforge.cli.common import add_app, add_json, console, print_json
from mlforge.cli.main import Status

if TYPE_CHECKING:
    from mlforge.app.auto_limits import Resolved
    from mlforge.contract.contract import Contract
    from mlforge.contract.describe import Setting
    from mlforge.records.data_summary import Inspection


def configure(parser: argparse.ArgumentParser) -> None:
    add_app(parser)
    parser.add_argument(
        "--image",
        metavar="ELF",
        type=Path,
        help="compare the limits with this image; exit status 3 if one is broken",
    )
    parser.add_argument(
        "--board",
        metavar="B",
        default="",
        help="the Zephyr board that --image was built for: limits.blocking runs it in QEMU",
    )
    parser.add_argument("--no-data", action="store_true", help="do not load and check the data")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> Status:
    from mlforge.contract.describe import describe
    from mlforge.contract.load import load_contract

    contract = load_contract(arguments.app)
    if arguments.image:
        return _check_image(contract, arguments)
    resolved = _resolved(contract)
    settings = describe(resolved.contract)
    if arguments.json:
        seen = None if arguments.no_data else _inspected(contract)
        rows = [dataclasses.asdict(setting) for setting in settings]
        document = {"contract": str(contract.path), "digest": contract.digest, "name": contract.name, "settings": rows}
        print_json({**document, **_rooms(resolved), **({"data": dataclasses.asdict(seen)} if seen else {})})
        return Status.ERROR if seen and seen.errors else Status.DONE
    _print_settings(contract, settings)
    _print_account(resolved)
    return Status.DONE if arguments.no_data else _print_data(_inspected(contract))


def _inspected(contract: Contract) -> Inspection:
    from mlforge.app.prepare import inspect
    from mlforge.errors import DataError

    try:
        return inspect(contract, lambda sentence: print(sentence, file=sys.stderr))
    except DataError as error:
        error.hint = "; ".join(filter(None, (error.hint, "`check --no-data` looks at the contract alone")))
        raise


def _print_data(inspection: Inspection) -> Status:
    from mlforge.report.data_tables import channel_table, findings_lines, split_table, summary_line

    screen = console()
    screen.print()
    screen.print(summary_line(inspection.summary), soft_wrap=True, markup=False)
    screen.print(split_table(inspection.summary))
    screen.print(channel_table(inspection.summary))
    for style, line in findings_lines(inspection.findings):
        screen.print(line, style=style, soft_wrap=True, markup=False)
    return Status.ERROR if inspection.errors else Status.DONE


def _print_settings(contract: Contract, settings: Sequence[Setting]) -> None:
    from rich.table import Table

    table = Table(title=f"{contract.name}: {contract.task}", title_justify="left", box=None, pad_edge=False)
    for column in ("setting", "value", "source"):
        table.add_column(column)
    for setting in settings:
        table.add_row(setting.key, setting.text, setting.source)
    console().print(table)


def _resolved(contract: Contract) -> Resolved:
    """What takes seconds, a build of the app, is only started where the contract asks for it."""
    from mlforge.app.auto_limits import Resolved

    if not contract.limits.auto:
        return Resolved(contract, {})
    from mlforge.app.free_memory import resolve

    return resolve(contract, lambda sentence: print(sentence, file=sys.stderr))


def _rooms(resolved: Resolved) -> dict[str, Any]:
    """The accounts of limits that say `auto`, for --json."""
    if not resolved.rooms:
        return {}
    return {
        "auto": {
            name: {**dataclasses.asdict(room), "free_bytes": room.free_bytes, "kept_bytes": resolved.kept_bytes(name)}
            for name, room in resolved.rooms.items()
        }
    }


def _print_account(resolved: Resolved) -> None:
    from mlforge.app.auto_limits import account

    for line in account(resolved):
        print(line)


def _check_image(contract: Contract, arguments: argparse.Namespace) -> Status:
    from mlforge.app.auto_limits import resolve_from_image
    from mlforge.app.image_limits import image_limits
    from mlforge.app.own_image import held_blocking

    resolved = resolve_from_image(contract, arguments.image)
    held = image_limits(resolved, arguments.image)
    blocking = held_blocking(contract, arguments.image, arguments.board) if arguments.board else None
    met = held.met and (blocking is None or blocking.met)
    if arguments.json:
        rows = [
            {
                "key": limit.key,
                "limit_bytes": limit.limit_bytes,
                "used_bytes": limit.used_bytes,
                "shares": dict(limit.shares),
                "met": limit.met,
            }
            for limit in held.limits
        ]
        others = {"others": list(held.others)} if held.others else {}
        ran = {"blocking": dataclasses.asdict(blocking)} if blocking else {}
        print_json({"contract": str(contract.path), "met": met, "limits": rows, **ran, **others, **_rooms(resolved)})
    else:
        _print_account(resolved)
        for limit in held.limits:
            print(limit if limit.met else f"error: {limit}", file=sys.stdout if limit.met else sys.stderr)
        if blocking is not None:
            told = f"{contract.path}:{contract.line('limits.blocking')}: limits.blocking: {blocking}"
            print(told if blocking.met else f"error: {told}", file=sys.stdout if blocking.met else sys.stderr)
        for sentence in held.others:
            print(sentence)
    return Status.DONE if met else Status.UNMET
