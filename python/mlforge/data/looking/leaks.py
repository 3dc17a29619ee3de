"""Values that should not be among the model's inputs: a column that is the label, a clock, a row number."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.contract import Task
from mlforge.data.looking.seen import Seen
from mlforge.data.sensor import is_time, rates_of
from mlforge.data.short import reach_of
from mlforge.records.finding import Finding, Severity

ALONE: Final = 0.995  # right about held-out data by one value alone
STEADY: Final = 0.95  # by a value that never changes within a recording
CORRELATED: Final = 0.9999
MUCH_BETTER: Final = 0.5  # of what is left to gain over the most frequent class
MANY_FEATURES: Final = 2000  # beyond that single ones are not tried
SEVERAL: Final = 0.1  # of all values
LEAST: Final = 20  # recordings
UNEVEN: Final = 0.5  # of the steps of a clock, which may be late
RATE_NEAR: Final = 0.05


def leaks(seen: Seen) -> list[Finding]:
    """Channels that tell the label by themselves, and those that count up."""
    if len(seen.dataset.signals) < LEAST or len(seen.channels) > MANY_FEATURES or seen.dataset.signals[0].ndim == 3:
        return []
    return [*_clocks(seen), *_giveaways(seen), *_places(seen)]


def _clocks(seen: Seen) -> list[Finding]:
    """Channels that grow by much the same step from frame to frame, in every recording; or, in a table, from row to
    row; and those whose name says that they are times."""
    if not seen.series:
        steps = _steps(np.stack([*seen.dataset.signals]))
        what = "grows steadily from row to row: a number of the row, and no measurement"
    else:
        steps = np.array([_steps(frames) for frames in seen.frames(range(len(seen.dataset.signals)))])
        steps = np.where((steps > 0).all(axis=0), np.median(steps, axis=0), 0.0)
        what = "grows steadily from frame to frame, in every recording: a clock, and no sensor"
    found = []
    for at, step in enumerate(steps):
        name = seen.channels[at]
        if step > 0 or (seen.series and is_time(name)):
            sentence = f"{name} {what}" if step > 0 else f"{name} holds times, by its name"
            rate = _rate_words(seen, name, float(step)) if seen.series and is_time(name) and step > 0 else ""
            cure = "leave the column out of the data"
            found.append(seen.finding("counting column", Severity.WARNING, "data.loader", sentence + rate, cure))
    return found


def _rate_words(seen: Seen, name: str, step: float) -> str:
    """What a column of times says of the rate, where the contract says otherwise."""
    signal, rates = seen.contract.data.signal, rates_of(name, step)
    if signal is None or any(abs(rate - signal.rate_hz) <= RATE_NEAR * signal.rate_hz for rate in rates):
        return ""
    meant = " or ".join(f"{rate:.2g} Hz" for rate in rates)
    return f"; it means {meant}, but data.signal.rate says {signal.rate_hz:g} Hz"


def _steps(frames: NDArray[np.float32]) -> NDArray[np.float64]:
    """By channel of [frames, channels]: the mean step of one that grows evenly; else 0."""
    if len(frames) < 4:
        return np.zeros(frames.shape[1])
    steps = np.diff(frames.astype(np.float64), axis=0)
    mean = steps.mean(axis=0)
    rounding = np.abs(frames).max(axis=0) * 2.0**-22
    even = (mean > 0) & (steps.min(axis=0) > 0) & (np.abs(steps - mean).max(axis=0) <= mean * UNEVEN + rounding)
    return np.where(even, mean, 0.0)


def _giveaways(seen: Seen) -> list[Finding]:
    values, steady = _values(seen)
    found = []
    for at in np.flatnonzero(steady):
        score, base = _score(seen, values[:, at])
        wanted = STEADY if seen.series else ALONE
        if score < (CORRELATED if seen.dataset.task is Task.REGRESSION else wanted) or score - base < MUCH_BETTER * (
            1 - base
        ):
            continue
        found.append(_giveaway(seen, int(at), score))
    return found


def _places(seen: Seen) -> list[Finding]:
    """Frames of a channel that alone tell the label, where recordings are model inputs as they are: a marker that was
    recorded with the signal."""
    signals = seen.dataset.signals
    whole = seen.series and reach_of(seen.contract) is None and len({signal.shape for signal in signals}) == 1
    if not whole or signals[0].size > MANY_FEATURES:
        return []
    values = np.stack([signal.reshape(-1) for signal in signals])
    changing = np.flatnonzero(np.ptp(values, axis=0) > 0)
    found = [(int(at), *_score(seen, values[:, at])) for at in changing]
    wanted = CORRELATED if seen.dataset.task is Task.REGRESSION else ALONE
    told = [(score, at) for at, score, base in found if score >= wanted and score - base >= MUCH_BETTER * (1 - base)]
    if not told or len(told) > SEVERAL * len(changing):  # where many values tell the label, it is an easy task
        return []
    score, at = max(told)
    frame, channel = divmod(at, signals[0].shape[1])
    what = (
        f"frame {frame + 1} of {seen.channels[channel]} alone tells the label of {score:.1%} of those held out"
        f"{f', as do {len(told) - 1} other values' if len(told) > 1 else ''}: a marker, and no signal?"
    )
    cure = "cut it off, unless the device has it before it decides"
    return [seen.finding("leak", Severity.WARNING, "data.loader", what, cure)]


def _giveaway(seen: Seen, at: int, score: float) -> Finding:
    name = seen.channels[at]
    if seen.dataset.task is Task.REGRESSION:
        what = f"{name} alone is the label but for its scale (correlation {score:.5f})"
    elif seen.series:
        what = f"{name} never changes within a recording, and alone tells the label of {score:.1%} of those held out"
    else:
        what = f"{name} alone tells the label of {score:.1%} of the examples held out"
    cure = "leave it out, unless the device has it before it decides"
    return seen.finding("leak", Severity.WARNING, "data.loader", what, cure)


def _values(seen: Seen) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The first value of each recording by channel, [recordings, channels], and which channels never change within a
    recording, though from one to the next."""
    first, steady = [], np.ones(len(seen.channels), dtype=bool)
    for frames in seen.frames(range(len(seen.dataset.signals))):
        first.append(frames[0])
        steady &= (frames == frames[0]).all(axis=0)
    values = np.stack(first)
    return values, np.asarray(steady & (np.ptp(values, axis=0) > 0))


def _score(seen: Seen, values: NDArray[np.float32]) -> tuple[float, float]:
    """How well one value tells the label of held-out recordings: the share that is right, and that of the most frequent
    class; for regression the correlation."""
    labels = seen.dataset.labels
    if seen.dataset.task is Task.REGRESSION:
        spread = values.std() * labels[:, 0].std()
        return (abs(float(np.corrcoef(values, labels[:, 0])[0, 1])), 0.0) if spread > 0 else (0.0, 0.0)
    held = np.concatenate([seen.splits.validate, seen.splits.test])
    if seen.dataset.task is Task.ANOMALY:  # normal ones alone train: learn from one half of what is held out
        train, held = held[::2], held[1::2]
    else:
        train = seen.splits.train
    order = train[np.argsort(values[train], kind="stable")]
    right = np.clip(np.searchsorted(values[order], values[held]), 0, len(order) - 1)
    left = np.maximum(right - 1, 0)
    nearer = np.abs(values[order[left]] - values[held]) < np.abs(values[order[right]] - values[held])
    guessed = labels[order[np.where(nearer, left, right)]]
    return float((guessed == labels[held]).mean()), float(np.bincount(labels[held]).max() / len(held))
