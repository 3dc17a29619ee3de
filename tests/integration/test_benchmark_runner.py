"""What the MLPerf Tiny benchmark's public runner sends over a serial port, and what it makes of the answers.

Written from the runner's behaviour (github.com/mlcommons/tiny, benchmark/runner: SerialDevice, DUT, Script), with a
serial port opened by pyserial as the runner does. The expected results are TensorFlow Lite Micro's golden vectors.
"""

from __future__ import annotations

import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import serial
from numpy.typing import NDArray

from mlforge.app.serve import BENCHMARKS, build_served
from mlforge.compiler import read_tflite
from mlforge.compiler.graph import Quantization
from mlforge.errors import ModelError, TargetUnavailableError
from mlforge.targets.registry import target_named
from tests.programs.require import require
from tests.unit.compiler.test_golden import model_file

pytestmark = pytest.mark.requires(models=True)

FILES = {"ad01": "ad01_int8", "ic01": "pretrainedResnet_quant", "kws01": "kws_ref_model", "vww01": "vww_96_int8"}
BYTES_A_COMMAND = 31


class Runner:
    """One command at a time: it ends in '%', and its answer in a line that holds `m-ready`."""

    def __init__(self, port: Path) -> None:
        self.port = serial.Serial(str(port), 115200, timeout=0.1)

    def command(self, text: str, timeout_s: float = 60.0) -> list[str]:
        self.port.write(text.encode())
        self.port.write(b"%")
        lines, line, end = [], "", time.monotonic() + timeout_s
        while time.monotonic() < end:
            character = self.port.read(1).decode()
            if character == "\n":
                lines += [line] if line else []
                if "m-ready" in line:
                    return lines
                line = ""
            elif character not in ("", "\r", "\0"):
                line += character
        raise AssertionError(f"no response to command {text}: {lines} {line!r}")

    def load(self, data: bytes) -> None:
        self.command(f"db load {len(data)}")
        for start in range(0, len(data), BYTES_A_COMMAND):
            part = data[start : start + BYTES_A_COMMAND]
            answer = self.command("db " + "".join(f"{byte:02x}" for byte in part))
        assert answer == ["m-load-done", "m-ready"]

    def infer(self, number: int, warmups: int) -> tuple[list[float], int]:
        """The results, and the microseconds between the two timestamps."""
        answer = self.command(f"infer {number} {warmups}")
        results = [match[1] for line in answer if (match := re.match(r"^m-results-\[([^]]+)\]$", line))]
        laps = [int(match[1]) for line in answer if (match := re.match(r"^m-lap-us-([0-9]+)$", line))]
        assert len(results) == 1, answer
        assert len(laps) == 2, answer
        return [float(value) for value in results[0].split(",") if value.strip()], laps[1] - laps[0]


@dataclass(frozen=True)
class Golden:
    """int8 [N, values], and how they are quantised."""

    inputs: NDArray[np.int8]
    outputs: NDArray[np.int8]
    input: Quantization
    output: Quantization


def golden(benchmark: str) -> Golden:
    with np.load(model_file(f"{FILES[benchmark]}_golden.npz")) as file:
        inputs, outputs = (file[name].reshape(len(file[name]), -1) for name in ("input", "output"))
    graph = read_tflite(model_file(f"{FILES[benchmark]}.tflite").read_bytes())
    first, last = (graph.tensors[one[0]].quantization for one in (graph.inputs, graph.outputs))
    assert first is not None
    assert last is not None
    return Golden(inputs, outputs, first, last)


def real(values: NDArray[np.int8], quantization: Quantization) -> NDArray[np.float32]:
    return (values.astype(np.float32) - np.float32(quantization.zero_point)) * np.float32(quantization.scale)


@pytest.fixture
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Runner]:
    """A runner at the serial port of the benchmark's device."""
    require(target_named("mps2/an386"))
    model = model_file(f"{FILES[request.param]}.tflite")
    link = tmp_path / "port"
    command = [sys.executable, "-m", "mlforge", "serve", str(model), "--benchmark", request.param, "--link", str(link)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        assert select.select([process.stdout], [], [], 120)[0], "the firmware was not served in time"
        assert "serial port /dev/" in process.stdout.readline()
        runner = Runner(link)
        yield runner
        runner.port.close()
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert not link.is_symlink()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("served", ["ad01"], indirect=True)
def test_anomaly_detection(served: Runner) -> None:
    """float32 features in, the mean squared error of their reconstruction out."""
    vectors = golden("ad01")
    assert served.command("name") == ["m-name-dut-[mlforge]", "m-ready"]
    assert "m-model-[ad01]" in served.command("profile")
    for given, expected in list(zip(vectors.inputs, vectors.outputs, strict=True))[:3]:
        features = real(given, vectors.input) + np.float32(0.3) * np.float32(vectors.input.scale)
        served.load(features.astype("<f4").tobytes())
        results, _ = served.infer(2, 1)
        error = np.mean(np.square(real(expected, vectors.output) - features))
        assert results == [pytest.approx(error, abs=0.002, rel=1e-5)]


@pytest.mark.parametrize("served", ["kws01"], indirect=True)
def test_keyword_spotting(served: Runner) -> None:
    """int8 features in, twelve probabilities out."""
    vectors = golden("kws01")
    assert "m-model-[kws01]" in served.command("profile")
    for given, expected in list(zip(vectors.inputs, vectors.outputs, strict=True))[:3]:
        served.load(given.tobytes())
        results, _ = served.infer(1, 0)
        np.testing.assert_allclose(results, real(expected, vectors.output), atol=0.00051)
    _, once = served.infer(1, 0)
    _, thrice = served.infer(3, 2)
    assert 2.9 * once < thrice < 3.1 * once


@pytest.mark.parametrize("served", ["ic01", "vww01"], indirect=True)
def test_pictures(served: Runner) -> None:
    """Pixels from 0 to 255 in, probabilities out."""
    benchmark = next(line for line in served.command("profile") if "model" in line)[len("m-model-[") : -1]
    vectors = golden(benchmark)
    pixels = (vectors.inputs[1].astype(np.int16) + 128).astype(np.uint8).tobytes()
    served.load(pixels)
    assert served.command("db print")[0] == "m-buffer-" + pixels[:8].hex("-")
    results, _ = served.infer(1, 1)
    np.testing.assert_allclose(results, real(vectors.outputs[1], vectors.output), atol=0.00051)


def test_model_of_another_benchmark_is_refused() -> None:
    target = target_named("mps2/an386")
    data = model_file(f"{FILES['kws01']}.tflite").read_bytes()
    with pytest.raises(
        ModelError, match="ad01 is for models of 640 int8 inputs and 640 outputs: this one has 490 and 12"
    ):
        build_served(data, "kws", target, "ad01")
    with pytest.raises(TargetUnavailableError, match="no serial port"):
        build_served(data, "kws", target_named("host"), "kws01")
    assert set(BENCHMARKS) == set(FILES)
