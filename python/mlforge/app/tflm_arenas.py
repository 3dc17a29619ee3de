"""How much arena TensorFlow Lite Micro's interpreter needs: found by running, kept beside the model, never guessed.

It depends on the kernels, and on the processor that they were compiled for, so each pair has a size of its own. An
application's lock keeps those of its locked model; any other model has a file beside it, `MODEL.arena.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any, Final

from mlforge.compiler.isa import Isa
from mlforge.errors import ForgeError
from mlforge.records.program import Engine
from mlforge.toolchain.files import sha256, write_atomically

_HEADER: Final = "# Written by `west mlforge arena`; keep it in version control beside the model. Do not edit.\n"
_MAX_FILE_BYTES: Final = 1 << 16
_MAX_DEPTH: Final = 4
# Boards of QEMU by what the size depends on: where a size can be found that holds for a board like it.
_BOARDS: Final[Mapping[str, str]] = {
    "arm thumb1": "qemu_cortex_m0",
    "arm generic": "qemu_cortex_m3",
    "arm dsp": "mps2/an386",
    "arm mve": "mps3/corstone300/an547",
    "riscv generic": "qemu_riscv32",
    "posix generic": "native_sim",
}


@dataclass(frozen=True, slots=True)
class Machine:
    """What the size of an arena depends on besides the model. `architecture` is Zephyr's word, such as `arm`."""

    engine: Engine
    architecture: str
    isa: Isa

    def __str__(self) -> str:
        return f"{self.engine} {self.architecture} {self.isa}"

    @property
    def board(self) -> str:
        """A board of QEMU for which the same size holds; empty where none is known."""
        return _BOARDS.get(f"{self.architecture} {self.isa}", "")


def known_size(sizes: Mapping[str, int], machine: Machine, model: Path, subject: Path) -> int:
    """The size for a machine. `subject` is what `west mlforge arena` takes: the application, or the model.

    Raises:
        ForgeError: it was never found; the hint has the command that finds it.
    """
    if str(machine) in sizes:
        return sizes[str(machine)]
    board = machine.board or "BOARD"
    raise ForgeError(
        f"{model}: the arena that TensorFlow Lite Micro needs for it is not known yet ({machine})",
        hint=f"`west mlforge arena {subject} --engine {machine.engine} --board {board}` runs the model and finds it",
    )


def arena_file(model: Path) -> Path:
    """The file beside a model that keeps the sizes of its arenas."""
    return model.with_suffix(".arena.yaml")


def read_sizes(model: Path, data: bytes) -> Mapping[str, int]:
    """The sizes that were found for a model; nothing where it has no file.

    Raises:
        ForgeError: the file is damaged, or was written for another model.
    """
    path = arena_file(model)
    if not path.is_file():
        return {}
    values = _document(path)
    match values:
        case {"model_sha256": str(known), "arena_bytes": dict(sizes)} if all(
            type(size) is int and size > 0 for size in sizes.values()
        ):
            if known != sha256(data):
                raise ForgeError(
                    f"{path} was written for another model than {model.name}",
                    hint="`west mlforge arena` finds the sizes for this one",
                )
            return {str(machine): size for machine, size in sizes.items()}
    raise ForgeError(f"{path} is damaged", hint="delete it; `west mlforge arena` writes it anew")


def write_size(model: Path, data: bytes, machine: Machine, arena_bytes: int) -> Path:
    """Adds a size to those of a model; forgets the sizes of an earlier model of that name. Returns the file."""
    from ruamel.yaml import YAML

    try:
        known = read_sizes(model, data)
    except ForgeError:
        known = {}
    sizes = dict(sorted({**known, str(machine): arena_bytes}.items()))
    text = StringIO(newline="\n")
    text.write(_HEADER)
    YAML().dump({"model_sha256": sha256(data), "arena_bytes": sizes}, text)
    try:
        write_atomically(arena_file(model), text.getvalue().encode())
    except OSError as error:
        raise ForgeError(f"{arena_file(model)} cannot be written: {error.strerror}") from error
    return arena_file(model)


def _document(path: Path) -> Any:
    from mlforge.contract.tree import parse

    mistakes: list[str] = []

    def report(line: int, key: str, found: str, expected: str) -> None:
        mistakes.append(f"{path}:{line}: {key}: found {found}, expected {expected}")

    try:
        with path.open("rb") as file:
            text = file.read(_MAX_FILE_BYTES + 1)
        root = parse(text[:_MAX_FILE_BYTES].decode("utf-8"), report, _MAX_DEPTH)
    except (OSError, UnicodeDecodeError) as error:
        raise ForgeError(f"{path} cannot be read: {error}") from error
    if mistakes:
        raise ForgeError(mistakes[0])
    return root.plain() if root else None
