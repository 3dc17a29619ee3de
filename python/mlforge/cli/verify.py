"""Holds the locked model of an app against its contract again: FP32 on the host, int8 on the host, int8 on the target,
the same examples at each stage. FP32 needs the study's float model, which only the machine of the search has.

Exit status: 0 the contract is met, 3 it is not, 1 an error (among them: host and target disagree).
"""

from __future__ import annotations

import argparse
import sys

from mlforge.cli.common import (
    add_app,
    add_hardware_map,
    add_json,
    add_storage,
    add_target,
    console,
    print_json,
    storage_of,
    use_hardware_map,
)
from mlforge.cli.main import Status


def configure(parser: argparse.ArgumentParser) -> None:
    add_app(parser)
    add_target(parser, default=None)
    add_storage(parser)
    add_hardware_map(parser)
    parser.add_argument(
        "--probe",
        metavar="KIND:PORT",
        default="",
        help="with board:NAME: measure energy with a power meter, ppk2:/dev/ttyACM1, lpm01a:/dev/ttyACM0 or "
        "otii:localhost:1905",
    )
    add_json(parser)


def execute(arguments: argparse.Namespace) -> Status:
    import dataclasses

    from mlforge.contract.load import load_contract
    from mlforge.study.stages import verify
    from mlforge.toolchain.posix import refuse_without_posix

    refuse_without_posix("verify")
    use_hardware_map(arguments)
    result = verify(load_contract(arguments.app), arguments.target, storage_of(arguments), _say, arguments.probe)
    if arguments.json:
        print_json(
            {
                "met": result.verdict.met,
                "verdict": dataclasses.asdict(result.verdict),
                "qualities": [dataclasses.asdict(quality) for quality in result.qualities],
                "cost": dataclasses.asdict(result.cost),
                "notes": list(result.notes),
                "scheduling": dataclasses.asdict(result.scheduling) if result.scheduling else None,
                "measured": None
                if result.measured is None
                else {**dataclasses.asdict(result.measured), "measured_over_estimated": result.measured.ratio},
            }
        )
    else:
        from mlforge.report import energy, scheduling, terminal

        screen = console()
        screen.print(terminal.quality_table(result.qualities))
        screen.print(terminal.verdict_table(result.verdict, title=f"{result.name} on {result.cost.target}"))
        if result.measured is not None:
            screen.print(energy.measured_table(result.measured))
        if result.scheduling is not None:
            for table in scheduling.tables(result.scheduling):
                screen.print(table)
        for note in result.notes:
            screen.print(f"note: {note}")
    return Status.DONE if result.verdict.met else Status.UNMET


def _say(sentence: str) -> None:
    """Minutes may pass: what is under way is said as it begins."""
    print(sentence, file=sys.stderr, flush=True)
