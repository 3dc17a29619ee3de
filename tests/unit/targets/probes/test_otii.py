"""Otii against a fake server: right figures, or an error; never a wrong figure."""

from __future__ import annotations

import importlib
import importlib.util
import json
import time

import numpy as np
import pytest

from mlforge.errors import LineError, RunError
from mlforge.measure.bursts import power_of
from mlforge.records.energy import MeasuredPower
from mlforge.targets.hardware import BurstPlan, Bursts
from mlforge.targets.probes.probe import Probe, Recording
from mlforge.targets.probes.registry import opened_probe
from tests.programs.fake_meters import Wave
from tests.programs.fake_otii import RATE_HZ, FakeOtii, serving
from tests.programs.require import unasked


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Probe, "answer_s", 0.3)


def recorded(meter: FakeOtii, supply_v: float = 3.0) -> Recording:
    with serving(meter) as where, opened_probe(f"otii:{where}", supply_v) as probe:
        probe.start()
        wave = meter.wave
        time.sleep(wave.repeats * (wave.burst_s + wave.pause_s) + 2 * wave.pause_s)
        return probe.stop()


def power(meter: FakeOtii) -> MeasuredPower:
    wave = meter.wave
    plan = BurstPlan(wave.repeats, wave.burst_s, round(wave.pause_s * 1000))
    return power_of(Bursts(recorded(meter), 10, plan, wave.burst_s), 3.0, "otii")


def test_energy_recomputed_by_hand() -> None:
    found = power(FakeOtii())
    # (5 mA - 0.1 mA) at 3 V for 50 ms, in ten inferences
    assert found.inference_uj == pytest.approx((5e-3 - 100e-6) * 3.0 * 0.05 / 10 * 1e6, rel=0.02)
    assert found.sleep_ua == pytest.approx(100, rel=0.05)
    assert found.gate == "pin"
    assert power(FakeOtii(gate=False)).gate == "current"


def test_drift_cancels() -> None:
    steady, drifting = (power(FakeOtii(Wave(drift_a_per_s=drift))) for drift in (0.0, 2e-3))
    assert drifting.inference_uj == pytest.approx(steady.inference_uj, rel=0.02)


def test_a_recording_of_several_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlforge.targets.probes.otii._PART", 300)
    found = recorded(FakeOtii())
    assert found.rate_hz == pytest.approx(RATE_HZ)
    assert len(found.current_a) > 1500
    assert found.gate is not None
    assert (found.current_a[found.gate] > 4e-3).all()
    assert np.flatnonzero(np.diff(found.gate.astype(int))).size == 8


def test_what_it_is_told() -> None:
    meter = FakeOtii()
    recorded(meter, 1.8)
    told = {request["cmd"]: request.get("data", {}) for request in meter.commands}
    assert told["arc_set_main_voltage"] == {"device_id": "Arc0", "value": 1.8}
    assert told["arc_set_main"] == {"device_id": "Arc0", "enable": True}
    assert told["project_start_recording"] == {"project_id": 7}
    assert json.dumps(meter.commands[0]["trans_id"]) == '"1"'


@pytest.mark.parametrize(
    ("meter", "words"),
    [
        (FakeOtii(unplug="project_stop_recording"), "broke"),
        (FakeOtii(unplug="arc_set_main"), "broke"),
        (FakeOtii(lose=5), "some were lost"),
        (FakeOtii(short=True), "some were lost"),
        (FakeOtii(devices=0), "has no meter"),
        (FakeOtii(garbage=("arc_get_main", b"\xff\xfe{\r\n")), "no JSON"),
        (FakeOtii(garbage=("arc_get_main", b"[" * 5000 + b"\r\n")), "no JSON"),
        (FakeOtii(garbage=("arc_get_main", b"[1]\r\n")), "no message"),
        (FakeOtii(garbage=("arc_get_main", b'{"type": "response", "trans_id": "0"}\r\n')), "something else"),
        (FakeOtii(garbage=("arc_get_main", b"")), "does not answer"),
        (
            FakeOtii(
                garbage=(
                    "recording_get_channel_data_count",
                    b'{"type": "response", "trans_id": "13", "data": {"count": "many"}}\r\n',
                )
            ),
            "no number of samples|something else",
        ),
        (FakeOtii(spoilt=float("nan")), "more than it can measure"),
        (FakeOtii(spoilt=80.0), "more than it can measure"),
    ],
)
def test_no_figure_from_a_bad_line(meter: FakeOtii, words: str) -> None:
    with pytest.raises(LineError, match=words):
        recorded(meter)


def test_what_another_attempt_does_not_mend() -> None:
    with pytest.raises(RunError, match="beyond its range"):
        recorded(FakeOtii(tripped=True))
    with pytest.raises(RunError, match="refuses arc_set_main_voltage: No license"):
        recorded(FakeOtii(refuse="arc_set_main_voltage"))
    with pytest.raises(RunError, match="V, not"):
        opened_probe("otii:localhost", 12.0).__enter__()
    with pytest.raises(RunError, match="no server of Otii"):
        opened_probe("otii:localhost:many", 3.0).__enter__()


def test_nobody_listens() -> None:
    with pytest.raises(LineError, match="cannot open"):
        opened_probe("otii:127.0.0.1:1", 3.0).__enter__()


def test_the_fake_serves_qoitechs_own_client() -> None:
    if importlib.util.find_spec("otii_tcp_client") is None:
        unasked("pip install otii-tcp-client, to hold the fake server against Qoitech's own client")
    connections, client = (importlib.import_module(f"otii_tcp_client.{name}") for name in ("otii_connection", "otii"))
    with serving(FakeOtii()) as where:
        host, _, port = where.partition(":")
        connection = connections.OtiiConnection(host, int(port))
        assert connection.connect_to_server()["info"] == "connected"
        otii = client.Otii(connection)
        (arc,) = otii.get_devices()
        project = otii.create_project()
        arc.set_main_voltage(3.0)
        arc.enable_channel("mc", True)
        arc.set_main(True)
        project.start_recording()
        time.sleep(0.2)
        project.stop_recording()
        recording = project.get_last_recording()
        assert recording is not None
        count = recording.get_channel_data_count(arc.id, "mc")
        data = recording.get_channel_data(arc.id, "mc", 0, count)
        assert len(data["values"]) == count > 500
        assert data["interval"] == 1 / RATE_HZ
        connection.close_connection()
