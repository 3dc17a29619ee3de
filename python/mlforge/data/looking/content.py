"""Recordings by the hash of what is in them: whole, or in pieces of some frames wherever they begin.

A piece is a polynomial of mixed frame hashes, modulo 2^64 (a fingerprint after Karp and Rabin, IBM Journal of Research
and Development 31, 1987), so that all pieces of a recording take one pass. Stretches that hardly change are no evidence
and give no pieces.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.data.looking.seen import Seen
from mlforge.data.recordings import Signal

Hashes = NDArray[np.uint64]

PIECE_FRAMES: Final = (8, 16)  # the shortest and the longest piece
LEAST_VALUES: Final = 3  # of a vector
LIVELY: Final = 0.5  # of a piece's frames differ from the one before
MOST_PIECES: Final = 4_000_000  # kept, by their hash, so that equal ones are kept or dropped together
CHANCE: Final = 1e-3  # that any two pieces are equal by coincidence
_ODD: Final = np.uint64(0x9E3779B97F4A7C15)  # 2^64 by the golden ratio, Knuth's multiplicative hashing
_BASE: Final = 0xD6E8FEB86659FD93


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Hashes [n], and the recording [n] that each is from."""

    hashes: Hashes
    owners: NDArray[np.int64]


def whole(seen: Seen, members: Iterable[int]) -> Hashes:
    """One hash for each recording; 0 for those that are like many others without being copies: in which no channel
    changes, or of a few values only."""
    single = seen.dataset.signals[0].ndim == 1
    if single and len(seen.channels) < LEAST_VALUES:
        return np.zeros(sum(1 for _ in members), dtype=np.uint64)
    return np.array(
        [_whole(frames, single) for frames in seen.frames(members)],
        dtype=np.uint64,
    )


def pieces(seen: Seen, members: NDArray[np.int64], frames: int, keep: int) -> Pieces:
    """All lively pieces of so many frames, of every `keep`th hash; the whole hash where `frames` is 0."""
    if frames == 0:
        hashes = whole(seen, members.tolist())
        return Pieces(hashes[hashes != 0], members[hashes != 0])
    found = [_kept(_rolling(part, frames), keep) for part in seen.frames(members.tolist())]
    owners = np.repeat(members, [len(part) for part in found])
    return Pieces(np.concatenate(found) if found else np.zeros(0, dtype=np.uint64), owners)


def piece_frames(seen: Seen) -> int:
    """How long pieces are; 0 where recordings are no time series, too short, or of so few values that pieces would be
    equal by coincidence."""
    if not seen.series:
        return 0
    shortest = min(len(signal) for signal in seen.dataset.signals)
    length = min(PIECE_FRAMES[1], shortest // 4)
    if length < PIECE_FRAMES[0]:
        return 0
    hashes = np.concatenate([_frame_hashes(frames) for frames in seen.frames(seen.splits.train.tolist())])
    counts = np.unique(hashes, return_counts=True)[1].astype(np.float64)
    alike = float(np.square(counts / counts.sum()).sum())  # that two frames are equal
    total = sum(len(signal) for signal in seen.dataset.signals)
    sure = -LIVELY * length * log(max(alike, 1e-300)) > 2 * log(total) - log(CHANCE)
    return length if sure else 0


def every(seen: Seen) -> int:
    """Of so many pieces one is kept."""
    return 1 + sum(len(signal) for signal in seen.dataset.signals) // MOST_PIECES


def _whole(frames: Signal, single: bool) -> int:
    if not single and not np.any(frames[1:] != frames[:-1]):
        return 0
    hashes = _frame_hashes(frames)
    with np.errstate(over="ignore"):
        return int((hashes * _powers(len(hashes))).sum(dtype=np.uint64)) or 1


def _frame_hashes(frames: Signal) -> Hashes:
    """Of [frames, channels], one for each frame; -0 is 0."""
    bits = np.ascontiguousarray(frames + np.float32(0)).view(np.uint32).astype(np.uint64)
    with np.errstate(over="ignore"):
        total = (bits * (_powers(bits.shape[1]) | np.uint64(1))).sum(axis=1, dtype=np.uint64)
        total ^= total >> np.uint64(31)
        total *= _ODD
        total ^= total >> np.uint64(29)
    return np.asarray(total)


def _rolling(frames: Signal, length: int) -> Hashes:
    """The hashes of the lively pieces, one wherever a piece may begin."""
    hashes = _frame_hashes(frames)
    if len(hashes) < length:
        return np.zeros(0, dtype=np.uint64)
    changes = np.concatenate([[0], np.cumsum(hashes[1:] != hashes[:-1])])
    lively = changes[length - 1 :] - changes[: len(changes) - length + 1] >= LIVELY * length
    count = len(hashes) - length + 1
    total = np.zeros(count, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for step, power in enumerate(_powers(length)):
            total += hashes[step : step + count] * power
        total = (total ^ (total >> np.uint64(32))) * _ODD
    return np.asarray(total[lively])


def _kept(hashes: Hashes, keep: int) -> Hashes:
    return hashes if keep == 1 else hashes[(hashes >> np.uint64(7)) % np.uint64(keep) == 0]


def _powers(count: int) -> Hashes:
    with np.errstate(over="ignore"):
        return np.asarray(np.cumprod(np.full(count, _BASE, dtype=np.uint64), dtype=np.uint64))
