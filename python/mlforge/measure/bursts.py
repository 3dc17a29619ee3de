"""From a power meter's recording of bursts to the energy of one inference, with its standard error.

The firmware pauses before, between and after its bursts. What the board draws asleep is taken from the two pauses
beside each burst: an offset that drifts steadily cancels. Bursts are where the gate pin says, else where the current
is high; either way they must be as many, and as long, as the board says.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import RunError
from mlforge.records.energy import MeasuredPower
from mlforge.targets.hardware import Bursts

_EXACT: Final = 0.05  # the length of a burst may differ from what the board says by that share
_BLOCK_S: Final = 0.001  # the current is averaged over that long before bursts are looked for
_BESIDE: Final = 0.8  # the share of a pause, next to the burst, that counts as sleep
_LEAST: Final = 0.001  # of the current awake: what inferences draw at least above sleep
_EDGE_S: Final = 0.002  # left out on both sides of a burst's edges: falling asleep and waking up


def power_of(bursts: Bursts, supply_v: float, probe: str) -> MeasuredPower:
    """Raises RunError where the recording does not show the bursts that the board says it ran."""
    recording, plan = bursts.recording, bursts.plan
    current, rate_hz = recording.current_a, recording.rate_hz
    spans = _spans(bursts)
    beside = int(plan.pause_ms / 1000 * _BESIDE * rate_hz)
    edge = int(_EDGE_S * rate_hz)
    energies_uj, active_a, asleep_a = [], [], []
    for start, end in spans:
        before, after = current[max(start - beside, 0) : start - edge], current[end + edge : end + beside]
        if len(before) < beside // 2 or len(after) < beside // 2:
            raise RunError("the recording does not reach over the pauses beside the bursts")
        sleep_a = (float(before.mean()) + float(after.mean())) / 2
        mean_a = float(current[start:end].mean())
        energies_uj.append((mean_a - sleep_a) * supply_v * bursts.busy_s / bursts.count * 1e6)
        active_a.append(mean_a)
        asleep_a.append(sleep_a)
    mean_uj = float(np.mean(energies_uj))
    if np.mean(active_a) - np.mean(asleep_a) < _LEAST * np.mean(active_a):
        raise RunError("the board draws no more with inferences than without: is the meter in its supply?")
    error_uj = float(np.std(energies_uj, ddof=1)) / math.sqrt(len(spans)) if len(spans) > 1 else math.inf
    return MeasuredPower(
        inference_uj=mean_uj,
        standard_error_uj=error_uj,
        inference_us=bursts.busy_s / bursts.count * 1e6,
        active_ua=float(np.mean(active_a)) * 1e6,
        sleep_ua=float(np.mean(asleep_a)) * 1e6,
        supply_v=supply_v,
        bursts=len(spans),
        count=bursts.count,
        probe=probe,
        gate="current" if _gate(bursts) is None else "pin",
    )


def _spans(bursts: Bursts) -> list[tuple[int, int]]:
    """(first sample, one behind the last) of each burst."""
    rate_hz, plan = bursts.recording.rate_hz, bursts.plan
    gate = _gate(bursts)
    high = _high(bursts.recording.current_a, rate_hz) if gate is None else gate
    edges = np.flatnonzero(np.diff(np.concatenate(([False], high, [False])).astype(np.int8)))
    runs = [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    least = bursts.busy_s * rate_hz / 2
    spans = [(start, end) for start, end in runs if end - start >= least]
    slack_s = bursts.busy_s * _EXACT + 2 * _BLOCK_S
    lengths = [(end - start) / rate_hz for start, end in spans]
    if len(spans) != plan.repeats or any(abs(length - bursts.busy_s) > slack_s for length in lengths):
        seen = ", ".join(f"{length:.3g} s" for length in lengths[:4]) or "none"
        where = "the current" if gate is None else "the gate pin"
        raise RunError(
            f"by the board {plan.repeats} bursts of {bursts.busy_s:.3g} s, by {where} {len(spans)}: {seen}",
            hint="connect the gate pin (docs/hardware.md), and let nothing else wake the board",
        )
    return spans


def _gate(bursts: Bursts) -> NDArray[np.bool_] | None:
    """None where the meter has no such input, or nothing is connected to it."""
    gate = bursts.recording.gate
    return gate if gate is not None and gate.any() and not gate.all() else None


def _high(current: NDArray[np.float64], rate_hz: float) -> NDArray[np.bool_]:
    """Above the middle between what is drawn asleep and awake, averaged over blocks."""
    block = max(1, round(_BLOCK_S * rate_hz))
    blocks = current[: len(current) // block * block].reshape(-1, block).mean(axis=1)
    if not len(blocks):
        return np.zeros(len(current), np.bool_)
    low, high = np.percentile(blocks, [10, 90])
    above = np.repeat(blocks > (low + high) / 2, block)
    return np.concatenate((above, np.zeros(len(current) - len(above), np.bool_)))
