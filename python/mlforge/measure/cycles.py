"""Estimated cycles of what was executed: exact counts, weighed with the core's instruction timings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from elftools.elf.elffile import ELFFile

from mlforge.measure.decode import Decoder
from mlforge.measure.timing import Timing, timing_of
from mlforge.targets.target import Block, Window
from mlforge.toolchain.cores import core_named


@dataclass(frozen=True, slots=True)
class WindowCycles:
    total: int
    operators: tuple[int, ...]  # in the program's order; glue between operators is in `total` only


class CycleModel:
    """Cycles of windows of one image. Instructions are decoded once, from the image itself.

    Raises:
        RunError: there are no timings for the core.
    """

    def __init__(self, elf: Path, core: str) -> None:
        self.timing: Timing = timing_of(core)
        self._decoder = Decoder(core_named(core).family)
        self._segments = _segments(elf)
        self._weights: dict[tuple[int, int], float] = {}

    def window(self, window: Window, operators: int) -> WindowCycles:
        shares = [0.0] * (operators + 1)  # the last is glue, whose operator is -1
        for block in window.blocks:
            shares[block.operator] += self._block(block)
        return WindowCycles(round(sum(shares)), tuple(round(share) for share in shares[:operators]))

    def _block(self, block: Block) -> float:
        key = (block.address, block.size_bytes)
        if key not in self._weights:
            self._weights[key] = self._once(*key)
        return self._weights[key] * block.executed + self.timing.taken * block.taken

    def _once(self, address: int, size_bytes: int) -> float:
        """One pass through a block that does not branch at its end."""
        code = self._code(address, size_bytes)
        total = 0.0
        for kind, registers in self._decoder.instructions(code):
            total += self.timing.cycles[kind] + registers * self.timing.each_register
        return total

    def _code(self, address: int, size_bytes: int) -> bytes:
        for start, data in self._segments:
            if start <= address and address + size_bytes <= start + len(data):
                return data[address - start : address - start + size_bytes]
        return b""  # code that the firmware wrote itself: there is none in the images that are measured


def _segments(elf: Path) -> list[tuple[int, bytes]]:
    with elf.open("rb") as stream:
        return [(segment["p_vaddr"], segment.data()) for segment in ELFFile(stream).iter_segments("PT_LOAD")]
