"""The `user` stage: a C function of the application's. The host builds the very text that the device gets; the C half
that calls it is runtime/features/user.c."""

from __future__ import annotations

import ctypes
import re
import sys
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import ClassVar, Final

from mlforge.contract.stages_user import MAX_MADE, MAX_STATE_BYTES, UserSpec
from mlforge.errors import BuildError, DataError
from mlforge.features.flow import INT32_RANGE, Element, Flow
from mlforge.features.stage import PlainStage, require
from mlforge.templating import environment
from mlforge.toolchain.cache import cached, digest
from mlforge.toolchain.host import shared_library

_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FILE: Final = re.compile(r"[^\n\"\\]{1,255}\.c")
_FIRST_ERROR: Final = re.compile(r"^(.*?:\d+(?::\d+)?): (?:fatal )?error: (.*)$", re.MULTILINE)
_MISSING: Final = re.compile(r"undefined reference to [`'](\w+)'")


class UserTables(ctypes.Structure):
    """`struct mlforge_user`."""

    _fields_: ClassVar = [
        ("function", ctypes.c_void_p),
        ("rows", ctypes.c_uint32),
        ("channels", ctypes.c_uint32),
        ("kept_bytes", ctypes.c_uint32),
        ("frac_bits", ctypes.c_int32),
        ("wide", ctypes.c_uint8),
    ]


@dataclass(frozen=True, slots=True)
class User(PlainStage):
    """`function` of `text`, which came from `file`; makes `made` values for each channel."""

    file: str
    function_name: str
    text: str
    made: int
    frac_bits: int
    kept_bytes: int

    template: ClassVar[str] = "user.c.j2"
    function: ClassVar[str] = "mlforge_user_process"
    reset: ClassVar[str] = "mlforge_user_reset"

    def output(self, flow: Flow) -> Flow:
        plain = flow.exponents is None and flow.noise_bits is None and not flow.row_bits
        require(flow.element is not Element.INT8 and plain, "user", "it takes int16 or int32 values of one fixed point")
        sound = (
            1 <= self.made <= MAX_MADE
            and 0 <= self.kept_bytes <= MAX_STATE_BYTES
            and -64 <= self.frac_bits <= 64
            and _IDENTIFIER.fullmatch(self.function_name) is not None
            and _FILE.fullmatch(self.file) is not None
        )
        require(sound, "user", "its description is damaged")
        low, high = INT32_RANGE
        made = replace(flow, rows=self.made, element=Element.INT32, frac_bits=self.frac_bits, low=low, high=high)
        return replace(made, degree=1, grain=-self.frac_bits, tflm_size=0)

    def state_bytes(self, flow: Flow) -> int:
        return self.kept_bytes

    def native_tables(self, flow: Flow) -> ctypes.Structure:
        address = ctypes.cast(getattr(_library(self.file, self.text), self.function_name), ctypes.c_void_p).value
        wide = int(flow.element is Element.INT32)
        return UserTables(address, flow.rows, flow.channels, self.kept_bytes, flow.frac_bits, wide)


@cache
def _library(file: str, text: str) -> ctypes.CDLL:
    """The text, built by the host's compiler. Raises DataError with the first thing that the compiler says of it."""
    source = environment("mlforge.features").get_template("user_file.c.j2").render(file=file, text=text)

    def write(place: Path) -> None:
        (place / "user.c").write_text(source, encoding="utf-8")

    written = cached("user-stage", digest([source]), write) / "user.c"
    complete = ["-Wl,-z,defs"] if sys.platform == "linux" else []
    try:
        built = shared_library("mlforge_user", [written], flags=["-Werror=implicit-function-declaration", *complete])
    except BuildError as error:
        raise DataError(f"the stage `user` cannot be built: {_said(error.log, file)}") from error
    return ctypes.CDLL(str(built))


def _said(log: str, file: str) -> str:
    if found := _FIRST_ERROR.search(log):
        return f"{found[1]}: {found[2]}"
    if missing := _MISSING.search(log):
        return f"{file} calls {missing[1]}, which is neither in it nor in the C library"
    return log.strip().splitlines()[-1] if log.strip() else file


def make_user(spec: UserSpec, flow: Flow) -> User:
    """Raises DataError where the text cannot be built, or has no such function to call from outside."""
    if not hasattr(_library(spec.file, spec.text), spec.function):
        raise DataError(
            f"{spec.file} does not define {spec.function} for others",
            hint=f"leave out `static`: void {spec.function}(const struct mlforge_user_block *, int32_t *, void *)",
        )
    bits = flow.frac_bits if spec.frac_bits is None else spec.frac_bits
    return User(spec.file, spec.function, spec.text, spec.made, bits, spec.state_bytes)
