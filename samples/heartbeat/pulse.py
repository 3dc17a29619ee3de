"""Beats in a photoplethysmogram (PPG): the recordings that the package heartpy ships, marked, cut and resampled.

`pip install --no-deps heartpy==1.2.7` brings three recordings, 14 minutes in all (MIT licence; van Gent et al.,
"Analysing noisy driver physiology real-time using off-the-shelf sensors: heart rate analysis software from the Taking
the Fast Lane project", Journal of Open Research Software 7, 2019). Nobody has marked their beats. The marks are the
systolic peaks that Elgendi et al. find with two moving averages ("Systolic peak detection in acceleration
photoplethysmograms measured from emergency responders in tropical conditions", PLoS ONE 8, 2013), on a signal that is
filtered forwards and backwards: a reference that sees the future, which a device cannot.

Importing nothing of heartpy, it needs none of its dependencies.
"""

from __future__ import annotations

import csv
from datetime import datetime
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 50
STRETCH_S, GAP_S = 20, 1  # stretches are the groups; a gap keeps a window of one out of the next
WINDOW, HOP = 40, 2  # samples; as in the contract
CENTRE = slice(16, 24)  # of a window: where the peak of a beat lies
STREAMS = Path(__file__).parent / ".mlforge" / "streams"

Signal = NDArray[np.float64]


def recordings() -> dict[str, list]:
    """Windows with a beat in their middle, and others; and, in `.mlforge/streams`, the stretches with their marks."""
    STREAMS.mkdir(parents=True, exist_ok=True)
    found: dict[str, list] = {"x": [], "y": [], "stretch": []}
    for name, signal in (
        ("data.csv", uniform("data.csv")),
        ("data2.csv", uniform("data2.csv")),
        ("data3.csv", uniform("data3.csv")),
    ):
        for number, start in enumerate(range(0, len(signal) - STRETCH_S * RATE_HZ + 1, (STRETCH_S + GAP_S) * RATE_HZ)):
            stretch = signal[start : start + STRETCH_S * RATE_HZ]
            peaks = systolic_peaks(stretch)
            if not has_a_pulse(peaks):
                continue
            group = f"{name.partition('.')[0]}-{number:02d}"
            _cut(found, stretch, peaks, group)
            _write_stream(stretch, peaks, group)
    return found


def _cut(found: dict[str, list], stretch: Signal, peaks: NDArray[np.int64], group: str) -> None:
    for start in range(0, len(stretch) - WINDOW + 1, HOP):
        inside = peaks[(peaks >= start) & (peaks < start + WINDOW)] - start
        beat = bool(((inside >= CENTRE.start) & (inside < CENTRE.stop)).any())
        if not beat and start % (2 * HOP):
            continue  # there are many more of those without
        found["x"].append(stretch[start : start + WINDOW, None].astype(np.float32))
        found["y"].append("beat" if beat else "rest")
        found["stretch"].append(group)


def _write_stream(stretch: Signal, peaks: NDArray[np.int64], group: str) -> None:
    np.savetxt(STREAMS / f"{group}_ppg.csv", stretch, fmt="%.5f")
    marks = [f"{(peak - 5) / RATE_HZ:.2f}\t{(peak + 5) / RATE_HZ:.2f}\tbeat" for peak in peaks if peak >= 5]
    (STREAMS / f"{group}_ppg.txt").write_text("\n".join(marks) + "\n", encoding="ascii")


def uniform(name: str) -> Signal:
    """One recording at 50 Hz, in deviations from its mean."""
    try:
        path = Path(str(distribution("heartpy").locate_file(f"heartpy/data/{name}")))
    except PackageNotFoundError:
        raise RuntimeError("heartpy is not installed: pip install --no-deps heartpy==1.2.7") from None
    with path.open(newline="") as file:
        rows = [row for row in csv.reader(file) if row and row[-1].replace(".", "", 1).isdigit()]
    values = np.array([float(row[-1]) for row in rows])
    times_s = _times_s(rows)
    grid = np.arange(0, times_s[-1], 1 / RATE_HZ)
    smooth = band(values, len(values) / times_s[-1], 0.0, 15.0)
    return np.interp(grid, times_s, (smooth - smooth.mean()) / smooth.std())


def _times_s(rows: list[list[str]]) -> Signal:
    if len(rows[0]) == 1:
        return np.arange(len(rows)) / 100.0
    if " " in rows[0][0]:
        stamps = np.array([datetime.fromisoformat(row[0]).timestamp() for row in rows])
        return stamps - stamps[0]
    return np.array([float(row[0]) for row in rows]) / 1000


def band(values: Signal, rate_hz: float, low_hz: float, high_hz: float) -> Signal:
    """What lies between two frequencies, without a delay."""
    spectrum = np.fft.rfft(values - values.mean())
    frequencies = np.fft.rfftfreq(len(values), 1 / rate_hz)
    spectrum[(frequencies < low_hz) | (frequencies > high_hz)] = 0
    return np.fft.irfft(spectrum, len(values)) + (values.mean() if low_hz == 0 else 0)


def systolic_peaks(signal: Signal) -> NDArray[np.int64]:
    """By Elgendi et al.: where the mean over 111 ms of the squared signal lies above that over 667 ms."""
    energy = np.clip(band(signal, RATE_HZ, 0.5, 8.0), 0, None) ** 2
    short, long = (np.convolve(energy, np.full(n, 1 / n), mode="same") for n in (5, 33))
    blocks = short > long + 0.02 * energy.mean()
    edges = np.flatnonzero(np.diff(np.r_[0, blocks.astype(int), 0]))
    pairs = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= 5]
    return np.array([a + int(np.argmax(signal[a:b])) for a, b in pairs], np.int64)


def has_a_pulse(peaks: NDArray[np.int64]) -> bool:
    """Whether the beats of a stretch are as far apart as a heart's, 40 to 180 a minute, and hardly vary."""
    between_s = np.diff(peaks) / RATE_HZ
    if len(between_s) < 10:
        return False
    return bool((np.abs(between_s - np.median(between_s)) < 0.35 * np.median(between_s)).mean() > 0.95) and bool(
        1 / 3 <= np.median(between_s) <= 1.5
    )
