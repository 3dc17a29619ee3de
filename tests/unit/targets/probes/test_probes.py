"""Power meters against fakes that speak their protocols: right figures, or an error; never a wrong figure."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mlforge.errors import LineError, RunError
from mlforge.measure.bursts import power_of
from mlforge.records.energy import MeasuredPower
from mlforge.targets.hardware import BurstPlan, Bursts
from mlforge.targets.probes.probe import Probe, Recording
from mlforge.targets.probes.registry import opened_probe
from tests.programs.fake_meters import FakeLpm01a, FakePpk2, Meter, Wave, plugged_in

METERS = {"ppk2": FakePpk2, "lpm01a": FakeLpm01a}
KINDS = pytest.mark.parametrize("kind", [*METERS])


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Probe, "answer_s", 0.4)
    monkeypatch.setattr(Probe, "silence_s", 1.0)


def _recorded(kind: str, meter: Meter) -> Recording:
    with plugged_in(meter) as port, opened_probe(f"{kind}:{port}", 3.0) as probe:
        probe.start()
        wave = meter.wave
        time.sleep(wave.repeats * (wave.burst_s + wave.pause_s) + 2 * wave.pause_s + 0.2)
        return probe.stop()


def _power(kind: str, meter: Meter, count: int = 10) -> MeasuredPower:
    wave = meter.wave
    plan = BurstPlan(wave.repeats, wave.burst_s, round(wave.pause_s * 1000))
    return power_of(Bursts(_recorded(kind, meter), count, plan, wave.burst_s), 3.0, kind)


@KINDS
def test_energy_recomputed_by_hand(kind: str) -> None:
    power = _power(kind, METERS[kind]())
    # (5 mA - 0.1 mA) at 3 V for 50 ms, in ten inferences
    assert power.inference_uj == pytest.approx((5e-3 - 100e-6) * 3.0 * 0.05 / 10 * 1e6, rel=0.02)
    assert power.sleep_ua == pytest.approx(100, rel=0.05)
    assert power.active_ua == pytest.approx(5000, rel=0.02)
    assert power.inference_us == pytest.approx(5000)
    assert power.standard_error_uj < power.inference_uj / 100
    assert power.gate == ("pin" if kind == "ppk2" else "current")


@KINDS
def test_drift_cancels(kind: str) -> None:
    """An offset that grows by a fifth of the current while the bursts last."""
    steady, drifting = (_power(kind, METERS[kind](Wave(drift_a_per_s=drift))) for drift in (0.0, 2e-3))
    assert drifting.inference_uj == pytest.approx(steady.inference_uj, rel=0.02)


def test_bursts_without_a_gate_pin() -> None:
    power = _power("ppk2", FakePpk2(gate=False))
    assert power.gate == "current"
    assert power.inference_uj == pytest.approx(73.5, rel=0.02)


@KINDS
def test_unplugged_while_it_records(kind: str) -> None:
    with pytest.raises(LineError, match=r"broke|sent nothing"):
        _recorded(kind, METERS[kind](unplug=True))


@KINDS
def test_deaf(kind: str) -> None:
    with pytest.raises(LineError, match=r"no PPK2|does not answer"), plugged_in(METERS[kind](deaf=True)) as port:
        opened_probe(f"{kind}:{port}", 3.0).__enter__()


@KINDS
def test_another_program_on_the_port(kind: str) -> None:
    other = METERS["lpm01a" if kind == "ppk2" else "ppk2"]()
    with pytest.raises(LineError, match=r"no PPK2|does not answer"), plugged_in(other) as port:
        opened_probe(f"{kind}:{port}", 3.0).__enter__()


@KINDS
def test_lost_samples(kind: str) -> None:
    with pytest.raises(LineError, match="lost"):
        _recorded(kind, METERS[kind](lose=(3000, 200)))


def test_garbled_samples() -> None:
    with pytest.raises(LineError, match="counter of its samples jumps"):
        _recorded("ppk2", FakePpk2(garble=4002))
    with pytest.raises(LineError, match="more than it can measure"):
        _recorded("lpm01a", FakeLpm01a(garble=1134))  # the exponent of a sample


@KINDS
def test_beyond_the_range(kind: str) -> None:
    with pytest.raises(RunError, match="beyond its range"):
        _recorded(kind, METERS[kind](Wave(active_a=5.0 if kind == "ppk2" else 0.055)))


@pytest.mark.parametrize(("text", "supply_v"), [("ppk2:/dev/null", 12.0), ("lpm01a:/dev/null", 5.0)])
def test_a_voltage_that_it_cannot_give(text: str, supply_v: float) -> None:
    with pytest.raises(RunError, match="V, not"):
        opened_probe(text, supply_v).__enter__()


@pytest.mark.parametrize("text", ["ppk2", "joulescope:0", ":/dev/ttyACM0", ""])
def test_no_such_meter(text: str) -> None:
    with pytest.raises(RunError, match="is no power meter"):
        opened_probe(text, 3.0).__enter__()


def test_no_such_port(tmp_path: Path) -> None:
    with pytest.raises(LineError, match="cannot open"):
        opened_probe(f"ppk2:{tmp_path}/none", 3.0).__enter__()


def test_as_zephyrs_power_monitor() -> None:
    """scripts/pylib/power-twister-harness: init(device_id), measure(duration), get_data(duration) in ampere."""
    with plugged_in(FakePpk2(Wave(active_a=1e-3, sleep_a=1e-3))) as port, opened_probe(f"ppk2:{port}", 3.0) as probe:
        values = probe.get_data(0.3)
    assert len(values) > 10_000
    assert values[0] == pytest.approx(1e-3, rel=0.01)


def test_the_commands_of_a_ppk2() -> None:
    meter = FakePpk2()
    _recorded("ppk2", meter)
    told = b"".join(meter.commands)
    assert bytes([0x11, 2]) in told  # as a source
    assert bytes([0x0D, 3 + (2200 + 32) // 256, (2200 + 32) % 256]) in told  # of 3 V: 2200 mV above the least
    assert bytes([0x0C, 1]) in told  # switched on
    assert told.endswith(bytes([0x06, 0x07]))
