"""Which boards are plugged in: twister's hardware map (scripts/schemas/twister/hwmap-schema.yaml in Zephyr).

`twister --generate-hardware-map hardware-map.yml` writes one. What MLForge has no use for (fixtures, scripts of tests)
is passed over; what it needs must be right, and every mistake is told with its line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlforge.contract.tree import Node, parse
from mlforge.errors import ContractError, Problem, TargetUnavailableError

VARIABLE: Final = "MLFORGE_HARDWARE_MAP"
FILES: Final = ("hardware-map.yml", "hardware-map.yaml")  # in the current directory
MAX_MAP_BYTES: Final = 1 << 20
DEFAULT_BAUD: Final = 115_200  # twister's
DEFAULT_FLASH_TIMEOUT_S: Final = 60  # twister's
_NAME: Final = re.compile(r"[A-Za-z0-9][\w.:+-]{0,127}")
_PLATFORM: Final = re.compile(r"[A-Za-z0-9][\w./@-]{0,127}")
_Check = Callable[[object], bool]


@dataclass(frozen=True, slots=True)
class BoardEntry:
    """One board. `serial` is a port, or a URL of pyserial's (socket://, rfc2217://)."""

    id: str
    platform: str  # a Zephyr board name
    product: str
    runner: str
    serial: str
    connected: bool
    baud: int = DEFAULT_BAUD
    runner_params: tuple[str, ...] = ()
    flash_timeout_s: int = DEFAULT_FLASH_TIMEOUT_S
    probe_id: str = ""  # empty for `id`


def hardware_map() -> Path | None:
    """The map that MLFORGE_HARDWARE_MAP names, else one in the current directory; None where there is none."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    return next((path for name in FILES if (path := Path(name)).is_file()), None)


def read_map(path: Path) -> tuple[BoardEntry, ...]:
    """The boards of a map, in its order.

    Raises:
        TargetUnavailableError: it cannot be read.
        ContractError: it is wrong; every mistake with its line.
    """
    problems: list[Problem] = []

    def report(line: int, key: str, found: str, expected: str) -> None:
        problems.append(Problem(path, line, key, found, expected))

    root = parse(_text(path), report)
    if root is not None and not isinstance(root.value, list):
        report(root.line, "(map)", "no list", "a list of boards, as `twister --generate-hardware-map` writes it")
    entries = [_entry(node, f"[{index}]", report) for index, node in enumerate(root.items if root else [])]
    seen: set[str] = set()
    for index, entry in enumerate(entries):
        if entry is not None and entry.id in seen:
            report(root.items[index].line if root else 0, f"[{index}].id", f"{entry.id!r} again", "another id")
        seen.add(entry.id if entry else "")
    if problems:
        raise ContractError(problems)
    return tuple(entry for entry in entries if entry is not None)


def board_entry(name: str, entries: tuple[BoardEntry, ...]) -> BoardEntry:
    """The board with that id, else the first connected one of that platform. Raises TargetUnavailableError."""
    for entry in entries:
        if entry.id == name:
            return entry
    of_platform = [entry for entry in entries if entry.platform == name]
    if not of_platform:
        known = ", ".join(f"{entry.id} ({entry.platform})" for entry in entries) or "none"
        raise TargetUnavailableError(
            f"the hardware map has no board {name}", hint=f"it has {known}; name one by its id or its platform"
        )
    return next((entry for entry in of_platform if entry.connected), of_platform[0])


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_MAP_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise TargetUnavailableError(f"the hardware map {path} cannot be read: {reason}") from error
    if len(data) > MAX_MAP_BYTES:
        raise TargetUnavailableError(f"{path}: more than {MAX_MAP_BYTES >> 10} KiB: no hardware map")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TargetUnavailableError(f"{path}: the byte 0x{data[error.start]:02x} is not UTF-8") from error


def _entry(node: Node, key: str, report: Callable[[int, str, str, str], None]) -> BoardEntry | None:
    values = node.value
    if not isinstance(values, dict):
        report(node.line, key, repr(node.text), "a mapping with id, platform, product, runner, serial and connected")
        return None
    sound = True

    def value(name: str, expected: str, good: _Check, default: object = None) -> object:
        nonlocal sound
        child = values.get(name)
        if (child is None or child.value is None) and default is not None:
            return default
        # Ids of digits only are numbers to YAML.
        plain = child.plain() if child is not None else None
        plain = child.text if child is not None and name in ("id", "probe_id") and child.text else plain
        if child is None or not good(plain):
            sound = False
            report(child.line if child else node.line, f"{key}.{name}", repr(plain) if child else "nothing", expected)
        return plain

    def text(name: str, expected: str, pattern: re.Pattern[str], default: str | None = None) -> str:
        return str(value(name, expected, lambda given: bool(pattern.fullmatch(str(given))), default))

    connected = value("connected", "true or false", lambda given: isinstance(given, bool)) is True
    identity = text("id", "the id of the board's debug probe", _NAME)
    platform = text("platform", "a Zephyr board name", _PLATFORM)
    probe = text("probe_id", "the id of the board's debug probe", re.compile(f"({_NAME.pattern})?"), "")
    product = text("product", "a text", re.compile(r"[^\x00-\x1f]{0,200}"), "")
    # Boards that are not plugged in need no way to be reached.
    runner = text("runner", "a runner of `west flash`", _NAME, None if connected else "none")
    serial = text("serial", "a serial port, such as /dev/ttyACM0", re.compile(r"[^\s\x00-\x1f]{1,300}"), "none")
    if connected and serial == "none":
        sound = False
        report(node.line, f"{key}.serial", "nothing", "a serial port, such as /dev/ttyACM0")
    baud = value("baud", "bits a second", lambda given: type(given) is int and 300 <= given <= 10_000_000, DEFAULT_BAUD)
    timeout = value(
        "flash_timeout", "seconds", lambda given: type(given) is int and 1 <= given <= 3600, DEFAULT_FLASH_TIMEOUT_S
    )
    parameters = value(
        "runner_params",
        "a list of texts",
        lambda given: isinstance(given, list) and all(isinstance(one, str) for one in given),
        (),
    )
    if not sound:
        return None
    return BoardEntry(
        id=identity,
        platform=platform,
        product=product,
        runner=runner,
        serial=serial,
        connected=connected,
        baud=int(str(baud)),
        runner_params=_texts(parameters),
        flash_timeout_s=int(str(timeout)),
        probe_id=probe,
    )


def _texts(values: object) -> tuple[str, ...]:
    return tuple(str(value) for value in values) if isinstance(values, list) else ()
