"""Telemetry records as devices make them, as they should not be, and what they ask for."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlforge.bundle.advice import Step, advise
from mlforge.bundle.block import Version
from mlforge.bundle.sections import Calibration, ChannelCalibration
from mlforge.bundle.telemetry import Drift, Record, decode_record, log_lines, records_in
from mlforge.errors import TelemetryError

FIELDS: dict[int, Any] = {
    0: 1,
    1: 0xDEADBEEF,
    2: [1, 2, 3, 4],
    3: 86400,
    4: 3,
    5: 500,
    6: 1000,
    7: 0,
    8: 0,
    9: 1234,
    10: 0,
    11: [100, 200, 200],
    12: [0] * 15 + [500],
    13: [-256, 384],
    14: [256, 512],
    15: 6554,
    16: 0,
    17: [0, 16384],
    18: [-10, 20],
    19: [-655, 0],
    20: 2,
    21: 200,
}


def fields(**changes: Any) -> dict[int, Any]:
    return {**FIELDS, **{int(key.lstrip("k")): value for key, value in changes.items()}}


def record(**changes: Any) -> Record:
    return decode_record(cbor2.dumps(fields(**changes)))


def test_a_record() -> None:
    made = record()
    assert made.firmware == Version(1, 2, 3, 4)
    assert (made.means, made.deviations) == ((-1.0, 1.5), (1.0, 2.0))
    assert (made.score_index, made.channel_indices) == (6554 / 65536, (0.0, 0.25))
    assert (made.offsets, made.calibrations, made.alarms) == ((-10, 20), 2, None)
    least = {key: FIELDS[key] for key in range(15) if key != 11}
    assert decode_record(cbor2.dumps(least)).classes is None


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"k0": 2}, 0),
        ({"k1": -1}, 1),
        ({"k2": [1, 2, 3]}, 2),
        ({"k2": [256, 0, 0, 0]}, 2),
        ({"k3": "long"}, 3),
        ({"k4": True}, 4),
        ({"k5": 1.0}, 5),
        ({"k6": 2**64}, 6),
        ({"k12": {}}, 12),
        ({"k13": [2**63, 0]}, 13),
        ({"k14": [1]}, 14),
        ({"k17": [1]}, 17),
        ({"k18": []}, 18),
        ({"k19": [1, 2, 3]}, 19),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], key: int) -> None:
    with pytest.raises(TelemetryError) as caught:
        record(**changes)
    assert caught.value.key == key


@pytest.mark.parametrize("key", [*range(11), 12, 13, 14])
def test_what_is_missing_is_named(key: int) -> None:
    with pytest.raises(TelemetryError) as caught:
        decode_record(cbor2.dumps({other: value for other, value in FIELDS.items() if other != key}))
    assert (caught.value.key, caught.value.reason) == (key, "missing")


@pytest.mark.parametrize("data", [b"", b"\xff", b"\x01", cbor2.dumps(FIELDS) + b"\x00", cbor2.dumps(FIELDS)[:-1]])
def test_bytes_that_are_no_record(data: bytes) -> None:
    with pytest.raises(TelemetryError) as caught:
        decode_record(data)
    assert caught.value.key == -1


@given(st.binary(max_size=200))
def test_any_bytes_make_a_record_or_an_error(data: bytes) -> None:
    with pytest.raises(TelemetryError):
        decode_record(data)


@given(st.integers(0, 10**6), st.integers(0, 255))
def test_damaged_records_make_a_record_or_an_error(place: int, byte: int) -> None:
    data = bytearray(cbor2.dumps(FIELDS))
    data[place % len(data)] = byte
    with contextlib.suppress(TelemetryError):
        decode_record(bytes(data))


def test_records_of_a_log() -> None:
    one, other = cbor2.dumps(FIELDS), cbor2.dumps(fields(k3=90000))
    noise = ["[00:00:01] <inf> main: hello", "mlforge-telemetry 64/999 00", "mlforge-telemetry x"]
    lines = [*noise, *log_lines(one), *list(log_lines(one))[1:], *list(log_lines(other))[:1], *log_lines(other)]
    text = "\r\n".join(f"[00:00:02.000] <inf> mlforge: {line}" for line in lines)
    assert list(records_in(text)) == [one, other]
    assert not list(records_in(""))


CALIBRATION = Calibration(True, 60, (ChannelCalibration(0, 65536, 100, 1000), ChannelCalibration(0, 65536, 0, 0)))


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({"k15": 0, "k17": [0, 0]}, Step.NOTHING),
        ({"k15": 6554, "k17": [0, 0]}, Step.WATCH),
        ({"k5": 199, "k10": 7}, Step.WAIT),
        ({"k15": 0, "k17": [0, 0], "k7": 1}, Step.CHECK),
        ({"k15": 0, "k17": [0, 0], "k8": 3}, Step.CHECK),
        ({"k15": 0, "k17": [0, 0], "k4": 4}, Step.CHECK),
        ({"k15": 0, "k17": [0, 0], "k4": 77}, Step.CHECK),
        ({"k10": 1, "k20": 0, "k18": [0, 0], "k19": [0, 0]}, Step.RECALIBRATE),
        ({"k10": 7, "k20": 0, "k18": [0, 0], "k19": [0, 0]}, Step.RECALIBRATE),
        ({"k10": 1}, Step.COLLECT),
        ({"k10": 3}, Step.RETRAIN),
        ({"k10": 5}, Step.RETRAIN),
        ({"k10": 2}, Step.COLLECT),
        ({"k10": 4}, Step.COLLECT),
    ],
)
def test_advice(changes: dict[str, Any], step: Step) -> None:
    assert advise(record(**changes))[0].step is step


@pytest.mark.parametrize(
    ("offsets", "gains", "drifted", "step"),
    [
        ((10, 0), (0.0, 0.0), (1.0, 0.0), Step.RECALIBRATE),
        ((95, 0), (0.0, 0.0), (1.0, 0.0), Step.RECALIBRATE),  # the gain may still be corrected
        ((-95, 0), (-950 / 65536, 0.0), (1.0, 0.0), Step.RETRAIN),
        ((10, 0), (0.0, 0.0), (0.0, 1.0), Step.RETRAIN),  # that channel may not be calibrated at all
    ],
)
def test_advice_knows_the_bounds_of_the_bundle(
    offsets: tuple[int, ...], gains: tuple[float, ...], drifted: tuple[float, ...], step: Step
) -> None:
    made = replace(record(), drift=Drift.INPUTS | Drift.SCORES, offsets=offsets, gains=gains, channel_indices=drifted)
    assert advise(made, CALIBRATION)[0].step is step


def test_without_a_baseline_nothing_is_known() -> None:
    least = {key: value for key, value in FIELDS.items() if key not in (15, 16, 17, 21)}
    [advice] = advise(decode_record(cbor2.dumps(least)))
    assert advice.step is Step.NOTHING
    assert "no baseline" in advice.why
