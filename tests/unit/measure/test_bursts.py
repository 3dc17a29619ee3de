"""From recordings to energy: what does not fit what the board says is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mlforge.errors import RunError
from mlforge.measure.bursts import power_of
from mlforge.targets.hardware import BurstPlan, Bursts
from mlforge.targets.probes.probe import Recording
from tests.programs.fake_meters import Wave

RATE_HZ = 10_000.0


def _bursts(wave: Wave, *, noise_a: float = 0.0, gate: bool = True) -> Bursts:
    current, high = wave.samples(RATE_HZ)
    noisy = current + np.random.default_rng(1).normal(0.0, noise_a, len(current))
    plan = BurstPlan(wave.repeats, wave.burst_s, round(wave.pause_s * 1000))
    return Bursts(Recording(RATE_HZ, noisy, high if gate else None), 10, plan, wave.burst_s)


@pytest.mark.parametrize("gate", [True, False])
def test_noise_is_in_the_standard_error(gate: bool) -> None:
    powers = [power_of(_bursts(Wave(repeats=20), noise_a=noise, gate=gate), 3.0, "m") for noise in (1e-5, 1e-3)]
    assert powers[0].standard_error_uj < powers[1].standard_error_uj / 10
    for power in powers:
        assert abs(power.inference_uj - 73.5) < max(4 * power.standard_error_uj, 0.4)


def test_one_burst_has_no_standard_error() -> None:
    assert power_of(_bursts(Wave(repeats=1)), 3.0, "m").standard_error_uj == float("inf")


@pytest.mark.parametrize("gate", [True, False])
@pytest.mark.parametrize("change", [{"plan": BurstPlan(5, 0.05, 50)}, {"busy_s": 0.08}])
def test_bursts_that_the_board_does_not_tell_of(gate: bool, change: dict[str, Any]) -> None:
    with pytest.raises(RunError, match="by the board"):
        power_of(replace(_bursts(Wave(), gate=gate), **change), 3.0, "m")


def test_a_meter_that_is_not_in_the_supply() -> None:
    with pytest.raises(RunError, match="draws no more"):
        power_of(_bursts(Wave(active_a=1e-4)), 3.0, "m")


def test_a_board_that_wakes_by_itself() -> None:
    """Something else draws current in a pause: without the pin the bursts are not as the board says."""
    bursts = _bursts(Wave(), gate=False)
    current = bursts.recording.current_a.copy()
    current[1000:1500] = 5e-3  # a whole pause
    with pytest.raises(RunError, match="by the current"):
        power_of(replace(bursts, recording=Recording(RATE_HZ, current)), 3.0, "m")
