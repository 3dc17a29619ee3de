"""`west mlforge monitor`: records from a device, a log and a file, drawn and in JSON."""

from __future__ import annotations

import json
from pathlib import Path

import cbor2
import pytest

from mlforge.bundle.telemetry import log_lines
from mlforge.cli.main import main
from mlforge.cli.telemetry_view import spark
from tests.unit.bundle.fake_smp import FakeDevice, over_udp
from tests.unit.bundle.test_telemetry import FIELDS
from tests.unit.bundle.test_update import FACTS, OLD, bundle, package

RECORD = {**FIELDS, 1: package(OLD).crc}


def device(telemetry: bytes) -> FakeDevice:
    return FakeDevice(bundle(OLD).read_bytes(), facts=dict(FACTS), telemetry=telemetry)


def test_one_record_beside_what_was_expected(capsys: pytest.CaptureFixture[str]) -> None:
    with over_udp(device(cbor2.dumps(RECORD))) as address:
        assert main(["monitor", "--udp", address, "--once", "--bundle", str(bundle(OLD))]) == 0
    out = capsys.readouterr().out
    assert "activity 1.2.3+4, running, up 1 d 0:00:00: 1000 inferences, 0 late, worst 1234 us" in out
    assert "20.0%" in out
    assert "45.8%" in out, "what was expected of the first class"
    assert "watch: an index of 0.25" in out


def test_a_bundle_that_is_another_one(capsys: pytest.CaptureFixture[str]) -> None:
    with over_udp(device(cbor2.dumps(FIELDS))) as address:
        assert main(["monitor", "--udp", address, "--once", "--bundle", str(bundle(OLD))]) == 0
    assert "of another bundle" in capsys.readouterr().out


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    with over_udp(device(cbor2.dumps({**RECORD, 10: 3}))) as address:
        assert main(["monitor", "--udp", address, "--json", "--reset"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["firmware"] for one in told["records"]] == ["1.2.3+4"]
    assert told["advice"][0]["step"] == "retrain"


def test_what_was_logged_is_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "log.txt"
    for drift in (0, 2):
        with over_udp(device(cbor2.dumps({**RECORD, 10: drift}))) as address:
            assert main(["monitor", "--udp", address, "--json", "--log", str(log)]) == 0
    capsys.readouterr()
    assert main(["monitor", "--replay", str(log)]) == 0
    out = capsys.readouterr().out
    assert "largest index of 2 records" in out
    assert "collect data: the answers have changed, the inputs have not" in out


def test_a_record_as_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "record.cbor").write_bytes(cbor2.dumps(RECORD))
    assert main(["monitor", "--replay", str(tmp_path / "record.cbor"), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["records"]) == 1


@pytest.mark.parametrize("data", [b"", b"hello", "\n".join(log_lines(b"\xff" * 40)).encode()])
def test_files_without_a_record(tmp_path: Path, data: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log").write_bytes(data)
    assert main(["monitor", "--replay", str(tmp_path / "log")]) == 1
    assert "telemetry record" in capsys.readouterr().err


def test_what_the_device_refuses_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with over_udp(device(b"")) as address:
        assert main(["monitor", "--udp", address, "--once", "--calibrate"]) == 1
        assert "contract does not allow it" in capsys.readouterr().err
        assert main(["monitor", "--udp", address, "--once"]) == 1
        assert "0 bytes of telemetry" in capsys.readouterr().err


def test_a_device_that_does_not_accept_its_bundle(capsys: pytest.CaptureFixture[str]) -> None:
    made = device(cbor2.dumps(RECORD))
    made.faults.refused = (9, 19346)
    with over_udp(made) as address:
        assert main(["monitor", "--udp", address, "--once"]) == 1
    assert "accept its bundle: an inference of its self-test was late: 19346 us" in capsys.readouterr().err


def test_spark() -> None:
    assert spark([0, 1, 100]) == "·▁█"
    assert spark([0, 0]) == "··"
    assert spark([]) == ""
