"""An app with a contract and a locked model, without any training: the weights are random."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from mlforge.app.lockfile import write_lock
from mlforge.compiler.from_architecture import lower_architecture
from mlforge.contract import StandardiseSpec, WindowSpec
from mlforge.contract.load import load_contract
from mlforge.features.fit import fit
from mlforge.features.pipeline import Pipeline
from mlforge.records.architecture import Architecture, Conv, GlobalAveragePool, Head
from mlforge.records.lock import ModelFile
from mlforge.toolchain.files import sha256
from tests.unit.compiler.tflite_writer import write_tflite
from tests.unit.report import factory

CONTRACT = """\
name: {name}
task: classification
data:
  loader: seglearn-watch
  split: {{group: subject, validate: 0.2, test: 0.2}}
features:
  - window: {{length: 32, hop: 16}}
  - standardise: {{}}
limits:
  flash: 32 KiB
  ram: 10 KiB
  latency: 5 ms
goals:
  accuracy: 0.80
"""
CLASSES = ("walk", "run", "sit")
CHANNELS = 6
LENGTH = 32


def tiny_tflite(seed: int = 1, filters: int = 4) -> bytes:
    """An int8 model of [1, 32, 1, 6] to three classes."""
    layers = (Conv(filters, (3, 1), (2, 1)), GlobalAveragePool())
    return write_tflite(
        lower_architecture(Architecture((LENGTH, 1, CHANNELS), layers, len(CLASSES), Head.SOFTMAX), seed)
    )


def locked_app(app: Path, name: str = "activity") -> Path:
    """Fills the directory with a contract, a model and the lock that ties them; returns it."""
    (app / "model").mkdir(parents=True)
    (app / "mlforge.yaml").write_text(CONTRACT.format(name=name), encoding="utf-8")
    lock_model(app, tiny_tflite())
    return app


def lock_model(app: Path, data: bytes) -> None:
    """Makes `data` the locked model of the app."""
    signal = np.random.default_rng(1).normal(size=(100, CHANNELS))
    lock_features(app, data, fit([WindowSpec(LENGTH, 16), StandardiseSpec()], [signal]), CLASSES)


def lock_features(app: Path, data: bytes, pipeline: Pipeline, classes: tuple[str, ...]) -> None:
    """Makes `data` behind a fitted pipeline the locked model of the app."""
    contract = load_contract(app)
    path = f"model/{contract.name}.tflite"
    (app / "model").mkdir(exist_ok=True)
    (app / path).write_bytes(data)
    lock = factory.lock(factory.trained(1), [factory.trained(1)])
    cost, megahertz = lock.cost, contract.target.clock_hz / 1e6
    cycles, of_features = round(cost.latency_us * megahertz), round(cost.feature_latency_us * megahertz)
    write_lock(
        app,
        replace(
            lock,
            cost=replace(cost, cycles=cycles, feature_cycles=of_features),
            name=contract.name,
            model=ModelFile(path, sha256(data), len(data)),
            contract_sha256=contract.digest,
            features=json.loads(pipeline.to_json()),
            classes=classes,
        ),
    )
