"""Reads the C file of a stage of the application's own. Whatever is wrong with it is a sentence."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Final

MAX_BYTES: Final = 64 * 1024
HEADER: Final = "mlforge/user_stage.h"
_INCLUDE: Final = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]*)"', re.MULTILINE)


class CodeError(Exception):
    """`found` and `expected`, as a contract's problem has them."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(f"{found}, expected {expected}")
        self.found = found
        self.expected = expected


def read_code(directory: Path, file: str, function: str) -> str:
    """The file's text, with line ends as C has them.

    Raises:
        CodeError: the file is outside the directory, no regular file, too large, no text, includes files of the
            application, or does not have the function.
    """
    path = Path(file)
    if path.is_absolute() or ".." in path.parts or path.suffix != ".c" or "\\" in file:
        raise CodeError(repr(file), "a C file below the contract's directory, such as src/crest.c")
    place = directory / path
    if not Path(os.path.realpath(place)).is_relative_to(os.path.realpath(directory)):
        raise CodeError(f"{file}, a link that leads out of the contract's directory", "a file in it")
    text = _text(place, file)
    for name in _INCLUDE.findall(text):
        if name != HEADER:
            found = f'{file}, which includes "{name}"'
            raise CodeError(found, f"one file that includes <{HEADER}> and headers of C alone")
    if not re.search(rf"\b{re.escape(function)}\s*\(", text):
        raise CodeError(f"{file}, which does not have the function {function}", f"void {function}(...) in it")
    return text


def _text(place: Path, file: str) -> str:
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise CodeError(f"{file}, which cannot be read ({(error.strerror or 'error').lower()})", "a C file") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise CodeError(f"{file}, which is no regular file", "a C file")
        data = os.read(descriptor, MAX_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(data) > MAX_BYTES:
        raise CodeError(f"{file}, of more than {MAX_BYTES // 1024} KiB", f"at most {MAX_BYTES // 1024} KiB")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CodeError(f"{file}, which is not UTF-8", "a C file in UTF-8") from error
    if "\0" in text:
        raise CodeError(f"{file}, which has a byte 0 in it", "a C file")
    return text.replace("\r\n", "\n").replace("\r", "\n")
