"""`west mlforge run --target board:NAME`: from a hardware map to figures, the board being QEMU behind a serial port."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mlforge.cli.main import main
from mlforge.targets.hardware_map import VARIABLE
from tests.programs.fake_board import Faults, fake_board
from tests.programs.locked_app import tiny_tflite

pytestmark = pytest.mark.zephyr


@pytest.mark.parametrize("board", ["qemu_cortex_m3"])
@pytest.mark.usefixtures("need_toolchain", "zephyr")
def test_a_model_on_a_mapped_board(
    board: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, "")  # restored, whatever the option sets
    model, inputs = tmp_path / "tiny.tflite", tmp_path / "inputs.npz"
    model.write_bytes(tiny_tflite())
    np.savez(inputs, input=np.random.default_rng(1).integers(-128, 128, (5, 32, 1, 6)).astype(np.int8))
    asked = ["run", str(model), "--vectors", str(inputs), "--json", "--save-outputs"]
    assert main([*asked, str(tmp_path / "host.npy"), "--target", "host"]) == 0
    capsys.readouterr()
    with fake_board(tmp_path, Faults(flips=0.00002), machine="lm3s6965evb") as played:
        entry = f"id: '17', platform: {board}, product: J-Link, runner: jlink, serial: {played.port}, connected: true"
        (tmp_path / "map.yml").write_text(f"- {{{entry}}}\n")
        target = ["--target", f"board:{board}", "--hardware-map", str(tmp_path / "map.yml")]
        assert main([*asked, str(tmp_path / "board.npy"), *target]) == 0
        assert all("--dev-id 17" in call for call in played.flashed)
    found = json.loads(capsys.readouterr().out)
    np.testing.assert_array_equal(np.load(tmp_path / "board.npy"), np.load(tmp_path / "host.npy"))
    assert (found["core"], found["instructions"], found["cycles"]) == ("cortex-m3", None, None)
    assert [operator["kind"] for operator in found["operators"]][:1] == ["CONV_2D"]
    assert found["method"] == f"measured on device: {board}, its own counter of 12000000 Hz"
    assert found["latency_us"] > 0
    assert found["flash"]["kernels"] > 1_000
