"""Where the blocks and the scratch of a chain lie: what is never alive together shares its memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mlforge.features.flow import Flow
from mlforge.features.stage import UNLIMITED, Stage

ALIGNMENT: Final = 8
BATCH: Final = 32  # frames that stages in front of the first gathering one take at once
MOST_CHANNELS: Final = 2  # of sound: so many go through stages without a gathering one in batches, too


@dataclass(frozen=True, slots=True)
class Place:
    """Of a stage: offsets in the shared memory, None where it has no use for it. `kept_bytes` are of its own, for its
    output, or `saved_bytes`, its scratch, for what its next block begins with."""

    output: int | None
    work: int | None
    kept_bytes: int = 0
    saved_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """`head` stages, up to and with the first that gathers blocks, take up to `batch` frames at once; see
    `struct mlforge_pipeline`."""

    places: tuple[Place, ...]
    shared_bytes: int
    head: int
    batch: int

    @property
    def total_bytes(self) -> int:
        return self.shared_bytes + sum(place.kept_bytes + place.saved_bytes for place in self.places)


@dataclass(slots=True)
class _Buffer:
    size_bytes: int
    first: int  # stage that writes it
    last: int  # stage that reads it
    offset: int = 0
    working_bytes: int = 0  # what it takes while its stage works in it

    @property
    def most_bytes(self) -> int:
        return max(self.size_bytes, self.working_bytes)

    def beside(self, other: _Buffer) -> int:
        """What it takes while both are alive."""
        return self.most_bytes if other.first <= self.first <= other.last else self.size_bytes


def lay_out(stages: Sequence[Stage], flows: Sequence[Flow], window_blocks: int) -> Layout:
    """`flows[i]` is what stage i takes, `flows[i + 1]` what it makes. The last stage writes into the collector's ring
    of `window_blocks`, which takes no more at once.

    Largest first, each buffer goes to the lowest offset at which it meets none that is alive with it. Blocks that
    overlap stay in a place of their own, or in the shared memory, with what the next one begins with saved: whichever
    takes less.
    """
    kept = _lay_out(stages, flows, window_blocks, saving=False)
    if not any(stage.keeps_output for stage in stages):
        return kept
    saved = _lay_out(stages, flows, window_blocks, saving=True)
    return saved if saved.total_bytes < kept.total_bytes else kept


def lay_out_branch(stages: Sequence[Stage], flows: Sequence[Flow]) -> Layout:
    """Of a chain whose scratch is others' between two blocks: what it keeps has places of its own."""
    return _lay_out(stages, flows, 1, saving=False)


def _lay_out(stages: Sequence[Stage], flows: Sequence[Flow], window_blocks: int, saving: bool) -> Layout:
    head = _head(stages, flows)
    gathers = any(stage.wants for stage in stages)
    most = BATCH if gathers else min(BATCH, window_blocks)
    batch = min([{0: 1, 1: UNLIMITED}.get(head, most), *map(_runs, stages[:head], flows)])
    outputs: list[_Buffer | None] = []
    works: list[_Buffer | None] = []
    for index, stage in enumerate(stages):
        last = index + 1 == len(stages)
        size_bytes = flows[index + 1].size_bytes * (most if index + 1 < head else 1)
        alone = flows[index].channels == 1
        output = None
        if not last and not (stage.keeps_output and not saving):
            output = _output(stage, size_bytes, index, outputs, alone)
        needed = stage.work_bytes(flows[index])
        if stage.works_in_output and output is not None and alone:
            output.working_bytes = needed
            works.append(output)
        else:
            works.append(_Buffer(needed, index, index) if needed else None)
        outputs.append(output)
    places, shared_bytes = _place(stages, flows, outputs, works)
    return Layout(places, shared_bytes, head, batch)


def _runs(stage: Stage, flow: Flow) -> int:
    return stage.runs(flow)


def _head(stages: Sequence[Stage], flows: Sequence[Flow]) -> int:
    """Where nothing gathers, all stages take runs, unless the blocks between them would take much memory."""
    gathering = next((index + 1 for index, stage in enumerate(stages) if stage.wants), 0)
    few = len(stages) == 1 or all(flow.channels <= MOST_CHANNELS for flow in flows)
    return gathering or (len(stages) if few else 0)


def _output(stage: Stage, size_bytes: int, index: int, outputs: Sequence[_Buffer | None], alone: bool) -> _Buffer:
    """A buffer for what the stage makes; that of its input where it may write there. Blocks that gather there are
    alive while the stages in front of them work. A stage that works in the place of its output does so, and in that of
    its input, with one channel `alone`."""
    before = outputs[-1] if outputs else None
    if stage.in_place and before is not None and (alone or not stage.works_in_output):
        before.last = index + 1
        before.size_bytes = max(before.size_bytes, size_bytes)
        return before
    return _Buffer(size_bytes, 0 if stage.keeps_output else index, index + 1)


def _place(
    stages: Sequence[Stage],
    flows: Sequence[Flow],
    outputs: Sequence[_Buffer | None],
    works: Sequence[_Buffer | None],
) -> tuple[tuple[Place, ...], int]:
    buffers = {id(one): one for one in [*outputs, *works] if one is not None}
    placed: list[_Buffer] = []
    for buffer in sorted(buffers.values(), key=lambda one: (-one.most_bytes, one.first)):
        meeting = [one for one in placed if one.first <= buffer.last and buffer.first <= one.last]
        for other in sorted(meeting, key=lambda one: one.offset):
            if buffer.offset + buffer.beside(other) > other.offset:
                buffer.offset = max(buffer.offset, _aligned(other.offset + other.beside(buffer)))
        placed.append(buffer)
    places = tuple(
        Place(
            output.offset if output else None,
            work.offset if work else None,
            made.size_bytes if stage.keeps_output and output is None and index + 1 < len(stages) else 0,
            stage.common_bytes(flows[index]) if stage.keeps_output and output is not None else 0,
        )
        for index, (stage, made, output, work) in enumerate(zip(stages, flows[1:], outputs, works, strict=True))
    )
    return places, max((_aligned(one.offset + one.most_bytes) for one in placed), default=0)


def _aligned(offset: int) -> int:
    return -(-offset // ALIGNMENT) * ALIGNMENT
