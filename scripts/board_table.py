#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes python/mlforge/contract/boards.csv from the metadata of Zephyr's boards, for machines without a workspace.

    scripts/board_table.py ZEPHYR_BASE > python/mlforge/contract/boards.csv

Names, flash and RAM are what the boards' twister files say; cores and clocks are those of devicetree, else of Kconfig.
A cell is empty where Zephyr does not say. Devicetree is read as text, not compiled: includes of modules (pin
controllers) that the workspace does not have do not matter.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

COLUMNS: Final = ("board", "core", "clock_hz", "flash_kib", "ram_kib")
# Zephyr counts time on these by a slow timer, or works the clock out of several settings: what their manufacturers'
# product specifications give as the processor's highest.
SPECIFIED_HZ: Final = {
    r"apollo3p?_blue": 48_000_000,
    r"apollo4p": 96_000_000,
    r"cc32[23]5?0?sf": 80_000_000,
    r"lpc55s06": 96_000_000,
    r"lpc55s": 150_000_000,
    r"mec150": 48_000_000,
    r"r7fa2": 48_000_000,
    r"r7fa4(e1|e2|m2|m3)": 100_000_000,
    r"r7fa4l1": 80_000_000,
    r"r7fa4(m1|w1)": 48_000_000,
    r"r7fa6m[123]": 120_000_000,
    r"r7fa6(e1|e2|m4|m5)": 200_000_000,
    r"r7fa8": 480_000_000,
    r"stm32f070": 48_000_000,
    r"nrf54l.*/cpuflpr": 128_000_000,
    r"nrf51": 16_000_000,
    r"nrf52": 64_000_000,
    r"nrf5340/cpuapp": 128_000_000,
    r"nrf5340/cpunet": 64_000_000,
    r"nrf91": 64_000_000,
    r"nrf54l.*/cpuapp": 128_000_000,
}
LEAST_HZ: Final = 2_000_000  # what counts slower is a timer
_INCLUDE: Final = re.compile(r'^[ \t]*(?:#include|/include/)[ \t]*[<"]([^>"]+)[>"].*$', re.MULTILINE)
_COMMENT: Final = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_NODE: Final = re.compile(r"(?:(\w+)\s*:\s*)?(&?[\w-]+)(?:@\w+)?\s*\{")
_MACROS: Final = (("DT_FREQ_K", 1_000), ("DT_FREQ_M", 1_000_000))


class Tree:
    """Zephyr's files, each read once."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.places = [base / "dts" / part for part in ("", "common", "arm", "arm64", "riscv", "x86", "xtensa", "arc")]
        self.text = cache(lambda path: _COMMENT.sub("", path.read_text(errors="replace")))

    def devicetree(self, path: Path, seen: frozenset[Path] = frozenset()) -> str:
        """The file with what it includes, in order."""

        def included(match: re.Match[str]) -> str:
            candidates = (place / match[1] for place in (path.parent, *self.places))
            found = next((file for file in candidates if file.is_file() and file.suffix != ".h"), None)
            return self.devicetree(found, seen | {path}) if found and found not in seen | {path} else ""

        return str(_INCLUDE.sub(included, self.text(path)))

    def kconfig_hz(self, soc: str, cluster: str, devicetree: str) -> int | None:
        """The clock that the SoC's Kconfig defaults say, where there is one: that of a condition which names SoC and
        cluster, or SoC, before others; by a property of a node of the devicetree, where they say so."""
        defaults = self.kconfig_defaults(soc)
        found = [(condition, _hz_of(value, devicetree)) for condition, value in defaults]
        name = re.sub(r"\W", "_", soc).upper()
        for told in (rf"SOC_{name}_{cluster.upper()}\b", rf"SOC_{name}\b"):
            if hz := _only(hz for condition, hz in found if hz and re.search(told, condition)):
                return hz
        return _only(hz for condition, hz in found if hz and _of_series(condition, name)) or _only(
            hz for _, hz in found if hz
        )

    @cache  # noqa: B019 - lives as long as the program
    def kconfig_defaults(self, soc: str) -> tuple[tuple[str, str], ...]:
        """Condition and value of each default, the conditions around it included."""
        for description in self._descriptions():
            if re.search(rf"name:\s*{re.escape(soc)}\s*$", self.text(description), re.MULTILINE):
                files = sorted(description.parent.rglob("Kconfig.defconfig*"))
                return tuple(default for file in files for default in _hz_defaults(self.text(file)))
        return ()

    @cache  # noqa: B019
    def _descriptions(self) -> tuple[Path, ...]:
        return tuple(sorted((self.base / "soc").rglob("soc.yml")))


def _of_series(condition: str, name: str) -> bool:
    """Whether a condition asks for the series of a SoC, in whose name an X stands for any letter or digit."""
    series = re.search(r"SOC_SERIES_(\w+)", condition)
    return bool(series and re.search(series[1].replace("X", "."), name))


def _hz_defaults(text: str) -> Iterator[tuple[str, str]]:
    around: list[str] = []
    inside = False
    for line in text.splitlines():
        if opened := re.match(r"if\s+(.+)", line):
            around.append(opened[1])
        elif line.startswith("endif") and around:
            around.pop()
        if line[:1].strip():
            inside = bool(re.match(r"config\s+SYS_CLOCK_HW_CYCLES_PER_SEC\b", line))
        elif inside and (match := re.match(r"\s+default\s+(\$\(.*\)|\d+)(?:\s+if\s+(.+))?\s*$", line)):
            yield " ".join([*around, match[2] or ""]), match[1]


def _hz_of(value: str, devicetree: str) -> int | None:
    """A number, or the clock-frequency of the node that Kconfig's function names by its path or by a variable."""
    if value.isdigit():
        return int(value) if int(value) >= LEAST_HZ else None
    match = re.match(r"\$\(dt_node_int_prop_int,([^,]+),clock-frequency\)", value)
    if match is None:
        return None
    variable = re.fullmatch(r"\$\(DT_(\w+)_PATH\)", match[1])
    wanted = variable[1].lower() if variable else match[1].rpartition("/")[2].partition("@")[0]
    hertz = None
    for label, name, content in blocks(devicetree):
        if wanted in (label, name, name.removeprefix("&")):
            hertz = _property_hz(content) or hertz
    return hertz


def _only(values: Iterator[int]) -> int | None:
    found = {value for value in values if value >= LEAST_HZ}
    return found.pop() if len(found) == 1 else None


def blocks(text: str) -> Iterator[tuple[str, str, str]]:
    """(label, name, content without that of its children) of each node, in order."""
    stack: list[tuple[str, str, list[str]]] = []
    at = 0
    for match in re.finditer(rf"{_NODE.pattern}|\}}", text):
        if stack:
            stack[-1][2].append(text[at : match.start()])
        at = match.end()
        if match[0] != "}":
            stack.append((match[1] or "", match[2], []))
        elif stack:
            label, name, parts = stack.pop()
            yield label, name, "".join(parts)


def core_and_clock(text: str, cluster: str) -> tuple[str, int | None]:
    """Of the one processor of a board's devicetree; ("", None) where it has others, too."""
    deleted = set(re.findall(r"/delete-node/\s+&(\w+)", text))
    cores, hertz, rcc = set(), None, None
    for label, name, content in blocks(text):
        if name == "cpu" and label not in deleted:
            cores |= {_core(content)} - {""}
        if name == "cpu" or label == "coreclk" or re.fullmatch(r"&(cpu\d*|rcc)", name):
            hertz = _property_hz(content) or hertz
        if name == "&rcc":  # each core's own board file sets it
            rcc = _property_hz(content) or rcc
    if len(cores) > 1:  # the one that the cluster is called after, or the like of them all, without what few have
        cores = {core for core in cores if re.search(rf"{core.removesuffix('f')[-2:]}$", cluster)} or cores
        cores = {core.removesuffix("f") for core in cores}
        hertz = rcc
    return (cores.pop(), hertz) if len(cores) == 1 else ("", None)


def _core(cpu: str) -> str:
    """A RISC-V core by its instructions, others by their name."""
    if isa := re.search(r'riscv,isa\s*=\s*"(rv[0-9]+[a-z]*)', cpu):
        return isa[1]
    compatible = re.search(r'compatible\s*=\s*"[\w-]+,([^"]+)"', cpu)
    return compatible[1] if compatible else ""


def _property_hz(content: str) -> int | None:
    match = re.search(r"clock-frequency\s*=\s*<\s*([^>]+?)\s*>", content)
    if match is None:
        return None
    for name, factor in _MACROS:
        if macro := re.fullmatch(rf"{name}\(\s*(\d+)\s*\)", match[1]):
            return int(macro[1]) * factor
    number = int(match[1], 0) if re.fullmatch(r"\d+|0x[0-9a-fA-F]+", match[1]) else 0
    return number if number >= LEAST_HZ else None


def rows(base: Path) -> Iterator[tuple[Any, ...]]:
    tree = Tree(base)
    for description in sorted((base / "boards").rglob("board.yml")):
        document = yaml.safe_load(description.read_text())
        for board in document.get("boards") or [document.get("board") or {}]:
            socs = [soc["name"] for soc in board.get("socs") or []]
            for file in sorted(description.parent.glob("*.yaml")):
                values = yaml.safe_load(file.read_text())
                if isinstance(values, dict) and values.get("type") == "mcu":
                    yield from _row(tree, file, values, str(board.get("name")), socs)


def _row(tree: Tree, file: Path, values: dict[str, Any], board: str, socs: list[str]) -> Iterator[tuple[Any, ...]]:
    name, *qualifiers = str(values.get("identifier", "")).split("/")
    if name.partition("@")[0] != board:
        return
    devicetree = file.with_suffix(".dts")
    if not devicetree.is_file():
        devicetree = file.with_name(f"{board}.dts")
    if not devicetree.is_file() or not (qualifiers or len(socs) == 1):
        return
    full = "/".join([name, *(qualifiers or socs)])
    cluster, text = qualifiers[1] if len(qualifiers) > 1 else "", tree.devicetree(devicetree)
    core, hertz = core_and_clock(text, cluster)
    if not core:
        return
    target = full.partition("/")[2]
    specified = next((hz for pattern, hz in SPECIFIED_HZ.items() if re.match(pattern, target)), None)
    defconfig = file.with_name(f"{file.stem}_defconfig")
    own = re.search(r"SYS_CLOCK_HW_CYCLES_PER_SEC=(\d+)", defconfig.read_text()) if defconfig.is_file() else None
    stated = int(own[1]) if own and int(own[1]) >= LEAST_HZ else None
    soc = (qualifiers or socs)[0]
    a_timer = core.startswith(("cortex-a", "cortex-r", "tensilica"))  # whose time is not counted in the core's cycles
    yield (
        full,
        core,
        specified or stated or hertz or (not a_timer and tree.kconfig_hz(soc, cluster, text)) or "",
        values.get("flash", ""),
        values.get("ram", ""),
    )


def main() -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(sorted(set(rows(Path(sys.argv[1])))))


if __name__ == "__main__":
    main()
