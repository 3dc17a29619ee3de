"""The one line of a failed build's log that says why: what a compiler, linker, script or CMake itself complained of,
and not what merely has the word in it, such as the name of a file or `git describe`, which builds survive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

_COMPLAINT: Final = re.compile(
    r"(?:^|[\s:])(?:fatal )?error:\s"  # compilers, assemblers, dtc, Kconfig, MLForge
    r"|undefined reference to|multiple definition of|relocation truncated|\bcannot find -l",  # linkers
    re.IGNORECASE,
)
_WORD: Final = re.compile(r"\berror\b|\bfatal\b", re.IGNORECASE)
# Progress, commands, and CMake's status lines: what files are called is no error, and a status is none.
_PROGRESS: Final = re.compile(r"\[\d+/\d+\] |FAILED: |-- |\S*ccache |/\S*/(cmake|\S*g?cc|\S*g\+\+) ")
# What only says that something failed, which is told elsewhere; a warning is none; git's own words stop no build.
_SUMMARY: Final = re.compile(
    r"ninja: |make(\[\d+\])?: \*\*\*|collect2: |cc1(plus)?: (all|some) warnings|.*\bwarning:|fatal: "
    r"|.*Aborting due to Kconfig warnings|FATAL ERROR: command exited with status",
    re.IGNORECASE,
)
_KCONFIG: Final = "Aborting due to Kconfig warnings"
_TRACEBACK: Final = "Traceback (most recent call last):"
_GOES_ON: Final = ("During handling of the above exception", "The above exception was the direct cause")


def headline(log: str) -> str:
    """The cause of a failed build by its log, in one line; empty where nothing looks like one."""
    lines = log.splitlines()
    for found in (_complaints(lines), _words(lines), _summaries(lines)):
        for line in found:
            return line
    return ""


def _complaints(lines: Sequence[str]) -> Iterator[str]:
    """In the order of the log: the first is the cause, and what follows its consequences."""
    for at, line in enumerate(lines):
        text = line.strip()
        if line.startswith("CMake Error"):
            yield from _of_cmake(lines, at)
        elif line.startswith(_TRACEBACK):
            yield from _of_python(lines, at)
        elif _KCONFIG in line:
            yield from _of_kconfig(lines[:at])
        elif _COMPLAINT.search(line) and not _PROGRESS.match(text) and not _SUMMARY.match(text):
            yield text


def _words(lines: Sequence[str]) -> Iterator[str]:
    stripped = (line.strip() for line in lines)
    return (text for text in stripped if _WORD.search(text) and not _PROGRESS.match(text) and not _SUMMARY.match(text))


def _summaries(lines: Sequence[str]) -> Iterator[str]:
    stripped = (line.strip() for line in lines)
    return (text for text in stripped if _WORD.search(text) and not _PROGRESS.match(text) and "warning:" not in text)


def _of_cmake(lines: Sequence[str], at: int) -> Iterator[str]:
    """CMake's message: the first indented paragraph below its head, without what only says that a command failed. Where
    it quotes a script's traceback, the exception."""
    message = []
    for line in lines[at + 1 :]:
        if line.strip() and not line.startswith("  "):
            break
        message.append(line[2:])
    for index, line in enumerate(message):
        if _TRACEBACK in line:
            yield from _of_python(message, index)
    text = _first_paragraph(message)
    if text and not text.startswith(("command failed with return code", "Call Stack")):
        yield text


def _first_paragraph(message: Sequence[str]) -> str:
    words: list[str] = []
    for line in message:
        if not line.strip() and words:
            break
        words += line.split()
    return " ".join(words)


def _of_python(lines: Sequence[str], at: int) -> Iterator[str]:
    """The exception below a traceback, unless another one was raised while it was handled."""
    for index, line in enumerate(lines[at + 1 :], start=at + 1):
        if line.strip() and not line.startswith((" ", "\t")):
            rest = (later for later in lines[index + 1 :] if later.strip())
            if not next(rest, "").startswith(_GOES_ON):
                yield line.strip()
            return


def _of_kconfig(before: Sequence[str]) -> Iterator[str]:
    """The warning that Kconfig stops at: a paragraph of its own."""
    starts = [at for at, line in enumerate(before) if line.startswith("warning: ")]
    if starts:
        paragraph = " ".join(before[starts[-1] :]).split()
        yield " ".join(paragraph).removeprefix("warning: ")
