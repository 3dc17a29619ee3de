"""What is wrong with a sensor: dead or stuck channels, glitches, clipping. By channel, over recordings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.data.looking.seen import Seen
from mlforge.data.looking.summary import sample
from mlforge.data.recordings import Signal
from mlforge.records.finding import Finding, Severity

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MAD_TO_DEVIATION: Final = 1.4826  # of a normal distribution
FAR: Final = 12.0  # robust deviations from the median: no noise
NEAR: Final = 6.0  # what a glitch's neighbours are within
LONGEST_GLITCH: Final = 3  # frames
CLIPPED_SHARE: Final = 0.01  # of a recording's frames at its largest or smallest value
STUCK_SHARE: Final = 0.25
STUCK_FRAMES: Final = 16
MANY_VALUES: Final = 64  # different ones: a signal that is measured, no switch or counter
WIDE: Final = 1.5  # times the robust deviation: what glitches make of the plain one
SEVERAL: Final = 0.02  # of the recordings
SHOWN: Final = 4  # channels that a finding names


def constant_data(seen: Seen) -> list[Finding]:
    """Nothing in the training split changes; or a channel of it never does."""
    frames = sample(seen)
    dead = _constant(seen)
    if not dead.any():
        return []
    if dead.all():
        what, cure = f"all {len(dead)} channels are constant in the training split", "look at what was recorded"
        return [seen.finding("constant", Severity.ERROR, "data.loader", f"{what}: there is nothing to learn", cure)]
    named = _named(seen, np.flatnonzero(dead), lambda at: f" (always {frames[0, at]:g})")
    verb = "are" if dead.sum() > 1 else "is"
    return [
        seen.finding(
            "dead channels",
            Severity.WARNING,
            "data.loader",
            f"{int(dead.sum())} of {len(dead)} channels {verb} constant in the training split: {named}",
            "leave them out of the data: they cost flash, RAM and time and tell nothing",
        )
    ]


def dead_in_some(seen: Seen) -> list[Finding]:
    """Channels that are constant in a few recordings only: a sensor that was off, or came loose."""
    if not seen.series:
        return []
    everywhere = _constant(seen)
    return _by_recording(
        seen,
        "dead in some recordings",
        lambda frames: (np.ptp(frames, axis=0) == 0) & ~everywhere & (len(frames) >= STUCK_FRAMES),
        "constant values throughout",
        "leave these recordings out, or train for it: data.augment.channel_dropout",
        most=0.5,
    )


def stuck(seen: Seen) -> list[Finding]:
    """Channels that stand still for a long part of a recording, and move elsewhere in it."""
    if not seen.series:
        return []
    return _by_recording(
        seen,
        "stuck channels",
        _stuck,
        f"the very same value for {STUCK_SHARE:.0%} of a recording or more, in one run",
        "look for gaps that were filled, or a sensor that hung",
        most=0.5,
    )


def clipped(seen: Seen) -> list[Finding]:
    """Flat tops: runs at the largest or smallest value of a recording."""
    if not seen.series:
        return []
    return _by_recording(
        seen,
        "clipped signals",
        _clipped,
        f"runs at the end of the scale, {CLIPPED_SHARE:.0%} of a recording or more",
        "record with a wider range or less gain",
        most=1.0,
    )


def glitches(seen: Seen) -> list[Finding]:
    """Single values far from all others: they widen what standardise and int8 take for the range."""
    if not seen.series:
        return []
    frames = sample(seen)
    middle, spread = robust(frames)
    usable = spread > 0
    scale = np.where(usable, spread, 1.0)
    flags = np.array([_glitches((part - middle) / scale) for part in seen.frames(seen.splits.train)]) & usable
    hit = seen.splits.train[flags.any(axis=1)].tolist()
    if not hit:
        return []
    channels = np.flatnonzero(flags.any(axis=0))
    wide = frames.astype(np.float64).std(axis=0) / scale
    worst = int(channels[np.argmax(wide[channels])])
    what = (
        f"{len(hit):,} of {len(flags):,} training recordings have glitches, values of at most {LONGEST_GLITCH} frames "
        f"beyond {FAR:g} robust deviations, in {_named(seen, channels)}; the deviation of {seen.channels[worst]} is "
        f"{wide[worst]:.1f} times what most values have"
    )
    cure = "standardise: {statistics: robust} looks past them; or mend the wiring"
    harmful = wide[worst] >= WIDE and len(hit) >= SEVERAL * len(flags)
    return [seen.finding("glitches", Severity.WARNING if harmful else Severity.NOTE, "data.loader", what, cure, hit)]


def robust(frames: NDArray[np.float32]) -> tuple[Floats, Floats]:
    """Median and deviation by channel, the latter from the median absolute deviation; 0 where half of all values are
    equal."""
    values = frames.astype(np.float64)
    middle = np.median(values, axis=0)
    return middle, MAD_TO_DEVIATION * np.median(np.abs(values - middle), axis=0)


def _constant(seen: Seen) -> Flags:
    """By channel, over the whole training split."""
    low = high = next(seen.frames(seen.splits.train))[0]
    for frames in seen.frames(seen.splits.train):
        low, high = np.minimum(low, frames.min(axis=0)), np.maximum(high, frames.max(axis=0))
    return np.asarray(low == high)


def _glitches(deviations: Floats) -> Flags:
    """Of [frames, channels], by channel: whether there is a short run far off, with near values on both sides."""
    far, near = np.abs(deviations) > FAR, np.abs(deviations) < NEAR
    found = np.zeros(deviations.shape[1], dtype=bool)
    for length in range(1, LONGEST_GLITCH + 1):
        count = len(far) - length - 1
        if count < 1:
            break
        run = np.all([far[1 + step : 1 + step + count] for step in range(length)], axis=0)
        found |= (near[:count] & run & near[length + 1 :]).any(axis=0)
    return found


def _stuck(frames: Signal) -> Flags:
    least = max(STUCK_FRAMES, int(STUCK_SHARE * len(frames)))
    if len(frames) <= least:
        return np.zeros(frames.shape[1], dtype=bool)
    still = frames[1:] == frames[:-1]
    # a run of `least` equal values is `least - 1` steps in a row without a change
    total = np.cumsum(np.concatenate([np.zeros((1, frames.shape[1]), dtype=np.int64), still]), axis=0)
    runs = (total[least - 1 :] - total[: len(total) - least + 1]) == least - 1
    return np.asarray(runs.any(axis=0) & (still.mean(axis=0) < 0.9) & _measured(frames))


def _clipped(frames: Signal) -> Flags:
    flags = np.zeros(frames.shape[1], dtype=bool)
    if len(frames) < 4 * LONGEST_GLITCH:
        return flags
    for end in (frames.max(axis=0), frames.min(axis=0)):
        at_end = frames == end
        runs = (at_end[2:] & at_end[1:-1] & at_end[:-2]).any(axis=0)
        flags |= runs & (at_end.mean(axis=0) >= CLIPPED_SHARE) & (at_end.mean(axis=0) < 0.9)
    return flags & _measured(frames)


def _measured(frames: Signal) -> Flags:
    """By channel: whether there are so many different values that a run of equal ones is no coincidence."""
    least = min(MANY_VALUES, len(frames) // 3)
    return np.array([len(np.unique(column)) >= least for column in frames.T])


def _by_recording(
    seen: Seen, kind: str, flags_of: Callable[[Signal], Flags], what: str, cure: str, most: float
) -> list[Finding]:
    """A finding where some recordings, and of a channel at most the share `most` of all, have a flag."""
    flags = np.array([flags_of(frames) for frames in seen.frames(range(len(seen.dataset.signals)))])
    flags &= flags.mean(axis=0) <= most
    hit = np.flatnonzero(flags.any(axis=1))
    if len(hit) < max(1, SEVERAL * len(flags) / 2):
        return []
    channels = _named(seen, np.flatnonzero(flags.any(axis=0)))
    sentence = f"{len(hit):,} of {len(flags):,} recordings have {what}, in {channels}"
    return [seen.finding(kind, Severity.WARNING, "data.loader", sentence, cure, hit.tolist())]


def _named(seen: Seen, channels: NDArray[np.intp], more: Callable[[int], str] = lambda at: "") -> str:
    names = [f"{seen.channels[at]}{more(int(at))}" for at in channels[:SHOWN]]
    return ", ".join(names) + (f" and {len(channels) - SHOWN} more" if len(channels) > SHOWN else "")
