"""The spectral stages in floating point, from their formulas: shares no code with MLForge."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def frames(signal: Floats, length: int, hop: int) -> Floats:
    """[columns, length, channels]"""
    count = 1 + (len(signal) - length) // hop
    return np.stack([signal[index * hop : index * hop + length] for index in range(count)])


def taper(name: str, length: int) -> Floats:
    a = {"hann": 0.5, "hamming": 0.54, "none": 1.0}[name]
    return a - (1 - a) * np.cos(2 * np.pi * np.arange(length) / length)


def spectrum(blocks: Floats, name: str, size: int) -> NDArray[np.complex128]:
    """[columns, size / 2 + 1, channels]"""
    weights = taper(name, blocks.shape[1])[:, None]
    return np.fft.rfft(blocks * weights, size, axis=1)


def to_mel(hz: Floats, scale: str) -> Floats:
    if scale == "htk":
        return 2595 * np.log10(1 + hz / 700)
    linear = hz * 3 / 200
    return np.where(hz < 1000, linear, 15 + 27 * np.log(np.maximum(hz, 1e-9) / 1000) / math.log(6.4))


def to_hz(mel: Floats, scale: str) -> Floats:
    if scale == "htk":
        return 700 * (10 ** (mel / 2595) - 1)
    return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * math.log(6.4) / 27))


def mel_weights(bands: int, low: float, high: float, rate: float, bins: int, scale: str, norm: str) -> Floats:
    """[bands, bins], as librosa.filters.mel"""
    ends = to_mel(np.array([low, high], dtype=float), scale)
    corners = to_hz(np.linspace(ends[0], ends[1], bands + 2), scale)
    hz = np.arange(bins) * rate / 2 / (bins - 1)
    rows = []
    for left, peak, right in zip(corners, corners[1:], corners[2:], strict=False):
        row = np.maximum(0, np.minimum((hz - left) / (peak - left), (right - hz) / (right - peak)))
        rows.append(row * (2 / (right - left) if norm == "slaney" else 1))
    return np.array(rows)


def cosines(coefficients: int, length: int) -> Floats:
    """[coefficients, length]: scipy.fft.dct(type=2, norm="ortho")"""
    k, n = np.arange(coefficients)[:, None], np.arange(length)[None, :]
    scale = np.where(k == 0, math.sqrt(1 / length), math.sqrt(2 / length))
    return scale * np.cos(np.pi * k * (2 * n + 1) / (2 * length))
