"""The tracing plugin's two files: the stretches of code that it watches, and the events that it leaves.

What a stretch is follows from the object that the linker took it from (see counting.py): an operator's function, the
code between operators, a source file of the features, or the measuring firmware, which is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from mlforge.errors import RunError
from mlforge.records.categories import Category
from mlforge.records.program import Program
from mlforge.records.timeline import Slice, Timeline, Track
from mlforge.targets.counting import Function, functions
from mlforge.toolchain.linked import Linked, read_linked

_FIRMWARE, _BETWEEN, _CLOSING, _FIRST = 0, 1, 2, 5
_PIPELINE: Final = "pipeline"  # generated code that leads from stage to stage
_FEATURES: Final = "features"
_OPENING: Final = {3: "inference", 4: _FEATURES}
_PROBES: Final = {
    "mlforge_probe_begin": 3,
    "mlforge_probe_end": _CLOSING,
    "mlforge_probe_features_begin": 4,
    "mlforge_probe_features_end": _CLOSING,
}


@dataclass(frozen=True, slots=True)
class Watched:
    """`ranges` is the plugin's file; `names` has the track and the name of each id from _FIRST on."""

    ranges: str
    names: Mapping[int, tuple[Track, str]]


def watched(elf: Path, program: Program) -> Watched:
    """Raises BuildError where the image's own record does not tell what is what."""
    linked = read_linked(elf)
    operators = {op.symbol: f"{op.index} {op.kind}" for op in program.operators}
    ids: dict[tuple[Track, str], int] = {}
    lines = []
    for function in functions(elf):
        where = _where(function, program, operators, linked)
        if where is None or not function.size_bytes:
            continue
        number = where if isinstance(where, int) else ids.setdefault(where, _FIRST + len(ids))
        lines.append(f"{function.start:x} {function.start + function.size_bytes:x} {number}\n")
    return Watched("".join(lines), {number: name for name, number in ids.items()})


def _where(
    function: Function, program: Program, operators: Mapping[str, str], linked: Linked
) -> int | tuple[Track, str] | None:
    plain = function.name.split(".")[0]
    if function.is_harness:
        return _PROBES.get(plain, _FIRMWARE)
    if function.unit is None:
        return None
    if function.is_of(program.name):
        if plain in operators:
            return Track.OPERATOR, operators[plain]
        if plain == f"{program.name}_invoke":
            return _BETWEEN
        if function.unit.symbols.get(function.name, function.unit.category) is Category.FEATURES:
            return Track.STAGE, _PIPELINE
        return None
    if function.unit.category is Category.FEATURES:
        origin = linked.at(function.start)
        return Track.STAGE, _stem(origin.file) if origin else _PIPELINE
    return None


def _stem(file: str) -> str:
    """`fft` of libfeatures.a(fft.c.o) or of features/fft.c.o."""
    return file.removesuffix(")").rpartition("(")[2].rpartition("/")[2].split(".")[0]


def read_events(text: str, found: Watched, program: Program, target: str, completed: int = 0) -> Timeline:
    """Reads what the plugin wrote: see ports/qemu-plugin/trace.c.

    Args:
        completed: how many inputs the features completed. What comes behind is the end of the frames, and no work.

    Raises:
        RunError: the file is incomplete or damaged, or has more events than one picture can show.
    """
    events: list[tuple[int, int]] = []
    complete = False
    try:
        for line in text.splitlines():
            first, *rest = line.split()
            if first == "X":
                raise RunError("more happened than one picture can show", hint="trace fewer inputs")
            if first == "E":
                events.append((int(rest[0]), _FIRMWARE))
                complete = True
            else:
                events.append((int(first), int(rest[0])))
        slices = sorted(_slices(events, found, completed), key=_order)
    except (ValueError, KeyError, IndexError) as error:
        raise RunError("the tracing plugin's file is damaged", log=text[-2000:]) from error
    if not complete:
        raise RunError("QEMU ended before the tracing plugin had written all events", log=text[-2000:])
    return Timeline(program.name, target, tuple(slices))


def _order(each: Slice) -> tuple[int, int, int]:
    return each.begin, -each.end, list(Track).index(each.track)


def _slices(events: list[tuple[int, int]], found: Watched, completed: int) -> Iterator[Slice]:
    """Each operator and stage, and the inferences and features that they are parts of. Only what lies between two
    probes of the firmware happens at all, and the firmware's own instructions take no time."""
    now = began = 0
    whole = ""
    for (begin, number), (end, _) in pairwise(events):
        if number in _OPENING:
            whole, began = _OPENING[number], now
            if whole == _FEATURES:
                completed -= 1
                whole = whole if completed >= 0 else ""
        elif number == _CLOSING and whole:
            if now > began:
                yield Slice(Track.WINDOW, whole, began, now)
            whole = ""
        elif whole and number != _FIRMWARE:
            if number in found.names:
                yield Slice(*found.names[number], now, now + end - begin)
            now += end - begin
