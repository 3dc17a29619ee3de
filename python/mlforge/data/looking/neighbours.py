"""Recordings that are no copies, value for value, but as near as copies: with noise, another gain, or rounded; or other
recordings of the same person in both splits.

Each recording becomes a short vector of block means. Where no copies are, the distance to the nearest of the training
split is much like those to the next ones; how much depends on the dimension that the data really have, which is
estimated from the tenth to the twentieth neighbour (Levina and Bickel, "Maximum likelihood estimation of intrinsic
dimension", NIPS 2004).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.data.looking.content import whole
from mlforge.data.looking.seen import Seen
from mlforge.data.looking.sensors import robust
from mlforge.data.looking.summary import sample
from mlforge.records.finding import Finding, Severity

Floats = NDArray[np.float32]

POINTS: Final = 32  # blocks of a time series
WIDTH: Final = 256  # values of a vector, at most
LEAST_WIDTH: Final = 12  # in fewer dimensions near neighbours are common
MOST_VALUES: Final = 40_000_000  # of all training vectors together; beyond that nobody looks
HELD_OUT: Final = 1000  # recordings that are looked at, evenly spread
NEAREST: Final = (10, 20)
CLOSE: Final = 0.35  # of the distance to the tenth neighbour
UNLIKELY: Final = 1e-5
SEVERAL: Final = 0.02
LIMIT: Final = 8.0  # robust deviations: a glitch is no likeness


def near_copies(seen: Seen) -> list[Finding]:
    """Where more than a few held-out recordings have a training recording that is far too near."""
    train = seen.splits.train
    width = min(WIDTH, seen.dataset.signals[0].size if not seen.series else POINTS * len(seen.channels))
    held = np.concatenate([seen.splits.validate, seen.splits.test])
    held = held[:: max(1, len(held) // HELD_OUT)]
    if len(train) <= 2 * NEAREST[1] or width < LEAST_WIDTH or len(train) * width > MOST_VALUES:
        return []
    middle, spread = robust(sample(seen))
    scale = np.where(spread > 0, spread, 1.0)
    hashes = whole(seen, train.tolist())
    fresh = ~np.isin(whole(seen, held.tolist()), hashes[hashes != 0])
    if fresh.sum() < 2:
        return []
    held = held[fresh]
    for own in (False, True):  # in the data's units; then each recording in its own, as another gain hides a copy
        known, asked = (_vectors(seen, of, middle, scale, own) for of in (train, held))
        distances, nearest = _nearest(asked, known)
        hit = _too_near(distances)
        if hit.sum() >= max(2, SEVERAL * len(held)):
            break
    else:
        return []
    grouped = bool(seen.contract.data.split.group)
    cure = "give those that belong together one group" if grouped else "name people or machines in data.split.group"
    places = [
        f"{seen.place(int(held[at]))} is near {seen.place(int(train[nearest[at]]))}"
        for at in np.flatnonzero(hit).tolist()
    ]
    what = (
        f"{int(hit.sum()):,} of {len(held):,} held-out recordings looked at are as near to a training recording as "
        "copies: figures may be too good"
    )
    key = "data.split.group" if grouped else "data.split"
    return [seen.finding("near duplicates", Severity.WARNING, key, what, cure, places=places)]


def _vectors(
    seen: Seen, members: NDArray[np.int64], middle: NDArray[np.float64], scale: NDArray[np.float64], own: bool
) -> Floats:
    """Float32 [n, at most WIDTH]; with `own`, each with zero mean and unit deviation."""
    rows = []
    for signal in seen.frames(members.tolist()):
        values = np.clip((signal - middle) / scale, -LIMIT, LIMIT)
        rows.append(_blocks(values, POINTS).reshape(-1) if seen.series else values.reshape(-1))
    stack = np.stack(rows).astype(np.float32)
    if own:
        deviation = stack.std(axis=1, keepdims=True)
        stack = (stack - stack.mean(axis=1, keepdims=True)) / np.where(deviation > 0, deviation, 1)
    return stack[:, :: 1 + (stack.shape[1] - 1) // WIDTH]


def _blocks(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Means of `count` blocks of frames, [count, channels]; frames repeat where there are fewer."""
    edges = np.linspace(0, len(values), count + 1)
    starts = np.minimum(edges[:-1].astype(np.int64), len(values) - 1)
    ends = np.maximum(edges[1:].astype(np.int64), starts + 1)
    total = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
    return np.asarray((total[ends] - total[starts]) / (ends - starts)[:, None])


def _nearest(asked: Floats, known: Floats) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Distances to the nearest NEAREST[1] of `known`, sorted [n, NEAREST[1]], and which is the nearest [n]."""
    count = NEAREST[1]
    squares = np.square(known).sum(axis=1)
    distances, nearest = np.empty((len(asked), count)), np.empty(len(asked), dtype=np.intp)
    for start in range(0, len(asked), 128):
        part = asked[start : start + 128]
        square = np.maximum(np.square(part).sum(axis=1)[:, None] + squares - 2 * part @ known.T, 0)
        chosen = np.argpartition(square, count, axis=1)[:, :count]
        exact = np.square(part[:, None, :].astype(np.float64) - known[chosen]).sum(axis=2)
        order = np.argsort(exact, axis=1)
        distances[start : start + len(part)] = np.sqrt(np.take_along_axis(exact, order, axis=1))
        nearest[start : start + len(part)] = np.take_along_axis(chosen, order[:, :1], axis=1)[:, 0]
    return distances, nearest


def _too_near(distances: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Of sorted distances [n, 20]: whether the first is what no chance explains."""
    tenth, last = NEAREST[0] - 1, NEAREST[1] - 1
    far = np.maximum(distances[:, last], 1e-12)
    logs = np.log(far[:, None] / np.maximum(distances[:, tenth:last], 1e-12 * far[:, None]))
    expected = np.mean([sum(1 / step for step in range(at + 1, last + 1)) for at in range(tenth, last)])
    dimension = expected / max(1e-9, float(np.median(logs.mean(axis=1))))
    ratio = distances[:, 0] / np.maximum(distances[:, tenth], 1e-12)
    return np.asarray((ratio < CLOSE) & (ratio**dimension < UNLIKELY))
