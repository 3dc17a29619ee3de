"""The counting plugin's two files: the marks that it is given, and the counts that it leaves.

Functions are told apart by the objects that the linker took them from, names only within an object: an application may
have functions of any name.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from mlforge.errors import BuildError, RunError
from mlforge.records.categories import Part
from mlforge.records.program import Program
from mlforge.targets.target import Block, Window
from mlforge.toolchain.link_record import Unit
from mlforge.toolchain.linked import read_linked

_CLOSED, _INFERENCE, _FEATURES, _FIRST_OPERATOR = 0, 1, 2, 3
_PROBES: Final[Mapping[str, int]] = {
    "mlforge_probe_begin": _INFERENCE,
    "mlforge_probe_end": _CLOSED,
    "mlforge_probe_features_begin": _FEATURES,
    "mlforge_probe_features_end": _CLOSED,
}


@dataclass(frozen=True, slots=True)
class Function:
    """`unit` says which of the build's own files it is from; None for the application's and the system's."""

    name: str
    start: int
    size_bytes: int
    unit: Unit | None = None

    @property
    def is_harness(self) -> bool:
        """Of the measuring firmware itself."""
        return self.unit is not None and self.unit.part is Part.MEASURING

    def is_of(self, model: str) -> bool:
        return self.unit is not None and self.unit.model == model


@dataclass(frozen=True, slots=True)
class Counts:
    inferences: tuple[Window, ...]
    features: tuple[Window, ...]


def functions(elf: Path) -> tuple[Function, ...]:
    """The image's functions by address (Thumb bit cleared).

    Raises:
        BuildError: it has no symbols, or nothing beside it tells which objects they are from.
    """
    with elf.open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".symtab")
        if not isinstance(table, SymbolTableSection):
            raise BuildError(f"{elf.name} has no symbol table")
        found = [
            (symbol.name, symbol["st_value"] & ~1, symbol["st_size"])
            for symbol in table.iter_symbols()
            if symbol["st_info"]["type"] == "STT_FUNC"
        ]
    linked = read_linked(elf)
    return tuple(
        Function(name, start, size_bytes, linked.unit_at(start))
        for name, start, size_bytes in sorted(found, key=lambda each: each[1])
    )


def marks(image: Sequence[Function], program: Program) -> str:
    """The places that the plugin watches: the firmware's probes, and each operator's function in the model's object.

    Raises:
        BuildError: an operator's function is not in the image, so its share could not be told.
    """
    operators = {op.symbol: _FIRST_OPERATOR + index for index, op in enumerate(program.operators)}
    probes = _starts(function for function in image if function.is_harness)
    entries = _starts(function for function in image if function.is_of(program.name))
    if missing := [*(_PROBES.keys() - probes.keys()), *(operators.keys() - entries.keys())]:
        raise BuildError(f"the image has no function {', '.join(sorted(missing))} to count at")
    if len({entries[name] for name in operators}) != len(operators):
        raise BuildError("two operators of the image share one function, so their shares could not be told apart")
    wanted = [(probes[name], region) for name, region in _PROBES.items()]
    wanted += [(entries[name], region) for name, region in operators.items()]
    return "".join(f"{start:x} {start + 1:x} {region}\n" for start, region in wanted)


def _starts(found: Iterable[Function]) -> dict[str, int]:
    """By name; a function itself before its clones."""
    own = list(found)
    return {**{_plain(each.name): each.start for each in own}, **{each.name: each.start for each in own}}


def read_counts(text: str, image: Sequence[Function], program: Program) -> Counts:
    """Reads what the plugin wrote: see ports/qemu-plugin/count.c.

    Raises:
        RunError: the file is incomplete or damaged.
    """
    code = _Code(image, program)
    blocks: dict[str, tuple[int, int, int, bool, bool]] = {}
    windows: dict[int, list[list[Block]]] = {_INFERENCE: [], _FEATURES: []}
    complete = False
    try:
        for line in text.splitlines():
            kind, *words = line.split()
            if kind == "B":
                address = int(words[1], 16)
                blocks[words[0]] = (
                    address,
                    int(words[2]),
                    int(words[3]),
                    code.harness(address),
                    code.glue(address),
                )
            elif kind == "W":
                windows[int(words[0])].append(current := [])
            elif kind == "C":
                address, size, instructions, harness, glue = blocks[words[1]]
                if not harness:
                    operator = -1 if glue else max(int(words[0]) - _FIRST_OPERATOR, -1)
                    current.append(Block(operator, address, size, instructions, int(words[2]), int(words[3])))
            elif kind == "E":
                complete = True
    except (ValueError, KeyError, IndexError, UnboundLocalError) as error:
        raise RunError("the counting plugin's file is damaged", log=text[-2000:]) from error
    if not complete:
        raise RunError("QEMU ended before the counting plugin had written all counts", log=text[-2000:])
    return Counts(*(tuple(Window(tuple(window)) for window in windows[kind]) for kind in (_INFERENCE, _FEATURES)))


class _Code:
    """Whose code an address is: the firmware's own, or the model's glue between operators."""

    def __init__(self, image: Sequence[Function], program: Program) -> None:
        self._image = image
        self._starts = [function.start for function in image]
        self._model, self._invoke = program.name, f"{program.name}_invoke"

    def harness(self, address: int) -> bool:
        function = self._at(address)
        return function is not None and function.is_harness

    def glue(self, address: int) -> bool:
        function = self._at(address)
        return function is not None and function.is_of(self._model) and _plain(function.name) == self._invoke

    def _at(self, address: int) -> Function | None:
        index = bisect_right(self._starts, address) - 1
        return self._image[index] if index >= 0 else None


def _plain(name: str) -> str:
    """Without what GCC appends to clones, such as `.constprop.0`."""
    return name.split(".")[0]
