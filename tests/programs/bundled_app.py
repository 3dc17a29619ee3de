"""An app with a contract, a locked model of random weights, and all that a bundle carries, without any training."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlforge.app.lockfile import locked_model, read_lock, write_lock
from mlforge.app.model import Model, read_model
from mlforge.features.pipeline import Pipeline
from mlforge.records.golden_vectors import GoldenVectors
from mlforge.records.lock import ModelFile
from mlforge.targets.host import HostTarget
from mlforge.toolchain.files import sha256
from tests.programs.locked_app import CHANNELS, locked_app

BUNDLE = """\
bundle:
  version: 1.2.3+4
  thresholds: {enter: 0.4, leave: 0.3, hysteresis: 2, classes: {run: {enter: 0.5, leave: 0.3}}}
  calibration: {period: 60 min, offset_bound: 2.0, gain_bound: 0.25}
"""
FRAMES = 8240
VECTORS = 3


def bundled_app(app: Path, bundle: str = BUNDLE) -> Path:
    """Fills the directory, as locked_app does; the baseline is that of `stream`."""
    locked_app(app)
    with (app / "mlforge.yaml").open("a", encoding="utf-8") as file:
        file.write(bundle)
    lock, model = read_lock(app), model_of(app)
    inputs, outputs = answers(model, stream(model))
    data = reference(inputs, outputs).to_bytes()
    path = f"model/{lock.name}.bundle.npz"
    (app / path).write_bytes(data)
    write_lock(app, replace(lock, reference=ModelFile(path, sha256(data), len(data))))
    return app


def model_of(app: Path) -> Model:
    lock = read_lock(app)
    return read_model(locked_model(app, lock), lock.name, Pipeline.from_json(json.dumps(lock.features)))


def stream(model: Model, shift: int = 0) -> NDArray[np.int32]:
    """What src/main.c of tests/zephyr/release pushes: int32 [FRAMES, channels]."""
    frac_bits, values, state = model.pipeline.input_frac_bits, [], 1
    for _ in range(FRAMES * CHANNELS):
        state = (state * 1664525 + 1013904223) % 2**32
        values.append(((state - 2**32 if state >= 2**31 else state) >> (32 - frac_bits)) + (shift << frac_bits - 1))
    return np.array(values, np.int32).reshape(FRAMES, CHANNELS)


def answers(model: Model, frames: NDArray[np.int32]) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """The model's int8 inputs and outputs, by the same C on the host."""
    host = HostTarget()
    firmware = host.build(model.program)
    inputs = host.extract(firmware, frames)
    return inputs, host.infer(firmware, inputs).outputs


def reference(inputs: NDArray[np.int8], outputs: NDArray[np.int8]) -> GoldenVectors:
    """As study/winner/golden_selection.py makes it, with these inputs and outputs for both splits."""
    channels = inputs.reshape(-1, CHANNELS).astype(np.float64)
    scores = (outputs.max(axis=1).astype(np.int64) + 128) // 16
    return GoldenVectors(
        mean=np.rint(channels.mean(axis=0) * 256).astype(np.int32),
        deviation=np.rint(channels.std(axis=0) * 256).astype(np.uint32),
        class_shares=_shares(outputs.argmax(axis=1), outputs.shape[1]),
        score_shares=_shares(scores, 16),
        inputs=inputs[:VECTORS],
        outputs=outputs[:VECTORS],
    )


def _shares(bins: NDArray[np.int64], count: int) -> NDArray[np.uint16]:
    counts = np.bincount(bins, minlength=count)
    shares: NDArray[np.uint16] = np.rint(counts / counts.sum() * 65535).astype(np.uint16)
    return shares
