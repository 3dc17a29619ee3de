"""Signals that are real-ish, and signals that are made to hurt: float [samples, 1], full scale 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FULL = 32767 / 32768


def signals(count: int, rate: int) -> dict[str, NDArray[np.float64]]:
    random = np.random.default_rng(7)
    seconds = np.arange(count) / rate
    pulse = np.zeros(count)
    pulse[count // 2] = FULL
    voice = sum(0.3 / k * np.sin(2 * np.pi * 120 * k * seconds * (1 + 0.02 * seconds)) for k in range(1, 20))
    made = {
        "silence": np.zeros(count),
        "lowest": np.full(count, -1.0),
        "highest": np.full(count, FULL),
        "square": np.where(np.arange(count) % 2, FULL, -1.0),
        "slow square": np.where(np.arange(count) // 16 % 2, FULL, -1.0),
        "step": np.where(np.arange(count) < count // 2, -1.0, FULL),
        "pulse": pulse,
        "loud noise": random.choice([-1.0, FULL], count),
        "noise": random.normal(0, 0.1, count),
        "quiet noise": random.normal(0, 0.001, count),
        "last bit": random.choice([0.0, 1 / 32768], count),
        "tone": 0.9 * np.sin(2 * np.pi * rate / 16 * seconds),
        "tone between bins": 0.9 * np.sin(2 * np.pi * rate / 16.31 * seconds + 1),
        "tone at half the rate": 0.9 * np.cos(np.pi * np.arange(count)),
        "voice": 0.5 * voice / np.abs(voice).max() + random.normal(0, 0.002, count),
    }
    return {name: np.clip(values, -1, FULL)[:, None] for name, values in made.items()}


def stored(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """As the device has it: 16 bits."""
    return np.clip(np.rint(signal * 32768), -32768, 32767) / 32768
