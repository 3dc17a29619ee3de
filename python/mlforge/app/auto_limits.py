"""Limits that say `auto`: the numbers that a build of the app gives them, and that the last study of it had.

Needs no more than `west build` has: no data, no search.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from mlforge.app.lockfile import LOCK_NAME, read_lock
from mlforge.contract.contract import Contract, Limits
from mlforge.contract.units import format_size
from mlforge.errors import LimitError, ToolError
from mlforge.measure.headroom import Room, rooms

RECORD: Final = "auto-limits.json"
SERVICE: Final = "service"  # beside the names of limits: see Limits.service_bytes
MAX_RECORD_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Resolved:
    """`contract` has a number for each limit; `rooms` says, by the limit's name, where those of `auto` come from."""

    contract: Contract
    rooms: Mapping[str, Room]

    def kept_bytes(self, name: str) -> int:
        """What of the free bytes the limit leaves for the app to grow."""
        return self.rooms[name].free_bytes - (size_of(self.contract.limits, name) or 0)


def resolve_from_image(contract: Contract, elf: Path) -> Resolved:
    """Gives each limit of `auto` its number from an image of the app where `west build` left it. Nothing is kept: the
    image is what it is.

    Raises:
        LimitError: the image is in no Zephyr build directory, or of a build of which no account can be made.
    """
    if not contract.limits.auto:
        return Resolved(contract, {})
    try:
        return resolved_from(contract, rooms(elf, contract.name), lambda free: free)
    except ToolError as error:
        raise told(contract, error) from error


def remembered(contract: Contract) -> Contract:
    """The contract with the numbers that the last study of it had, without a build.

    Raises:
        LimitError: it has not been searched here, nor is there a lock of it.
    """
    if not contract.limits.auto:
        return contract
    found = _recorded(contract) or _locked(contract)
    if missing := contract.limits.auto - found.keys():
        raise LimitError(
            f"{_where(contract, min(missing))}: auto: no study has worked out this limit yet",
            hint="run `west mlforge optimise`",
        )
    return replace(contract, limits=_with_sizes(contract.limits, found))


def resolved_from(contract: Contract, found: Mapping[str, Room], keep: Callable[[int], int]) -> Resolved:
    """The contract with what `keep` leaves of each room's free bytes. Raises LimitError where that is nothing."""
    used = {name: found[name] for name in sorted(contract.limits.auto)}
    free = {name: room.free_bytes - _kept_free(contract, name) for name, room in used.items()}
    for name, room in used.items():
        if free[name] <= 0 or keep(free[name]) <= 0:
            reserved = room.region_bytes - room.app_bytes - room.free_bytes
            raise LimitError(
                f"{_where(contract, name)}: auto: no room is left for a model: the application alone takes "
                f"{room.app_bytes} of {room.region_bytes} bytes of {room.region}"
                + (f", and MCUboot needs {reserved}" if reserved else "")
                + (f", and {kept} are kept free" if (kept := _kept_free(contract, name)) else "")
            )
    sizes = {name: keep(size_bytes) for name, size_bytes in free.items()}
    if "ram" in used:
        sizes[SERVICE] = used["ram"].service_bytes
    return Resolved(replace(contract, limits=_with_sizes(contract.limits, sizes)), used)


def _kept_free(contract: Contract, name: str) -> int:
    return contract.target.ram_kept_free_bytes if name == "ram" else 0


def _with_sizes(limits: Limits, sizes: Mapping[str, int]) -> Limits:
    return replace(
        limits,
        flash_bytes=sizes.get("flash", limits.flash_bytes),
        ram_bytes=sizes.get("ram", limits.ram_bytes),
        service_bytes=sizes.get(SERVICE, 0),
    )


def size_of(limits: Limits, name: str) -> int | None:
    """The limit on "flash" or "ram" in bytes."""
    return limits.flash_bytes if name == "flash" else limits.ram_bytes


def _recorded(contract: Contract) -> dict[str, int]:
    try:
        with (contract.app_dir / ".mlforge" / RECORD).open("rb") as file:
            values: Any = json.loads(file.read(MAX_RECORD_BYTES))
        if values["contract_sha256"] == contract.digest:
            return {name: int(values["sizes"][name]) for name in (*contract.limits.auto, SERVICE)}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        pass  # missing or damaged: the lock may know
    return {}


def _locked(contract: Contract) -> dict[str, int]:
    if not (contract.app_dir / LOCK_NAME).is_file():
        return {}
    lock = read_lock(contract.app_dir)
    if lock.contract_sha256 != contract.digest:
        return {}
    return {check.name: int(check.limit) for check in lock.verdict.checks if check.name in contract.limits.auto}


def _where(contract: Contract, name: str) -> str:
    return f"{contract.path}:{contract.lines.get(f'limits.{name}', 0)}: limits.{name}"


def told(contract: Contract, error: ToolError) -> LimitError:
    """The failure with the line of the contract that asked for it."""
    where = _where(contract, min(contract.limits.auto))
    message = error.message if error.message.startswith(str(contract.path)) else f"{where}: auto: {error.message}"
    return LimitError(message, log=error.log, hint=error.hint)


def account(resolved: Resolved) -> tuple[str, ...]:
    """The arithmetic for people, a line each."""
    lines = []
    for name, room in resolved.rooms.items():
        limit = size_of(resolved.contract.limits, name) or 0
        lines.append(f"limits.{name}: auto, {format_size(limit)}")
        lines += [f"  {item.size_bytes:>+12,}  {item.what:<32} {item.source}" for item in room.items]
        lines.append(f"  {room.free_bytes:>12,}  {'free':<32}")
        if free := _kept_free(resolved.contract, name):
            source = f"{resolved.contract.path.name}:{resolved.contract.line('target.ram_kept_free')}"
            lines.append(f"  {-free:>+12,}  {'target.ram_kept_free':<32} {source}")
        if kept := resolved.kept_bytes(name) - free:
            lines.append(f"  {-kept:>+12,}  {'kept for the app to grow':<32} rounded down to whole steps")
    return tuple(lines)
