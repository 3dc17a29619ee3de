"""What trains is what Keras would train, to the tolerance that docs/training.md states, whatever the CPU is capped."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mlforge.records.architecture import (
    Activation,
    Architecture,
    AveragePool,
    Conv,
    Dense,
    DepthwiseConv,
    GlobalAveragePool,
    Head,
    Layer,
    MaxPool,
    Padding,
    Residual,
    SeparableConv,
)
from mlforge.training.trainer import Trainer
from tests.integration.test_training import classification

pytestmark = pytest.mark.requires(packages=("tensorflow",))

OUTPUTS_APART = 1e-4  # relative to the largest
WEIGHTS_APART = 5e-3  # after some steps, relative to the farthest move: Adam divides small gradients by small ones


def signal(*layers: Layer) -> Architecture:
    return Architecture((32, 1, 4), layers, 3, Head.SOFTMAX)


def picture(*layers: Layer) -> Architecture:
    return Architecture((12, 10, 2), layers, 3, Head.LINEAR)


NETWORKS = {
    "convolutions of a signal": signal(Conv(8, (5, 1), (2, 1)), Conv(8, (3, 1), padding=Padding.VALID), Dense(8)),
    "separable": signal(SeparableConv(8, (5, 1), (2, 1)), DepthwiseConv((3, 1), multiplier=2), GlobalAveragePool()),
    "residual": signal(Conv(8, (3, 1)), Residual((DepthwiseConv((3, 1)), Conv(8, (1, 1), activation=Activation.NONE)))),
    "pools": signal(Conv(8, (3, 1)), MaxPool((2, 1), (2, 1)), AveragePool((3, 1), (2, 1), Padding.SAME)),
    "without norms": signal(Conv(8, (3, 1), batch_norm=False, activation=Activation.RELU6), Dense(8)),
    "pictures": picture(Conv(8, (3, 5)), SeparableConv(12, (3, 3), (2, 2)), MaxPool((2, 1), (2, 1)), Dense(8)),
    "vectors": Architecture((9,), (Dense(8), Dense(4)), 2, Head.LINEAR),
}


@pytest.fixture(scope="module")
def differences() -> dict[str, dict[str, float]]:
    ended = subprocess.run(
        [sys.executable, Path(__file__).with_name("exercise_plain.py")],
        input="".join(f"{network.to_json()}\n" for network in NETWORKS.values()),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    return dict(zip(NETWORKS, map(json.loads, ended.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("name", NETWORKS)
def test_plain_operators_compute_what_keras_computes(name: str, differences: dict[str, dict[str, float]]) -> None:
    found = differences[name]
    assert found["inference"] < OUTPUTS_APART
    assert found["put back"] < OUTPUTS_APART
    assert found["statistics"] < OUTPUTS_APART
    assert found["weights"] < WEIGHTS_APART


def test_no_cap_from_outside_changes_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    request = replace(classification(epochs=2))
    models = []
    for name, cap in ("", ""), ("ONEDNN_MAX_CPU_ISA", "SSE41"), ("DNNL_MAX_CPU_ISA", "AVX512_CORE_AMX"):
        with monkeypatch.context() as environment, Trainer() as trainer:
            if name:
                environment.setenv(name, cap)
            models.append(trainer.train(request))
    assert len({model.tflite for model in models}) == 1
    assert len({model.keras for model in models}) == 1
