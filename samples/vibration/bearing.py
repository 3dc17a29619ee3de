"""Accelerations of a machine with a rolling bearing, by a physical model: what the contract is trained and tested on.

A defect on a race or a ball is struck at a rate that the bearing's geometry and the shaft's speed give. Each impact
rings a resonance of the housing, which decays; slip of the cage lets the time between impacts vary by a percent. A
defect of the inner race turns through the loaded zone once a revolution, one of a ball twice a turn of the cage, which
modulates the impacts. On top: the shaft's unbalance with its harmonics, and noise.

Sources: McFadden and Smith, "Model for the vibration produced by a single point defect in a rolling element bearing",
Journal of Sound and Vibration 96 (1984); Randall and Antoni, "Rolling element bearing diagnostics - a tutorial",
Mechanical Systems and Signal Processing 25 (2011). The geometry is that of a 6205 bearing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000
BALLS, BALL_MM, PITCH_MM, CONTACT_DEGREES = 9, 7.94, 39.04, 0.0
MACHINES = 24
RECORDINGS = 4  # of each machine and class
SECONDS = 1.5
CLASSES = ("healthy", "inner", "outer", "ball")
SLIP = 0.01  # standard deviation of the time between impacts, as a share of it

Signal = NDArray[np.float64]


def defect_hz(kind: str, shaft_hz: float) -> float:
    """How often a defect is struck, by the kinematics of a bearing without slip."""
    ratio = BALL_MM / PITCH_MM * np.cos(np.deg2rad(CONTACT_DEGREES))
    if kind == "outer":
        return BALLS / 2 * shaft_hz * (1 - ratio)
    if kind == "inner":
        return BALLS / 2 * shaft_hz * (1 + ratio)
    return PITCH_MM / BALL_MM * shaft_hz * (1 - ratio**2)  # a ball strikes both races in one turn


def machine(number: int) -> np.random.Generator:
    return np.random.default_rng([2026, number])


def acceleration(kind: str, number: int, take: int, seconds: float = SECONDS) -> Signal:
    """One recording in m/s^2. Machines differ in speed, resonance, damping, unbalance and noise; takes in phase, load
    and the size of the defect."""
    own, rng = machine(number), np.random.default_rng([number, take, CLASSES.index(kind)])
    shaft_hz = own.uniform(20.0, 32.0) * rng.uniform(0.98, 1.02)
    resonance_hz, damping, unbalance = own.uniform(1800.0, 3200.0), own.uniform(0.03, 0.06), own.uniform(0.4, 1.2)
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    signal = rng.normal(0, own.uniform(0.5, 0.9), len(time_s))
    for harmonic, share in ((1, 1.0), (2, 0.4), (3, 0.2)):
        signal += unbalance * share * np.sin(2 * np.pi * (harmonic * shaft_hz * time_s + rng.uniform()))
    if kind != "healthy":
        signal += rng.uniform(5.0, 9.0) * _ringing(kind, shaft_hz, time_s, resonance_hz, damping, rng)
    return signal


def _ringing(
    kind: str, shaft_hz: float, time_s: Signal, resonance_hz: float, damping: float, rng: np.random.Generator
) -> Signal:
    """Impacts of a defect through the resonance of the housing."""
    period_s = 1 / defect_hz(kind, shaft_hz)
    impacts_s = np.cumsum(period_s * (1 + SLIP * rng.normal(size=round(time_s[-1] / period_s) + 2)))
    cage_hz = shaft_hz / 2 * (1 - BALL_MM / PITCH_MM)
    turns = {"inner": shaft_hz, "ball": cage_hz, "outer": 0.0}[kind]
    load = 0.6 + 0.4 * np.cos(2 * np.pi * turns * impacts_s + rng.uniform(0, 2 * np.pi)) if turns else 1.0
    train = np.zeros(len(time_s))
    at = np.round(impacts_s * RATE_HZ).astype(int)
    inside = at < len(time_s)
    np.add.at(train, at[inside], np.broadcast_to(load, impacts_s.shape)[inside])
    response_s = np.arange(RATE_HZ // 50) / RATE_HZ
    decay = np.exp(-2 * np.pi * resonance_hz * damping * response_s)
    response = decay * np.sin(2 * np.pi * resonance_hz * np.sqrt(1 - damping**2) * response_s)
    return np.convolve(train, response)[: len(time_s)]


def recordings() -> dict[str, list]:
    """The data set: each machine, healthy and with each defect."""
    found: dict[str, list] = {"x": [], "y": [], "machine": []}
    for number in range(MACHINES):
        for kind in CLASSES:
            for take in range(RECORDINGS):
                found["x"].append(acceleration(kind, number, take)[:, None].astype(np.float32))
                found["y"].append(kind)
                found["machine"].append(f"m{number:02d}")
    return found
