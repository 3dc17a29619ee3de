"""What a build knows of its own image: which of the linker's files are MLForge's, what each is for, and whose.

A JSON file beside the image (zephyr.mlforge.json of zephyr.elf), which CMake (cmake/ownership.cmake) or the build of
the measuring firmware writes:

    {"build": the build directory of Zephyr, which may have been moved since,
     "directory": what the linker's relative names are relative to, itself relative to the record,
     "contracts": {model: directory of its contract},
     "units": [{"files": [...], "category": ..., "model": ..., "part": ...,
                "symbols": {name: category}, "symbols_from": a file with more of them}]}

So no byte is anybody's because of its name: symbols are looked up only inside a file that is known to be the model's,
and only by the very names that the compiler wrote into it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

from mlforge.errors import BuildError
from mlforge.records.categories import Category, Part
from mlforge.toolchain.files import write_atomically

SUFFIX: Final = ".mlforge.json"
MAX_BYTES: Final = 16 << 20
_BITCODE: Final = b"BC\xc0\xde"  # how LLVM's begins
_LTO: Final = (b".gnu.lto_", b"`\n" + _BITCODE)  # sections of GCC's; bitcode as a member of an archive
_KCONFIG: Final = ".config"


@dataclass(frozen=True, slots=True)
class Unit:
    """Files of the build, objects or archives, by absolute path. `symbols` are those of their names that are for
    something else than the rest of the unit."""

    category: Category
    files: frozenset[str]
    model: str = ""  # empty for the runtime, which models share
    part: Part | None = None  # of what is not the models'
    symbols: Mapping[str, Category] = field(default_factory=dict)


Node: TypeAlias = tuple[str, str]  # an object or archive(member), and the name of a section in it


@dataclass(frozen=True, slots=True)
class LinkRecord:
    """`sound`: whoever wrote it vouches that nothing was compiled for link-time optimisation. `reached`: what of the
    runtime each model leads to, where several share it. With both, the files that the image was linked of are needless.
    """

    directory: str
    units: tuple[Unit, ...]
    contracts: Mapping[str, str] = field(default_factory=dict)
    sound: bool = False
    reached: Mapping[str, frozenset[Node]] = field(default_factory=dict)

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(sorted({unit.model for unit in self.units if unit.model}))

    def file(self, source: str) -> str:
        """The absolute path of what the linker's map names."""
        return os.path.normpath(os.path.join(self.directory, source))  # noqa: PTH118 - a name, maybe of no file

    def by_file(self) -> dict[str, Unit]:
        """Raises BuildError where two units claim one file."""
        found: dict[str, Unit] = {}
        for unit in self.units:
            for file in unit.files:
                if found.setdefault(file, unit) is not unit:
                    raise BuildError(f"{file} is listed twice as a file of MLForge's: it cannot be accounted for")
        return found


def record_path(elf: Path) -> Path:
    return elf.with_suffix(SUFFIX)


def read_link_record(elf: Path) -> LinkRecord:
    """The record beside an image. An image in a Zephyr build directory without MLForge has nothing of ours.

    Raises:
        BuildError: there is none, or it is damaged.
    """
    path = record_path(elf)
    try:
        data = path.read_bytes()[: MAX_BYTES + 1]
    except FileNotFoundError:
        if _without_mlforge(elf):
            return LinkRecord(str(elf.absolute().parent.parent), (), sound=True)
        raise BuildError(
            f"{elf} has no {path.name} beside it, in which the build says which of its files are MLForge's",
            hint="name the image where the build left it; builds by an older MLForge have to be built again",
        ) from None
    except OSError as error:
        raise BuildError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
    try:
        return _parsed(json.loads(data), path.parent)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BuildError(f"{path} is no record of a link: {error}") from error


def _without_mlforge(elf: Path) -> bool:
    try:
        lines = elf.with_name(_KCONFIG).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return "CONFIG_MLFORGE=y" not in lines


def write_link_record(elf: Path, record: LinkRecord) -> None:
    """Beside an image, with all symbols in it. Raises OSError."""
    document = {
        "directory": record.directory,
        "contracts": dict(record.contracts),
        "sound": record.sound,
        "reached": {model: sorted(map(list, nodes)) for model, nodes in record.reached.items()},
        "units": [
            {
                "files": sorted(unit.files),
                "category": unit.category,
                "model": unit.model,
                "part": unit.part or "",
                "symbols": dict(unit.symbols),
            }
            for unit in record.units
        ],
    }
    write_atomically(record_path(elf), f"{json.dumps(document, indent=1, sort_keys=True)}\n".encode())


def _parsed(document: Any, place: Path) -> LinkRecord:
    document = _moved(document, place)
    directory = os.path.normpath(place.absolute() / str(document["directory"]))
    units = tuple(_unit(each, directory, place) for each in document["units"])
    contracts = {str(name): str(where) for name, where in document.get("contracts", {}).items()}
    reached = {
        str(model): frozenset((str(file), str(section)) for file, section in nodes)
        for model, nodes in document.get("reached", {}).items()
    }
    return LinkRecord(directory, units, contracts, document.get("sound") is True, reached)


def _moved(document: Any, place: Path) -> Any:
    """The document of a build directory that has another place than the one that it was built in."""
    built, here = str(document.get("build", "")), str(place.absolute().parent)
    if built in ("", here):
        return document
    return json.loads(json.dumps(document).replace(f'"{built}/', f'"{here}/').replace(f'"{built}"', f'"{here}"'))


def _unit(values: Any, directory: str, place: Path) -> Unit:
    symbols = dict(values.get("symbols", {}))
    if more := values.get("symbols_from", ""):
        symbols |= json.loads((place / str(more)).read_bytes()[: MAX_BYTES + 1])
    files = frozenset(os.path.normpath(os.path.join(directory, str(file))) for file in values["files"] if file)  # noqa: PTH118
    part = values.get("part", "")
    return Unit(
        Category(values["category"]),
        files,
        str(values.get("model", "")),
        Part(part) if part else None,
        {str(name): Category(category) for name, category in symbols.items()},
    )


def refuse_lto(record: LinkRecord) -> None:
    """None of our files may be for link-time optimisation: the linker would have mixed it with the application's, and
    the map would tell neither.

    Raises:
        BuildError: one is, or is gone, so that it cannot be told.
    """
    if record.sound:
        return
    for file in sorted({file for unit in record.units for file in unit.files}):
        try:
            data = Path(file).read_bytes()
        except OSError as error:
            raise BuildError(
                f"{file}, which the image was linked of, cannot be read: {(error.strerror or str(error)).lower()}",
                hint="build the image again, and name it where the build left it",
            ) from error
        if data.startswith(_BITCODE) or any(sign in data for sign in _LTO):
            raise BuildError(
                f"{file} was compiled for link-time optimisation, after which nothing tells its bytes from the "
                "application's",
                hint="take -flto out of the compiler's flags; CONFIG_LTO=y leaves MLForge's own files alone",
            )
