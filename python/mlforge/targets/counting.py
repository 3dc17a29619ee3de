"""The counting plugin's two files: the marks that it is given, and the counts that it leaves."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from mlforge.errors import BuildError, RunError
from mlforge.records.program import Program
from mlforge.targets.target import Block, Window

_CLOSED, _INFERENCE, _FEATURES, _FIRST_OPERATOR = 0, 1, 2, 3
_PROBES: Final[Mapping[str, int]] = {
    "mlforge_probe_begin": _INFERENCE,
    "mlforge_probe_end": _CLOSED,
    "mlforge_probe_features_begin": _FEATURES,
    "mlforge_probe_features_end": _CLOSED,
}
# Between two probes only these belong to the firmware; see firmware/measure.c.
_HARNESS: Final = ("mlforge_probe_", "mlforge_measure_")


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    start: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Counts:
    inferences: tuple[Window, ...]
    features: tuple[Window, ...]


def functions(elf: Path) -> tuple[Function, ...]:
    """The image's functions by address (Thumb bit cleared)."""
    with elf.open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".symtab")
        if not isinstance(table, SymbolTableSection):
            raise BuildError(f"{elf.name} has no symbol table")
        found = [
            Function(symbol.name, symbol["st_value"] & ~1, symbol["st_size"])
            for symbol in table.iter_symbols()
            if symbol["st_info"]["type"] == "STT_FUNC"
        ]
    return tuple(sorted(found, key=lambda function: function.start))


def marks(image: Sequence[Function], program: Program) -> str:
    """The plugin's mark file: probes, and the function of each operator.

    Raises:
        BuildError: an operator's function is not in the image, so its share could not be told.
    """
    by_name = {_plain(function.name): function.start for function in image}
    by_name |= {function.name: function.start for function in image}  # a function itself before its clones
    wanted = {**_PROBES, **{op.symbol: _FIRST_OPERATOR + index for index, op in enumerate(program.operators)}}
    if missing := [name for name in wanted if name not in by_name]:
        raise BuildError(f"the image has no function {', '.join(missing)} to count at")
    if len({by_name[name] for name in wanted}) != len(wanted):
        raise BuildError("two operators of the image share one function, so their shares could not be told apart")
    return "".join(f"{by_name[name]:x} {region}\n" for name, region in wanted.items())


def read_counts(text: str, image: Sequence[Function], program: Program) -> Counts:
    """Reads what the plugin wrote: see ports/qemu-plugin/count.c.

    Raises:
        RunError: the file is incomplete or damaged.
    """
    owners = _Owners(image, program)
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
                    owners.harness(address),
                    owners.glue(address),
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


class _Owners:
    """Whose code an address is: the firmware's own, or the model's glue between operators."""

    def __init__(self, image: Sequence[Function], program: Program) -> None:
        self._image = image
        self._starts = [function.start for function in image]
        self._invoke = f"{program.name}_invoke"

    def harness(self, address: int) -> bool:
        return self._name(address).startswith(_HARNESS)

    def glue(self, address: int) -> bool:
        return _plain(self._name(address)) == self._invoke

    def _name(self, address: int) -> str:
        index = bisect_right(self._starts, address) - 1
        return self._image[index].name if index >= 0 else ""


def _plain(name: str) -> str:
    """Without what GCC appends to clones, such as `.constprop.0`."""
    return name.split(".")[0]
