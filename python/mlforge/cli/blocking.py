"""Finds how long a Zephyr application locks interrupts, and which function does, by running its own image in QEMU.
Nothing is added to the image. For boards with a Cortex-M that QEMU emulates.

Exit status: 0 done, 3 interrupts were locked for longer than --limit, 1 an error.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from mlforge.cli.common import add_json, bounded, console, print_json
from mlforge.cli.main import Status


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("elf", metavar="ELF", type=Path, help="the image, such as build/zephyr/zephyr.elf")
    parser.add_argument("--board", metavar="B", required=True, help="the Zephyr board that it was built for")
    parser.add_argument(
        "--limit", metavar="T", default="", help="the longest time that interrupts may be locked, such as '200 us'"
    )
    parser.add_argument(
        "--clock", default="120 MHz", help="about how many instructions take a second (default: 120 MHz)"
    )
    parser.add_argument(
        "--seconds", type=bounded(float, 0.001), default=0.2, help="how long it computes, without sleep (default: 0.2)"
    )
    add_json(parser)


def execute(arguments: argparse.Namespace) -> Status:
    from mlforge.contract.units import format_time, parse_clock, parse_time
    from mlforge.errors import ForgeError
    from mlforge.targets.blocking import blocking
    from mlforge.targets.zephyr_boards import ZEPHYR_BOARDS, board_of_build

    board = board_of_build(arguments.board)
    if board is None or not board.is_cortex_m:
        known = ", ".join(name for name, each in ZEPHYR_BOARDS.items() if each.is_cortex_m)
        raise ForgeError(f"--board: {arguments.board} is no emulated Cortex-M", hint=f"one of {known}")
    try:
        clock_hz = parse_clock(arguments.clock)
        limit_us = parse_time(arguments.limit) if arguments.limit else None
    except ValueError as error:
        raise ForgeError(str(error)) from error
    found = blocking(arguments.elf, board, clock_hz, arguments.seconds)
    met = limit_us is None or found.worst is None or found.worst.longest_us <= limit_us
    if arguments.json:
        print_json({"limit_us": limit_us, "met": met, **dataclasses.asdict(found)})
    else:
        from mlforge.report.house import house_table

        title = f"Locked interrupts in {arguments.elf.name} on {board.name}, in {found.seconds:g} s of computing"
        table = house_table(title, "function", "longest>", "times>", "in all>")
        for each in found.functions[:12]:
            table.add_row(each.function, format_time(each.longest_us), f"{each.times:,}", format_time(each.total_us))
        screen = console()
        screen.print(table)
        if not met and found.worst is not None:
            longest = format_time(found.worst.longest_us)
            screen.print(f"{found.worst.function} locks interrupts for {longest}: more than {arguments.limit}")
    return Status.DONE if met else Status.UNMET
