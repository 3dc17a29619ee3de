"""Which parts of the runtime a model refers to, by the relocations of the objects that the image was linked of.

The linker keeps a section because something refers to it. What follows from a model's own objects, step by step through
the runtime's sections, is what the image would have for its sake alone. Needed only where models share a runtime.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection

from mlforge.errors import BuildError
from mlforge.toolchain.link_record import Node
from mlforge.toolchain.linked import Linked

_ALLOCATED: Final = 2  # SHF_ALLOC
_MAGIC: Final = b"!<arch>\n"
_HEADER_BYTES: Final = 60  # of an archive's member: name 16, date 12, owner 6, group 6, mode 8, size 10, end 2
_UNDEFINED: Final = "SHN_UNDEF"


def reached_by(linked: Linked, model: str) -> frozenset[Node]:
    """The sections of the runtime that the model's objects lead to; as the record has it, where it does.

    Raises:
        BuildError: an object or archive that the image was linked of is gone or damaged.
    """
    if model in linked.record.reached:
        return linked.record.reached[model]
    ours = {origin.file for origin in linked.origins if origin.unit is not None}
    edges: dict[Node, set[Node | str]] = {}
    defined: dict[str, Node] = {}
    for file, data in _objects(ours):
        _read(file, data, edges, defined)
    own = {origin.file for origin in linked.origins if origin.unit is not None and origin.unit.model == model}
    waiting = [node for node in edges if node[0] in own]
    reached = set(waiting)
    runtime = {origin.file for origin in linked.origins if origin.unit is not None and not origin.unit.model}
    while waiting:
        for target in edges.get(waiting.pop(), ()):
            node = defined.get(target) if isinstance(target, str) else target
            if node and node not in reached and node[0] in runtime | own:
                reached.add(node)
                waiting.append(node)
    return frozenset(reached)


def _objects(files: set[str]) -> Iterator[tuple[str, bytes]]:
    """Objects by name, those of archives as archive(member)."""
    for file in sorted({file.rpartition("(")[0] if file.endswith(")") else file for file in files}):
        try:
            data = Path(file).read_bytes()
        except OSError as error:
            raise BuildError(
                f"{file}, which the image was linked of, cannot be read: {(error.strerror or str(error)).lower()}",
                hint="build the image again, and name it where the build left it",
            ) from error
        if not data.startswith(_MAGIC):
            yield file, data
        else:
            members = ((f"{file}({name})", content) for name, content in _members(data))
            yield from ((name, content) for name, content in members if name in files)


def _members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Of an archive as GNU ar makes them: long names stand in a member called `//`."""
    names, place = b"", len(_MAGIC)
    while place + _HEADER_BYTES <= len(data):
        header = data[place : place + _HEADER_BYTES]
        size = int(header[48:58])
        content = data[place + _HEADER_BYTES : place + _HEADER_BYTES + size]
        name = header[:16].rstrip()
        if name == b"//":
            names = content
        elif name not in (b"/", b"/SYM64/"):
            if name.startswith(b"/"):
                name = names[int(name[1:]) :].partition(b"\n")[0]
            yield name.removesuffix(b"/").decode(errors="replace"), content
        place += _HEADER_BYTES + size + size % 2


def _read(file: str, data: bytes, edges: dict[Node, set[Node | str]], defined: dict[str, Node]) -> None:
    try:
        elf = ELFFile(io.BytesIO(data))
        sections = list(elf.iter_sections())
        for section in sections:
            if section["sh_flags"] & _ALLOCATED:
                edges.setdefault((file, section.name), set())
        for section in sections:
            if section["sh_type"] == "SHT_SYMTAB":
                defined |= dict(_globals(file, section, sections))
            if isinstance(section, RelocationSection):
                _refer(file, section, sections, edges)
    except (ELFError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise BuildError(f"{file} is no object that an image could be linked of: {str(error).lower()}") from error


def _globals(file: str, table: Any, sections: list[Any]) -> Iterator[tuple[str, Node]]:
    for symbol in table.iter_symbols():
        index = symbol["st_shndx"]
        if isinstance(index, int) and symbol["st_info"]["bind"] != "STB_LOCAL":
            yield symbol.name, (file, sections[index].name)


def _refer(file: str, relocations: Any, sections: list[Any], edges: Mapping[Node, set[Node | str]]) -> None:
    """Adds what one section refers to: sections of the same object, and names for the linker to find."""
    place = sections[relocations["sh_info"]]
    if not place["sh_flags"] & _ALLOCATED:
        return  # debugging information refers to everything
    table = sections[relocations["sh_link"]]
    for relocation in relocations.iter_relocations():
        symbol = table.get_symbol(relocation["r_info_sym"])
        index = symbol["st_shndx"]
        if isinstance(index, int):
            edges[file, place.name].add((file, sections[index].name))
        elif index == _UNDEFINED and symbol.name:
            edges[file, place.name].add(symbol.name)
