"""Estimated cycles of what was executed: exact counts, weighed with the core's instruction timings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from elftools.elf.elffile import ELFFile

from mlforge.measure.decode import Decoder
from mlforge.measure.timing import Kind, Timing, timing_of
from mlforge.records.waits import NO_WAITS, FlashWaits
from mlforge.targets.target import Block, Window
from mlforge.toolchain.cores import core_named


@dataclass(frozen=True, slots=True)
class WindowCycles:
    """`without_waits`: where no access waits for the flash, as if a cache held everything."""

    total: int
    operators: tuple[int, ...]  # in the program's order; glue between operators is in `total` only
    without_waits: int


_FROM_MEMORY: Final = frozenset({Kind.LOAD, Kind.LOAD_NEXT, Kind.MULTIPLE})


class CycleModel:
    """Cycles of windows of one image. Instructions are decoded once, from the image itself.

    With `waits`, no cache helps: code comes from the flash line by line, a taken branch waits for a whole access, and
    so does each load. That is the slow end of what a board may take; the fast end has no waits.

    Raises:
        RunError: there are no timings for the core.
    """

    def __init__(self, elf: Path, core: str, waits: FlashWaits = NO_WAITS) -> None:
        self.waits = waits
        self.timing: Timing = timing_of(core)
        self._decoder = Decoder(core_named(core).family)
        self._segments = _segments(elf)
        self._weights: dict[tuple[int, int], tuple[float, float]] = {}

    def window(self, window: Window, operators: int) -> WindowCycles:
        shares = [0.0] * (operators + 1)  # the last is glue, whose operator is -1
        waits = 0.0
        for block in window.blocks:
            cycles, waiting = self._block(block)
            shares[block.operator] += cycles + waiting
            waits += waiting
        total = sum(shares)
        return WindowCycles(round(total), tuple(round(share) for share in shares[:operators]), round(total - waits))

    def _block(self, block: Block) -> tuple[float, float]:
        """Cycles without waits, and waits."""
        key = (block.address, block.size_bytes)
        if key not in self._weights:
            self._weights[key] = self._once(*key)
        cycles, waiting = self._weights[key]
        taken = self.timing.taken * block.taken
        return cycles * block.executed + taken, waiting * block.executed + self.waits.states * block.taken

    def _once(self, address: int, size_bytes: int) -> tuple[float, float]:
        """One pass through a block that does not branch at its end."""
        code = self._code(address, size_bytes)
        total, loads = 0.0, 0
        for kind, registers in self._decoder.instructions(code):
            total += self.timing.cycles[kind] + registers * self.timing.each_register
            loads += kind in _FROM_MEMORY
        return total, self._fetches(size_bytes, total) + self.waits.states * loads

    def _fetches(self, size_bytes: int, cycles: float) -> float:
        """What code that runs straight on waits for: a line at a time, the next under way already with prefetch."""
        lines = size_bytes / self.waits.line_bytes
        if not self.waits.prefetch or not lines:
            return self.waits.states * lines
        return max(0.0, self.waits.states + 1 - cycles / lines) * lines

    def _code(self, address: int, size_bytes: int) -> bytes:
        for start, data in self._segments:
            if start <= address and address + size_bytes <= start + len(data):
                return data[address - start : address - start + size_bytes]
        return b""  # code that the firmware wrote itself: there is none in the images that are measured


def _segments(elf: Path) -> list[tuple[int, bytes]]:
    with elf.open("rb") as stream:
        return [(segment["p_vaddr"], segment.data()) for segment in ELFFile(stream).iter_segments("PT_LOAD")]
