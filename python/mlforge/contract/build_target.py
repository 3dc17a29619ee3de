"""The contract's `target`: the board of the product, and the emulated board that measures for it."""

from __future__ import annotations

import difflib
from typing import Final

from mlforge.contract.boards import ALIASES, CLOCK_HZ, UNMEASURED, canonical
from mlforge.contract.contract import Confirm, TargetSpec
from mlforge.contract.products import ZephyrBoard, advice, all_names, zephyr_boards
from mlforge.contract.reader import Reader
from mlforge.contract.units import format_time, parse_clock, parse_share, parse_size, parse_time
from mlforge.records.waits import FlashWaits

DEFAULT_BOARD: Final = "mps2/an386"
MOST_LOAD: Final = 0.9
_LINES: Final = (16, 32, 64, 128, 256)  # bits that a flash hands out at a time
_SHOWN: Final = 6  # boards of a choice


def build_target(reader: Reader) -> TargetSpec:
    """A board that is emulated measures itself. For any other of Zephyr's the emulated one with its core does, and it
    is the product, whose clock and memory are the defaults."""
    name = reader.text("target", "board", default=DEFAULT_BOARD)
    emulated = canonical(name)
    board = None if emulated else _product(reader, name)
    measured_on = emulated or (board.measured_on if board else DEFAULT_BOARD)
    clock_hz = reader.quantity(parse_clock, "target", "clock")
    if clock_hz is None and board and board.clock_hz is None:
        reader.wrong(("target", "clock"), "nothing", f"the clock of {board.name}, which Zephyr's metadata do not tell")
    clock_hz = clock_hz or (board and board.clock_hz) or CLOCK_HZ[measured_on]
    _check_latency(reader, clock_hz)
    return TargetSpec(
        board=measured_on,
        clock_hz=clock_hz,
        product=board.name if board else reader.text("target", "product", default=""),
        confirm=reader.choice(Confirm, "target", "confirm", default=Confirm.AUTO),
        ram_kept_free_bytes=reader.quantity(parse_size, "target", "ram_kept_free") or 0,
        load=_load(reader),
        waits=_waits(reader),
        zephyr_board=board,
    )


def _load(reader: Reader) -> float:
    share = reader.quantity(parse_share, "target", "load") or 0.0
    if share > MOST_LOAD:
        found = repr(reader.text("target", "load"))
        reader.wrong(("target", "load"), found, f"at most {MOST_LOAD:.0%}: the model needs some time, too")
    return share


def _waits(reader: Reader) -> FlashWaits:
    states = reader.integer("target", "flash_wait_states", default=0)
    bits = reader.integer("target", "flash_line", default=128)
    if bits not in _LINES:
        reader.wrong(("target", "flash_line"), str(bits), f"bits of one access: {', '.join(map(str, _LINES))}")
    return FlashWaits(states, reader.flag("target", "prefetch", default=False), bits // 8)


def _product(reader: Reader, name: str) -> ZephyrBoard | None:
    """The board of Zephyr's. Reports a name that means none, or several, or one that nothing measures for."""
    where, found = ("target", "board"), zephyr_boards(name)
    if len(found) == 1 and found[0].measured_on:
        if other := reader.text("target", "product", default=""):
            reader.wrong(("target", "product"), repr(other), f"nothing: target.board says {name} already")
        return found[0]
    if len(found) == 1:
        reader.wrong(where, f"{name!r}, whose core {found[0].core} is not emulated", advice())
    elif found:
        names = [board.name for board in found]
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        reader.wrong(where, f"{name!r}, which several boards are called", f"one of {', '.join(names[:_SHOWN])}{more}")
    elif name in UNMEASURED:
        what = f"{name}, where a model runs, but where flash, RAM, stack and latency are not a microcontroller's"
        reader.wrong(where, what, f"a board of Zephyr's, or one that is emulated: {', '.join(CLOCK_HZ)}")
    elif near := difflib.get_close_matches(name.lower(), [*CLOCK_HZ, *ALIASES, *all_names()], n=3, cutoff=0.8):
        reader.wrong(where, f"the unknown board {name!r}", f"{near[0]!r} (did you mean that? near: {', '.join(near)})")
    else:
        reader.wrong(where, f"{name!r}, which no microcontroller board of Zephyr's own is called", advice())
    return None


def _check_latency(reader: Reader, clock_hz: int) -> None:
    latency_us = reader.quantity(parse_time, "limits", "latency")
    if latency_us is not None and latency_us * clock_hz < 1e6:
        expected = f"at least one cycle of the clock, {format_time(1e6 / clock_hz)}"
        reader.wrong(("limits", "latency"), repr(reader.text("limits", "latency")), expected)
