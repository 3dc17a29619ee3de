"""The report of zephyr/src/scheduling.c: an application's image run in QEMU until it is complete, and read.

Time is virtual: an instruction takes a power of two of nanoseconds, so that figures repeat exactly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mlforge.errors import RunError
from mlforge.records.scheduling import Delays, Part, Scheduling, ThreadPart, ThreadUse
from mlforge.targets.console import console_until
from mlforge.targets.qemu import Machine, shift_of

PARTS: Final = ("alone", "with the model", "under load")
OWN: Final = "mlforge_"  # how the measurement's own threads are called
_LINE: Final = re.compile(r"^mlforge-scheduling (.*)$", re.MULTILINE)
_END: Final = "mlforge-scheduling end"
_WALL_S: Final = 300.0


def measured(
    elf: Path,
    machine: Machine,
    clock_hz: int,
    *,
    board: str,
    period_us: float,
    seconds: float,
    load: float,
    deadlines_us: Mapping[str, float],
) -> Scheduling:
    """Runs the image at about that clock.

    Raises:
        RunError: it crashed or hung, or its report is damaged.
        ToolError: QEMU is not installed.
    """
    shift = shift_of(clock_hz)
    text = console_until(machine, elf, _END, ("-icount", f"shift={shift},sleep=off"), _WALL_S)
    method = f"emulated by QEMU, {machine.machine}, {1000 / (1 << shift):g} instructions a microsecond"
    return read_report(text, board, period_us, seconds, load, deadlines_us, method)


def read_report(
    text: str,
    board: str,
    period_us: float,
    seconds: float,
    load: float,
    deadlines_us: Mapping[str, float],
    method: str,
) -> Scheduling:
    """Raises RunError where it is damaged or incomplete."""
    lines = [words.split() for words in _LINE.findall(text.replace("\r", ""))]
    if ["no", "model"] in lines:
        raise RunError("the application has no such model, or one of too many channels", log=text[-2000:])
    if not lines or lines[-1] != ["end"]:
        raise RunError("the report on the scheduling is incomplete", log=text[-2000:])
    try:
        return _read(lines, board, period_us, seconds, load, deadlines_us, method)
    except (ValueError, IndexError, KeyError, ZeroDivisionError) as error:
        raise RunError("the report on the scheduling is damaged", log=text[-2000:]) from error


def _read(
    lines: list[list[str]],
    board: str,
    period_us: float,
    seconds: float,
    load: float,
    deadlines_us: Mapping[str, float],
    method: str,
) -> Scheduling:
    (clock_hz,) = (int(words[1]) for words in lines if words[0] == "clock")
    lengths = {int(words[1]): (int(words[2]), int(words[3])) for words in lines if words[0] == "phase"}
    ran = [number for number in range(len(PARTS)) if lengths[number][0]]

    def delays(*key: str) -> Delays | None:
        for words in lines:
            if tuple(words[: len(key)]) == key:
                mean, worst, count = (int(word) for word in words[len(key) :])
                return Delays(mean * 1e6 / clock_hz, worst * 1e6 / clock_hz, count)
        return None

    threads = []
    for words in (words for words in lines if words[0] == "thread"):
        index, priority, stack, unused, *name = words[1:]
        uses = {int(line[2]): line for line in lines if line[:2] == ["use", index]}
        threads.append(
            ThreadUse(
                " ".join(name),
                int(priority),
                int(stack),
                int(stack) - int(unused),
                deadlines_us.get(" ".join(name)),
                tuple(
                    ThreadPart(
                        int(uses[number][3]) / lengths[number][0],
                        delays("response", index, str(number)),
                        int(uses[number][4]),
                    )
                    for number in ran
                ),
            )
        )
    return Scheduling(
        board,
        period_us,
        seconds,
        load,
        tuple(
            Part(
                PARTS[number],
                delays("timer", "-1", str(number)),
                delays("wake", "-1", str(number)),
                delays("inference", "-1", str(number)),
                lengths[number][1],
            )
            for number in ran
        ),
        tuple(threads),
        next((words[1] == "1" for words in lines if words[0] == "kept"), None),
        method,
    )
