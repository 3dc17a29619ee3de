"""Recordings through the drivers of a microphone, of I2S and of a sensor's FIFO: what the host makes of the same files.

The application's features filter and resample sound, and run a stage of the application's own on motion.
"""

from __future__ import annotations

import shutil
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.app.import_model import Source, import_model
from mlforge.app.model import Model, read_model
from mlforge.compiler import read_tflite
from mlforge.compiler.emitter import compile_graph
from mlforge.compiler.from_architecture import lower_architecture
from mlforge.contract.load import load_contract
from mlforge.data.long_recordings import read_signal
from mlforge.features.fit import fit
from mlforge.records.architecture import Architecture, Conv, GlobalAveragePool, Head
from mlforge.records.program import Program
from mlforge.targets.host import HostTarget
from tests.programs.locked_app import lock_features
from tests.unit.compiler.tflite_writer import write_tflite
from tests.zephyr.workspace import Workspace, boards, run_image

pytestmark = [pytest.mark.zephyr, pytest.mark.usefixtures("need_toolchain")]

APP = Path(__file__).parent / "played"
TREES = Path(__file__).parents[1] / "trees"
RATE_HZ, BLOCK, BATCH = 16_000, 160, 16
G = Fraction(101_972, 1_000_000)  # sensor-scales-micro of the overlay, of m/s^2
RAW = Fraction(2**5, 2**15)  # FIFO_SHIFT of the driver: m/s^2 in its unit


@dataclass(frozen=True, slots=True)
class Played:
    """An application with recordings, and what it must print of them."""

    app: Path
    heard: list[str]
    felt: list[str]
    decided: list[str]
    samples: int
    motions: int


def _sound() -> NDArray[np.int16]:
    """A voice that glides, breaks off, and clips: int16 [N], N a whole number of blocks."""
    at = np.arange(2 * RATE_HZ) / RATE_HZ
    pitch = np.cumsum(110 + 60 * np.sin(2 * np.pi * 1.3 * at)) / RATE_HZ
    harmonics = np.arange(1, 20)[:, None]
    voice = np.sum(np.sin(2 * np.pi * harmonics * pitch) / harmonics, axis=0) * (np.sin(2 * np.pi * 2.2 * at) > -0.3)
    noise = np.random.default_rng(4).normal(0, 0.01, len(at))
    return np.asarray(np.clip((voice * 0.7 + noise) * 32768, -32768, 32767), np.int16)


def _motion() -> NDArray[np.int16]:
    """Three axes of an accelerometer at 400 Hz, in the driver's unit: int16 [N, 3]."""
    at = np.arange(400 * 2 + 5)[:, None] / 400  # the last batch is not full
    shaken = 9000 * np.sin(2 * np.pi * np.array([3, 7, 11]) * at) * np.sin(at) + np.array([100, -300, 10045])
    return np.asarray(shaken + np.random.default_rng(5).normal(0, 300, shaken.shape), np.int16)


def _write_wav(path: Path, samples: NDArray[np.int16]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples.astype("<i2").tobytes())


def _locked(app: Path, signal: NDArray[np.float32]) -> Model:
    """Locks a model of random weights behind the contract's features, fitted to the signal."""
    contract = load_contract(app)
    pipeline = fit(contract.features, [signal], contract.data.signal)
    layers = (Conv(6, (3, 1), (2, 1)), GlobalAveragePool())
    architecture = Architecture(pipeline.input_shape, layers, len(contract.data.classes), Head.LINEAR)
    data = write_tflite(lower_architecture(architecture, 3))
    lock_features(app, data, pipeline, contract.data.classes)
    return read_model(data, contract.name, pipeline)


def _lines(name: str, outputs: NDArray[np.generic]) -> list[str]:
    return [f"{name} {row.tobytes().hex()}" for row in outputs]


def _on_host(model: Model, frames: NDArray[np.int32]) -> list[str]:
    host = HostTarget()
    firmware = host.build(model.program)
    return _lines(model.program.name, host.infer(firmware, host.extract(firmware, frames)).outputs)


def _motion_frames(raw: NDArray[np.int16], frac_bits: int) -> NDArray[np.int32]:
    """In the contract's unit, as the frames have it: exact fractions, rounded to nearest."""
    factor = RAW * G * 2**frac_bits
    return np.array([[round(int(value) * factor) for value in frame] for frame in raw], np.int32)


def _forest(app: Path) -> list[str]:
    with np.load(TREES / "results.npz") as known:
        examples = np.asarray(known["classes_x"])
    data = import_model(Source(TREES / "xgboost_classes.json"), examples).tflite
    (app / "forest.tflite").write_bytes(data)
    graph = read_tflite(data)
    program: Program = compile_graph(graph, "forest").program
    rows = np.random.default_rng(6).integers(-128, 128, (20, program.input_bytes)).astype(np.int8)
    (app / "src" / "forest.inc").write_text(_initialiser(rows))
    host = HostTarget()
    return _lines("forest", host.infer(host.build(program), rows).outputs)


def _initialiser(values: NDArray[np.generic]) -> str:
    if values.ndim == 1:
        return "".join(f"{value},\n" for value in values.tolist())
    return "".join("{" + ",".join(map(str, row)) + "},\n" for row in values.tolist())


@pytest.fixture
def played(tmp_path: Path) -> Iterator[Played]:
    app = tmp_path / "app"
    shutil.copytree(APP, app)
    sound, motion = _sound(), _motion()
    _write_wav(tmp_path / "sound.wav", sound)
    (app / "src" / "voice.inc").write_text(_initialiser(sound))
    (app / "src" / "motion.inc").write_text(_initialiser(motion))
    signal = read_signal(tmp_path / "sound.wav", RATE_HZ)
    hear = _locked(app, signal)
    feel = _locked(app / "feel", (motion * float(RAW * G)).astype(np.float32))
    frames = _motion_frames(motion, feel.pipeline.input_frac_bits)
    yield Played(
        app,
        _on_host(hear, hear.pipeline.to_frames(signal)),
        _on_host(feel, frames),
        _forest(app),
        len(sound),
        len(motion),
    )


@pytest.mark.parametrize("board", boards("qemu_cortex_m3"))
def test_the_device_hears_and_feels_what_the_host_does(
    zephyr: Workspace, board: str, played: Played, tmp_path: Path
) -> None:
    zephyr.build(played.app, tmp_path / "build", board)
    printed = run_image(tmp_path / "build", board, "done")
    assert len(played.heard) > 8 and len(played.felt) > 8, "there is something to compare"
    assert len({*played.heard}) > 5 and len({*played.felt}) > 5
    by_microphone, by_i2s = (printed.index(line) for line in printed if line.startswith(("dmic:", "i2s:")))
    assert printed[:by_microphone] == played.heard
    assert printed[by_microphone + 1 : by_i2s] == played.heard
    assert [line for line in printed if line.startswith("feel ")] == played.felt
    assert [line for line in printed if line.startswith("forest ")] == played.decided
    nothing_lost = "submitted, 0 refused, 0 gaps, 0 queued, 0 overruns"
    assert printed[by_microphone] == f"dmic: {played.samples} {nothing_lost}"
    assert printed[by_i2s] == f"i2s: {played.samples} {nothing_lost}"
    assert f"fifo: {played.motions} {nothing_lost}" in printed
    assert printed[-1] == "done 0"

    _another_unit(zephyr, played.app, tmp_path / "build")


def _another_unit(zephyr: Workspace, app: Path, build: Path) -> None:
    """What the build says of a sensor whose values are left in m/s^2, where the model was trained on g."""
    overlay = app / "app.overlay"
    overlay.write_text(overlay.read_text().replace("<101972>", "<1000000>"))
    done = zephyr.ninja(build)
    said = " ".join(done.stdout.split())
    assert done.returncode != 0
    assert "data.signal.unit: found g, but devicetree's sensor-scales-micro of feel has 1000000 for accel-xyz" in said
    assert "expected 101972, which makes g of Zephyr's unit" in said
