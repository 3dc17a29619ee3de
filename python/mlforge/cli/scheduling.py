"""Measures what the locked model does to the rest of its application, in the application's own build, in QEMU: how late
a timer of 1 kHz and a thread of the highest priority come, with the model and without; each thread's stack, share of
the processor, and time from ready to waiting again; deadlines that are missed. For boards with a Cortex-M that QEMU
emulates.

Exit status: 0 done, 3 a deadline, the latency under load or memory to be kept free is not held, 1 an error.
"""

from __future__ import annotations

import argparse
import sys

from mlforge.cli.common import add_app, add_json, bounded, console, print_json
from mlforge.cli.main import Status


def configure(parser: argparse.ArgumentParser) -> None:
    add_app(parser)
    parser.add_argument(
        "--period", metavar="T", default="", help="from one inference to the next (default: what the contract says)"
    )
    parser.add_argument(
        "--seconds",
        metavar="S",
        type=bounded(float, 0.01),
        default=1.0,
        help="of each part of the measurement, at most 8 (default: 1)",
    )
    add_json(parser)


def execute(arguments: argparse.Namespace) -> Status:
    import dataclasses

    from mlforge.app.own_image import own_blocking
    from mlforge.app.scheduling import scheduling, scheduling_checks
    from mlforge.app.verdicts import blocking_check
    from mlforge.contract.load import load_contract
    from mlforge.contract.units import parse_time
    from mlforge.errors import ForgeError
    from mlforge.records.verdict import Verdict

    try:
        period_us = parse_time(arguments.period) if arguments.period else None
    except ValueError as error:
        raise ForgeError(f"--period: {error}") from error
    contract = load_contract(arguments.app)
    found = scheduling(contract, _say, period_us, min(arguments.seconds, 8.0))
    limit_us = contract.limits.blocking_us
    blocking = None if limit_us is None else own_blocking(contract, _say)
    checks = scheduling_checks(contract, found)
    if limit_us is not None and blocking is not None:
        checks = (*checks, blocking_check(limit_us, blocking))
    verdict = Verdict(checks)
    if arguments.json:
        ran = {"blocking": dataclasses.asdict(blocking) if blocking else None}
        print_json({"met": verdict.met, "verdict": dataclasses.asdict(verdict), **dataclasses.asdict(found), **ran})
    else:
        from mlforge.report import terminal
        from mlforge.report.scheduling import tables

        screen = console()
        for table in tables(found):
            screen.print(table)
        if verdict.checks:
            screen.print(terminal.verdict_table(verdict, title=f"{contract.name} on {found.board}"))
    return Status.DONE if verdict.met else Status.UNMET


def _say(sentence: str) -> None:
    """A build may take a minute: what is under way is said as it begins."""
    print(sentence, file=sys.stderr, flush=True)
