"""The data of this sample: accelerations of machines with healthy and damaged rolling bearings, by a physical model.

A damage that a rolling element passes makes an impulse, and each impulse lets the housing ring (McFadden and Smith,
"Model for the vibration produced by a single point defect in a rolling element bearing", Journal of Sound and Vibration
96, 1984). With n balls of diameter d on a pitch circle of diameter D, contact angle 0, and the shaft's frequency f
(Harris, "Rolling Bearing Analysis"):

    outer race   n / 2 f (1 - d / D)         in the load zone, always alike
    inner race   n / 2 f (1 + d / D)         passes the load zone once a turn
    ball         D / (2 d) f (1 - (d / D)^2) meets it with the cage, at f / 2 (1 - d / D)

The times between impulses vary by slip of the balls, 1 % of them (Randall and Antoni, "Rolling element bearing
diagnostics", Mechanical Systems and Signal Processing 25, 2011). Beside them stand harmonics of the shaft, the teeth of
a gear and noise. Each machine has its own speed, resonance, damping, load, gear and noise. Machines are the groups.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

RATE_HZ: Final = 4000
SECONDS: Final = 2.0
MACHINES: Final = 30
RECORDINGS: Final = 3  # of each state of each machine
STATES: Final = ("healthy", "outer", "inner", "ball")
BALLS: Final = 9
DIAMETERS: Final = 7.94 / 39.04  # d / D of a bearing 6205, in mm
SLIP: Final = 0.01

Signal = NDArray[np.float64]


def recordings() -> dict[str, Any]:
    """`x`: signals [frames, 1], g at 4 kHz; `y`: the bearing's state; `machine`: whose it is."""
    found: dict[str, list[Any]] = {"x": [], "y": [], "machine": []}
    for number in range(MACHINES):
        random = np.random.default_rng(number)
        machine = _machine(random)
        for state in STATES:
            for _ in range(RECORDINGS):
                found["x"].append(acceleration(machine, state, random)[:, None].astype(np.float32))
                found["y"].append(state)
                found["machine"].append(f"m{number:02d}")
    return found


def _machine(random: np.random.Generator) -> dict[str, float]:
    return {
        "shaft_hz": random.uniform(23, 29.5),
        "resonance_hz": random.uniform(1100, 1700),
        "damping": random.uniform(0.03, 0.08),
        "load_zone": random.uniform(0.5, 0.95),  # how deep an impulse fades on the side without load
        "imbalance_g": random.uniform(0.02, 0.25),
        "gear_hz": random.uniform(300, 700),
        "gear_g": random.uniform(0.0, 0.1),
        "noise_g": random.uniform(0.02, 0.06),
        "damage_g": random.uniform(0.25, 0.8),
    }


def fault_hz(state: str, shaft_hz: float) -> tuple[float, float]:
    """How often a damage is passed, and how often it passes the load zone, 0 where it stays in it; in Hz."""
    if state == "outer":
        return BALLS / 2 * shaft_hz * (1 - DIAMETERS), 0.0
    if state == "inner":
        return BALLS / 2 * shaft_hz * (1 + DIAMETERS), shaft_hz
    return shaft_hz / (2 * DIAMETERS) * (1 - DIAMETERS**2), shaft_hz / 2 * (1 - DIAMETERS)


def acceleration(machine: dict[str, float], state: str, random: np.random.Generator) -> Signal:
    """One recording in g: speed and load differ a little from one to the next."""
    times_s = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
    shaft_hz = machine["shaft_hz"] * random.uniform(0.98, 1.02)
    signal = random.normal(0, machine["noise_g"], times_s.size)
    for order, share in ((1, 1.0), (2, 0.4), (3, 0.2)):
        signal += share * machine["imbalance_g"] * _tone(order * shaft_hz, times_s, random)
    gear = _tone(machine["gear_hz"], times_s, random) * (1 + 0.3 * _tone(shaft_hz, times_s, random))
    signal += machine["gear_g"] * gear
    if state != "healthy":
        signal += machine["damage_g"] * random.uniform(0.7, 1.3) * _impulses(machine, state, shaft_hz, random)
    return signal


def _tone(hertz: float, times_s: Signal, random: np.random.Generator) -> Signal:
    tone: Signal = np.sin(2 * np.pi * (hertz * times_s + random.uniform()))
    return tone


def _impulses(machine: dict[str, float], state: str, shaft_hz: float, random: np.random.Generator) -> Signal:
    """What the impulses let ring; each begins where it falls, between samples too."""
    passes_hz, turns_hz = fault_hz(state, shaft_hz)
    steps = random.normal(1, SLIP, round(SECONDS * passes_hz * 1.2)) / passes_hz
    starts_s = np.cumsum(steps)
    fading = machine["load_zone"] * (0.5 + 0.5 * _tone(turns_hz, starts_s, random)) if turns_hz else 0 * starts_s
    ringing = round(0.03 * RATE_HZ)
    signal = np.zeros(round(SECONDS * RATE_HZ) + ringing)
    omega = 2 * np.pi * machine["resonance_hz"]
    for start_s, size in zip(starts_s, 1 - fading, strict=True):
        first = int(np.ceil(start_s * RATE_HZ))
        if first + ringing > signal.size:
            break
        after_s = (first + np.arange(ringing)) / RATE_HZ - start_s
        fades = np.exp(-machine["damping"] * omega * after_s)
        signal[first : first + ringing] += size * fades * np.sin(omega * after_s)
    return signal[: round(SECONDS * RATE_HZ)]
