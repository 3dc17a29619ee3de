"""What a Zephyr build says of its memory, read from the text that it leaves beside its image: Kconfig's `.config`, the
devicetree as macros, the linker's map. Nothing is unpickled or run; all of it may have been written by anybody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlforge.errors import BuildError
from mlforge.toolchain.link_map import Region, regions_in

MAX_FILE_BYTES: Final = 64 << 20
_HEADERS: Final = ("generated/zephyr", "generated")  # of devicetree_generated.h; before Zephyr 3.7 the second
_MAPS: Final = ("zephyr_final.map", "zephyr.map")
_MACRO: Final = re.compile(r"^#define (DT_\w+)[ \t]+(\S.*?)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the devicetree: its path, and what the macros of its identifier say."""

    path: str
    identifier: str
    macros: Mapping[str, str]

    def number(self, suffix: str) -> int | None:
        """The value of the macro `<identifier>_<suffix>`, such as P_write_block_size."""
        return _number(self.macros.get(f"{self.identifier}_{suffix}", ""))

    @property
    def size_bytes(self) -> int | None:
        return self.number("REG_IDX_0_VAL_SIZE")


@dataclass(frozen=True, slots=True)
class ZephyrBuild:
    """`regions` are those of the final link; `config` maps symbols without CONFIG_ to values as they are written."""

    elf: Path
    config: Mapping[str, str]
    macros: Mapping[str, str]
    regions: Mapping[str, Region]

    def enabled(self, symbol: str) -> bool:
        return self.config.get(symbol) == "y"

    def number(self, symbol: str) -> int:
        """Of a Kconfig symbol; 0 where it is not set."""
        return _number(self.config.get(symbol, "")) or 0

    @property
    def board(self) -> str:
        return self.config.get("BOARD_TARGET", self.config.get("BOARD", "")).strip('"')

    def chosen(self, name: str) -> Node | None:
        """The node that devicetree's /chosen names, such as "zephyr,flash"."""
        return self._node(f"DT_CHOSEN_{re.sub('[^0-9a-zA-Z]', '_', name)}")

    def labelled(self, label: str) -> Node | None:
        """The node with a label, such as "slot0_partition"."""
        return self._node(f"DT_N_NODELABEL_{label}")

    def _node(self, macro: str) -> Node | None:
        identifier = self.macros.get(macro)
        path = self.macros.get(f"{identifier}_PATH", "").strip('"')
        return Node(path, identifier, self.macros) if identifier and path else None


def read_zephyr_build(elf: Path) -> ZephyrBuild:
    """What lies beside an image in its build directory.

    Raises:
        BuildError: the image is not in the build directory of a Zephyr application, or a file there says nothing.
    """
    directory = elf.absolute().parent
    config = _read(elf, directory / ".config")
    header = next(
        (found for part in _HEADERS if (found := directory / "include" / part / "devicetree_generated.h").is_file()),
        directory / "include" / _HEADERS[0] / "devicetree_generated.h",
    )
    link_map = next((found for name in _MAPS if (found := directory / name).is_file()), directory / _MAPS[-1])
    regions = {region.name: region for region in regions_in(_read(elf, link_map))}
    if not regions:
        raise BuildError(f"{link_map} lists no memory: the linker's map has no section 'Memory Configuration'")
    return ZephyrBuild(elf, _config(config), _macros(_read(elf, header)), regions)


def read_devicetree(header: Path) -> Mapping[str, str]:
    """The macros of a build's devicetree_generated.h, by name. Raises BuildError where it cannot be read."""
    return _macros(_text(header))


def _macros(text: str) -> dict[str, str]:
    return dict(_MACRO.findall(text))


def _read(elf: Path, path: Path) -> str:
    if not path.exists():
        raise BuildError(
            f"{elf} is not in a Zephyr build directory: there is no {path.name} with it",
            hint="name zephyr/zephyr.elf where `west build` left it",
        )
    return _text(path)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise BuildError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
    if len(data) > MAX_FILE_BYTES:
        raise BuildError(f"{path} has more than {MAX_FILE_BYTES >> 20} MiB")
    return data.decode("utf-8", errors="replace")


def _config(text: str) -> dict[str, str]:
    """Symbols that are set. `# CONFIG_X is not set` leaves X out."""
    return dict(re.findall(r"^CONFIG_(\w+)=(.*?)[ \t]*$", text, re.MULTILINE))


def _number(text: str) -> int | None:
    """Decimal or hexadecimal; what devicetree's generator adds in a comment is left out."""
    word = text.partition("/*")[0].strip()
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,16}", word):
        return int(word, 16)
    return int(word) if re.fullmatch(r"\d{1,20}", word) else None
