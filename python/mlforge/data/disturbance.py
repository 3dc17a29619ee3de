"""What goes wrong with sensors: noise, gain, offset, lost samples in raw recordings, of a stated magnitude. NumPy only.

Deterministic: the same recording, place and magnitude give the same result on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.data.recordings import Signal

Deviation = NDArray[np.float64]
_SEED: Final = 0x0D15


class Kind(StrEnum):
    NOISE = "noise"
    GAIN = "gain"
    OFFSET = "offset"
    DROPOUT = "dropout"


def statistics(signals: Sequence[Signal]) -> tuple[Deviation, Deviation]:
    """Mean and deviation of each channel (the last axis) over recordings of the training split, float64 [channels]."""
    frames = np.concatenate([signal.reshape(-1, signal.shape[-1]).astype(np.float64) for signal in signals])
    return frames.mean(axis=0), frames.std(axis=0)


def disturb(
    signals: Sequence[Signal], kind: Kind, magnitude: float, mean: Deviation, deviation: Deviation
) -> list[Signal]:
    """Disturbed copies of recordings, each [..., channels].

    Noise adds normal noise of `magnitude` deviations to each value. Offset adds `magnitude` deviations to each channel
    of a recording, and gain multiplies it by 1 + `magnitude`, or by its inverse: up or down by chance, channel by
    channel. Dropout loses each frame of a time series with the chance `magnitude`; the last one read stands in.
    Of recordings that are no time series it loses single values (vectors) or pixels, which then read the mean.
    """
    return [
        _disturbed(
            signal, kind, magnitude, mean, deviation, np.random.default_rng([_SEED, list(Kind).index(kind), index])
        )
        for index, signal in enumerate(signals)
    ]


def _disturbed(
    signal: Signal, kind: Kind, magnitude: float, mean: Deviation, deviation: Deviation, random: np.random.Generator
) -> Signal:
    values = signal.astype(np.float64)
    sign = random.choice([-1.0, 1.0], signal.shape[-1])
    match kind:
        case Kind.NOISE:
            values += magnitude * deviation * random.standard_normal(signal.shape)
        case Kind.GAIN:
            values *= (1.0 + magnitude) ** sign
        case Kind.OFFSET:
            values += magnitude * deviation * sign
        case Kind.DROPOUT:
            values = _with_losses(values, magnitude, mean, random)
    return values.astype(np.float32)


def _with_losses(values: Deviation, chance: float, mean: Deviation, random: np.random.Generator) -> Deviation:
    if values.ndim != 2:
        kept = random.random(values.shape if values.ndim == 1 else (*values.shape[:-1], 1)) >= chance
        return np.where(kept, values, mean)
    kept = random.random(len(values)) >= chance
    kept[0] = True
    return np.asarray(values[np.maximum.accumulate(np.where(kept, np.arange(len(values)), 0))])
