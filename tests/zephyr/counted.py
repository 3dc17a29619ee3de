"""Exact instruction counts of parts of an application's own image, by the counting plugin of ports/qemu-plugin."""

from __future__ import annotations

import subprocess
from bisect import bisect_right
from collections import Counter
from pathlib import Path

from mlforge.targets.counting import functions
from mlforge.toolchain.plugin import counting_plugin
from tests.zephyr.workspace import QEMU, VIRTUAL_TIME


def instructions_between(build: Path, board: str, begin: str, end: str, last_line: str) -> list[Counter[str]]:
    """Runs the image until it prints `last_line`. For each time from the entry of function `begin` to that of `end`:
    the instructions of each function, those of interrupts included."""
    elf = build / "zephyr" / "zephyr.elf"
    image = functions(elf)
    marks = {function.name: function.start for function in image if function.name in {begin, end}}
    given, out = build / "marks", build / "counts"
    given.write_text(f"{marks[begin]:x} 1\n{marks[end]:x} 0\n")
    plugin = f"{counting_plugin(QEMU[board][0])},marks={given},out={out}"
    command = [*QEMU[board], *VIRTUAL_TIME, "-nographic", "-plugin", plugin, "-kernel", str(elf)]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        assert any(last_line in line for line in process.stdout)
        process.terminate()
        process.wait(60)
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    starts = [function.start for function in image]
    blocks: dict[str, tuple[str, int]] = {}
    windows: list[Counter[str]] = []
    lines = out.read_text().splitlines()
    assert lines[-1] == "E"
    for kind, *words in map(str.split, lines):
        if kind == "B":
            name = image[bisect_right(starts, int(words[1], 16)) - 1].name
            blocks[words[0]] = (name, int(words[3]))
        elif kind == "W":
            windows.append(Counter())
        elif kind == "C":
            name, instructions = blocks[words[1]]
            windows[-1][name] += instructions * int(words[2])
    return windows
