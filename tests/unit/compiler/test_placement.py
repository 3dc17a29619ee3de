"""Placement against all placements there are, and the distances that let kernels write over their input."""

from __future__ import annotations

from itertools import permutations
from random import Random

import numpy as np
import pytest

from mlforge.compiler.ops.shared.overlap import distance, elements_overlap, window_overlap
from mlforge.compiler.ops.shared.window import Axis, Window
from mlforge.compiler.placement import Block, Distances, peak_of, place_blocks, prove_bound


def random_blocks(seed: int) -> tuple[list[Block], dict[tuple[int, int], int]]:
    chance = Random(seed)
    blocks = []
    for index in range(chance.randint(1, 6)):
        first = chance.randrange(5)
        blocks.append(Block((index,), 4 * chance.randint(1, 9), first, first + chance.randrange(4)))
    meets = [(i, j) for i, a in enumerate(blocks) for j, b in enumerate(blocks) if i != j and a.first == b.last]
    chosen = chance.sample(meets, min(len(meets), 2))
    return blocks, {(i, j): 4 * chance.randint(0, blocks[i].size_bytes // 4) for i, j in chosen}


def collides(blocks: list[Block], distances: Distances, i: int, j: int, start_i: int, start_j: int) -> bool:
    a, b = blocks[i], blocks[j]
    if a.last < b.first or b.last < a.first:
        return False
    below = start_i + distances.get((i, j), a.size_bytes) <= start_j
    return not (below or start_j + distances.get((j, i), b.size_bytes) <= start_i)


def smallest_peak(blocks: list[Block], distances: Distances) -> int:
    """Over all orders, each block on top of whichever of those before it holds it up."""
    best = sum(block.size_bytes for block in blocks)
    for order in permutations(range(len(blocks))):
        offsets: dict[int, int] = {}
        for i in order:
            ends = [0, *(start + distances.get((j, i), blocks[j].size_bytes) for j, start in offsets.items())]
            offsets[i] = next(
                end
                for end in sorted(ends)
                if not any(collides(blocks, distances, i, j, end, start) for j, start in offsets.items())
            )
        best = min(best, max(offsets[i] + block.size_bytes for i, block in enumerate(blocks)))
    return best


@pytest.mark.parametrize("seed", range(150))
def test_no_placement_is_smaller(seed: int) -> None:
    blocks, distances = random_blocks(seed)
    placed = place_blocks(blocks, distances, 0)
    for i, a in enumerate(placed):
        for j, b in enumerate(placed[:i]):
            assert not collides(blocks, distances, i, j, a.offset, b.offset)
    assert peak_of(placed) == smallest_peak(blocks, distances)
    assert prove_bound(blocks, distances, 0, peak_of(placed)) == peak_of(placed)


def test_many_blocks_are_placed_quickly() -> None:
    blocks = [Block((i,), 4 + 4 * (i % 7), i, min(i + 40, 1999)) for i in range(2000)]
    assert peak_of(place_blocks(blocks, {}, 0)) < 41 * 28


def random_axis(chance: Random) -> Axis:
    while True:
        size, kernel = chance.randint(1, 9), chance.randint(1, 4)
        stride, dilation, pad = chance.randint(1, 3), chance.randint(1, 3), chance.randint(0, 3)
        reach = (kernel - 1) * dilation + 1
        outputs = (size + 2 * pad - reach) // stride + 1
        if outputs >= 1 and all(taps(Axis(size, outputs, kernel, stride, dilation, pad), i) for i in range(outputs)):
            return Axis(size, outputs, kernel, stride, dilation, pad)


def taps(axis: Axis, position: int) -> list[int]:
    places = [position * axis.stride - axis.pad + k * axis.dilation for k in range(axis.kernel)]
    return [place for place in places if 0 <= place < axis.input]


def is_safe(window: Window, input_bytes: int, output_bytes: int, in_flight: int, before: int) -> bool:
    """Acts the kernel out: pixels in groups, each of which is read whole, and read again while it is written."""
    reads = []
    for y in range(window.height.output):
        for x in range(window.width.output):
            pixels = [row * window.width.input + col for row in taps(window.height, y) for col in taps(window.width, x)]
            reads.append({before + pixel * input_bytes + i for pixel in pixels for i in range(input_bytes)})
    for pixel in range(len(reads)):
        written = set(range(pixel * output_bytes, (pixel + 1) * output_bytes))
        if any(written & later for later in reads[max(0, pixel - in_flight + 1) :]):
            return False
    return True


@pytest.mark.parametrize("seed", range(60))
def test_window_overlap_is_safe_and_tight(seed: int) -> None:
    chance = Random(seed)
    window = Window(random_axis(chance), random_axis(chance))
    sizes, in_flight = (chance.randint(1, 5), chance.randint(1, 5)), chance.randrange(5)
    before = window_overlap(7, window, *sizes, in_flight)[7]
    assert is_safe(window, *sizes, in_flight, before)
    assert before == 0 or not is_safe(window, *sizes, in_flight, before - 1)


def test_distances_of_simple_kernels() -> None:
    assert elements_overlap(3, 10, 4, 1) == {3: 0}
    assert elements_overlap(3, 10, 1, 4) == {3: 30}
    assert distance(np.array([0, 8, 16]), 8) == 8  # a copy, in pieces of 8
    assert distance(np.array([16, 8, 0]), 8) == 24  # backwards: all of the output comes first
