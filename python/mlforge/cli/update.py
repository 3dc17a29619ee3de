"""Delivers a bundle to a device over SMP: verifies it, compares it with what runs there, uploads it (and resumes
after a cut link), resets the device, and waits until the device has confirmed it by its self-test and health check.

Exit status: 0 confirmed, now or before; 1 an error; 3 the device has rolled it back.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mlforge.cli.common import add_json, bounded, print_json
from mlforge.cli.devices import add_link, link_of
from mlforge.cli.main import Status

if TYPE_CHECKING:
    from mlforge.bundle.update import Outcome, Package


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", metavar="BUNDLE", type=Path, help="the signed image (.bin or .hex)")
    add_link(parser)
    parser.add_argument("--key", metavar="PUB", type=Path, help="check the bundle's signature with this PEM file first")
    parser.add_argument("--allow-downgrade", action="store_true", help="accept a device that runs a newer bundle")
    parser.add_argument("--allow-other-name", action="store_true", help="accept a device that runs another application")
    parser.add_argument(
        "--allow-development-key", action="store_true", help="accept a key from MCUboot's repository, which is public"
    )
    parser.add_argument(
        "--timeout",
        metavar="S",
        type=bounded(float, 1),
        default=300.0,
        help="limit for the test boot, from the reset on (default: 300)",
    )
    parser.add_argument(
        "--patience",
        metavar="S",
        type=bounded(float, 1),
        default=60.0,
        help="limit for an upload without progress (default: 60)",
    )
    add_json(parser)


def execute(arguments: argparse.Namespace) -> Status:
    from mlforge.bundle.keys import read_key
    from mlforge.bundle.smp_device import connector
    from mlforge.bundle.update import Ending, Observer, Options, Timeouts, open_package, update
    from mlforge.bundle.verification import Expected

    key = read_key(arguments.key) if arguments.key else None
    package = open_package(arguments.bundle, Expected(key, development=arguments.allow_development_key))
    options = Options(
        downgrade=arguments.allow_downgrade,
        other_name=arguments.allow_other_name,
        timeouts=Timeouts(silence_s=arguments.patience, test_boot_s=arguments.timeout),
    )
    with UploadBar() as bar:
        outcome = update(connector(link_of(arguments)), package, options, Observer(bar.say, bar.sent))
    if arguments.json:
        print_json(_as_json(outcome, package))
    else:
        print(_sentence(outcome))
    return Status.UNMET if outcome.ending is Ending.ROLLED_BACK else Status.DONE


class UploadBar:
    """A progress bar on stderr; lines only where that is no terminal. Use as a context manager."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        columns = TextColumn("uploading"), BarColumn(), DownloadColumn(binary_units=True), TransferSpeedColumn()
        console = Console(file=sys.stderr, highlight=False, soft_wrap=True)
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._progress.add_task("upload", total=None, visible=False)

    def __enter__(self) -> UploadBar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        self._progress.console.print(text, markup=False)

    def sent(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total, visible=done < total)


def _sentence(outcome: Outcome) -> str:
    from mlforge.bundle.update import Ending

    if outcome.ending is Ending.ALREADY:
        return f"the device runs {outcome.version} already, and has confirmed it"
    if outcome.ending is Ending.CONFIRMED:
        return f"{outcome.version} runs and is confirmed; before it was {outcome.before}"
    return f"{outcome.version} was rolled back to {outcome.before}: {outcome.reason}"


def _as_json(outcome: Outcome, package: Package) -> dict[str, object]:
    return {
        "ending": str(outcome.ending),
        "name": package.block.name,
        "board": package.block.board,
        "version": str(outcome.version),
        "before": str(outcome.before),
        "reason": outcome.reason,
        "cuts": outcome.cuts,
        "sent_bytes": outcome.sent_bytes,
        "image_sha256": package.digest.hex(),
    }
