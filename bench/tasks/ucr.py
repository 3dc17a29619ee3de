"""Time series that the wheel of aeon brings along, from the files in the installed package: nothing of it is imported,
so `pip install --no-deps` is enough."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Signal = NDArray[np.float32]


def series(name: str) -> tuple[list[Signal], list[str]]:
    """Signals, float32 [steps, channels] each, and their classes; the archive's two parts together."""
    spec = find_spec("aeon")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the series come with aeon: pip install --no-deps 'mlforge-zephyr[bench]'")
    folder = Path(spec.origin).parent / "datasets" / "data" / name
    signals: list[Signal] = []
    labels: list[str] = []
    for part in ("TRAIN", "TEST"):
        text = (folder / f"{name}_{part}.ts").read_text(encoding="utf-8")
        for line in text.partition("@data")[2].split():
            *channels, label = line.split(":")
            rows = [np.array(channel.split(","), np.float32) for channel in channels]
            signals.append(np.stack(rows, axis=1))
            labels.append(label)
    return signals, labels


def stretched(signal: Signal, steps: int) -> Signal:
    """As many steps of the same signal, interpolated along straight lines: float32 [steps, channels]."""
    places = np.linspace(0, len(signal) - 1, steps)
    columns = [np.interp(places, np.arange(len(signal)), channel) for channel in signal.T]
    return np.stack(columns, axis=1).astype(np.float32)
