"""Ways to int8 and pruning with real worker processes: a network that plain quantisation ruins is rescued.

Each job costs a TensorFlow import, so jobs are few and networks tiny.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from mlforge.compiler import read_tflite
from mlforge.compiler.emitter import compile_graph
from mlforge.compiler.from_architecture import lower_architecture
from mlforge.compiler.graph import Graph
from mlforge.compiler.isa import Isa
from mlforge.contract import StageSpec, StandardiseSpec, Task
from mlforge.contract.stages import ROBUST_CLIP, Statistics
from mlforge.features import extract_all, fit
from mlforge.records.architecture import (
    Architecture,
    Conv,
    Dense,
    DepthwiseConv,
    GlobalAveragePool,
    Head,
)
from mlforge.records.attempt import Method
from mlforge.targets.registry import target_named
from mlforge.training.methods import Requantisation, Shrinking
from mlforge.training.request import Floats, Recipe, TrainingRequest, TrainingResult
from mlforge.training.shrink_plan import pruned
from mlforge.training.trainer import Trainer
from tests.integration.test_training import waves
from tests.integration.test_training_lowering import ARCHITECTURES, structure

pytestmark = pytest.mark.requires(packages=("tensorflow",))

ARCHITECTURE = Architecture(
    (32, 1, 2),
    (Conv(12, (5, 1), (2, 1)), DepthwiseConv((3, 1)), Conv(12, (1, 1)), GlobalAveragePool(), Dense(16)),
    3,
    Head.SOFTMAX,
)


def int8_outputs(tflite: bytes, x: Floats) -> Floats:
    """What the model answers on the host, compiled by our own compiler."""
    model = compile_graph(read_tflite(tflite), "model", Isa.GENERIC)
    source, result = model.inputs[0], model.outputs[0]
    inputs = np.clip(np.round(x / source.scale) + source.zero_point, -128, 127).astype(np.int8)
    host = target_named("host")
    outputs = host.infer(host.build(model.program), inputs.reshape(len(x), -1)).outputs
    return (outputs.astype(np.float32) - result.zero_point) * np.float32(result.scale)


def accuracy(outputs: Floats, y: np.ndarray) -> float:
    return float((outputs.argmax(axis=1) == y).mean())


@dataclass(frozen=True)
class Hostile:
    request: TrainingRequest
    trained: TrainingResult
    keras: bytes


@pytest.fixture(scope="module")
def trainer() -> Iterator[Trainer]:
    with Trainer(timeout_s=120) as shared:
        yield shared


@pytest.fixture(scope="module")
def hostile(trainer: Trainer, tmp_path_factory: pytest.TempPathFactory) -> Hostile:
    x, y = waves(400, 1)
    x_validate, y_validate = waves(300, 2)
    recipe = Recipe(epochs=16, patience=16, learning_rate=0.01)
    request = TrainingRequest(ARCHITECTURE, Task.CLASSIFICATION, x, y, x_validate, y_validate, recipe)
    result = trainer.train(request)
    place = tmp_path_factory.mktemp("hostile")
    (place / "tame.keras").write_bytes(result.keras)
    script = Path(__file__).with_name("make_hostile.py")
    subprocess.run([sys.executable, script, place / "tame.keras", place / "hostile.keras"], check=True, timeout=100)
    return Hostile(request, result, (place / "hostile.keras").read_bytes())


def test_a_hostile_network_is_rescued_and_plain_quantisation_is_not_enough(trainer: Trainer, hostile: Hostile) -> None:
    request = hostile.request
    float_accuracy = accuracy(hostile.trained.validation_outputs, request.y_validate)
    variants = trainer.requantise(Requantisation(request, hostile.keras, tuple(Method)))
    assert [variant.method for variant in variants] == list(Method)
    by_method = {
        variant.method: accuracy(int8_outputs(variant.tflite, request.x_validate), request.y_validate)
        for variant in variants
    }
    assert float_accuracy > 0.9
    assert by_method[Method.PTQ] < float_accuracy - 0.1
    for method in (Method.EQUALISED, Method.CALIBRATED, Method.FINETUNE, Method.QAT):
        assert by_method[method] >= float_accuracy - 0.02


Spoil = Callable[[Floats, np.random.Generator], None]


def _glitch(x: Floats, random: np.random.Generator) -> None:
    """30 % of the windows have one sample far off."""
    for at in np.flatnonzero(random.random(len(x)) < 0.3):
        x[at, random.integers(0, x.shape[1]), 0, random.integers(0, 2)] += random.choice([-1, 1]) * random.uniform(
            150, 400
        )


def _gain(x: Floats, random: np.random.Generator) -> None:
    """1 % of the windows are a hundred times as loud."""
    x[random.random(len(x)) < 0.01] *= 100


def _offset(x: Floats, random: np.random.Generator) -> None:
    """1 % of the windows lie far off zero."""
    where = random.random(len(x)) < 0.01
    x[where] += random.choice([-150, 150], (int(where.sum()), 1, 1, 1))


def _dead_and_saturated(x: Floats, random: np.random.Generator) -> None:
    """One channel of some windows stands at the end of its scale; in others it reads zero."""
    x[random.random(len(x)) < 0.05, :, :, 1] = 300.0
    x[random.random(len(x)) < 0.05, :, :, 1] = 0.0


def spoilt(spoil: Spoil, spec: tuple[StageSpec, ...]) -> TrainingRequest:
    """Noisy sines with faults of a sensor in training and validation data, through the features."""
    (x, y), (x_validate, y_validate) = data = waves(500, 1), waves(300, 2)
    for number, (values, _) in enumerate(data):
        spoil(values, np.random.default_rng(number))
    pipeline = fit(spec, [each[:, 0] for each in x])
    parts = (extract_all(pipeline, [each[:, 0] for each in values]).inputs for values in (x, x_validate))
    recipe = Recipe(epochs=25, patience=25, learning_rate=0.01)
    return TrainingRequest(ARCHITECTURE, Task.CLASSIFICATION, next(parts), y, next(parts), y_validate, recipe)


def test_a_sensor_with_glitches_is_rescued(trainer: Trainer) -> None:
    """A few values decide the range of the input, so plain quantisation leaves all others a step or two."""
    request = spoilt(_glitch, (StandardiseSpec(),))
    trained, y = trainer.train(request), request.y_validate
    variants = trainer.requantise(Requantisation(request, trained.keras, (Method.CALIBRATED, Method.QAT)))
    float_accuracy = accuracy(trained.validation_outputs, y)
    assert float_accuracy > 0.95
    assert accuracy(int8_outputs(trained.tflite, request.x_validate), y) < float_accuracy - 0.1
    for one in variants:
        assert accuracy(int8_outputs(one.tflite, request.x_validate), y) >= float_accuracy - 0.02


@pytest.mark.parametrize("spoil", [_gain, _offset, _dead_and_saturated])
def test_robust_statistics_save_what_no_range_can(trainer: Trainer, spoil: Spoil) -> None:
    """Outliers that ruin the training in floats, too: medians look past them, and clipping ends their weight."""
    request = spoilt(spoil, (StandardiseSpec(Statistics.ROBUST, ROBUST_CLIP),))
    trained, y = trainer.train(request), request.y_validate
    (calibrated,) = trainer.requantise(Requantisation(request, trained.keras, (Method.CALIBRATED,)))
    float_accuracy = accuracy(trained.validation_outputs, y)
    assert float_accuracy > 0.95
    best = max(accuracy(int8_outputs(one, request.x_validate), y) for one in (trained.tflite, calibrated.tflite))
    assert best >= float_accuracy - 0.02


def test_the_same_job_gives_the_same_bytes_whatever_else_was_asked_for(trainer: Trainer, hostile: Hostile) -> None:
    request = replace(hostile.request, recipe=replace(hostile.request.recipe, epochs=4))
    two = trainer.requantise(Requantisation(request, hostile.keras, (Method.FINETUNE, Method.QAT)))
    one = trainer.requantise(Requantisation(request, hostile.keras, (Method.QAT,)))
    assert two[1].tflite == one[0].tflite
    assert two[1].keras == one[0].keras


def test_a_pruned_network_has_fewer_channels_and_still_knows(trainer: Trainer, hostile: Hostile) -> None:
    request = hostile.request
    result = trainer.shrink(Shrinking(request, hostile.trained.keras, 0.3))
    smaller = read_tflite(result.tflite)
    lowered = lower_architecture(pruned(ARCHITECTURE, 0.3), seed=1)
    assert structure(smaller) == structure(lowered)
    assert len(result.tflite) < len(hostile.trained.tflite)
    assert accuracy(int8_outputs(result.tflite, request.x_validate), request.y_validate) > 0.95


def test_a_teacher_is_listened_to(trainer: Trainer, hostile: Hostile) -> None:
    """A student whose labels say nothing learns from the teacher, whose half of the loss does."""
    wrong = np.random.default_rng(1).integers(0, 3, len(hostile.request.y_train))
    student = Architecture((32, 1, 2), (Conv(8, (5, 1), (2, 1)), GlobalAveragePool()), 3, Head.SOFTMAX)
    request = replace(hostile.request, architecture=student, y_train=wrong, teacher=hostile.trained.keras)
    taught = trainer.train(request).validation_outputs
    assert accuracy(taught, request.y_validate) > 0.9


def test_values_keep_their_unit(trainer: Trainer) -> None:
    """Regression is learnt in a unit of its own; tuning starts from, and ends in, the labels'."""
    random = np.random.default_rng(3)
    x = random.standard_normal((300, 4)).astype(np.float32)
    y = np.stack([1000 + 300 * (x[:, 0] - x[:, 1]), 500 * x[:, 2]], axis=1).astype(np.float32)
    architecture = Architecture((4,), (Dense(16),), 2, Head.LINEAR)
    recipe = Recipe(epochs=30, patience=30, learning_rate=0.02, batch_size=32)
    request = TrainingRequest(architecture, Task.REGRESSION, x[:200], y[:200], x[200:], y[200:], recipe)
    trained = trainer.train(request)
    plain = np.square(trained.validation_outputs - y[200:]).mean()
    for variant in trainer.requantise(Requantisation(request, trained.keras, tuple(Method))):
        assert np.square(variant.validation_outputs - y[200:]).mean() < 2 * plain
        error = np.square(int8_outputs(variant.tflite, x[200:]) - y[200:]).mean(axis=0)
        assert (error < 0.05 * y.var(axis=0)).all(), variant.method


EXERCISED = ("signal", "residual", "no batch norm", "one channel", "autoencoder", "residual at the input")


@pytest.fixture(scope="module")
def exercised(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[dict[str, float], Graph]]:
    place = tmp_path_factory.mktemp("exercised")
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("exercise_methods.py"), place],
        input="\n".join(ARCHITECTURES[name].to_json() for name in EXERCISED),
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    models = [read_tflite((place / f"{number}.tflite").read_bytes()) for number in range(len(EXERCISED))]
    return dict(zip(EXERCISED, zip(lines, models, strict=True), strict=True))


@pytest.mark.parametrize("name", EXERCISED)
def test_every_rewriting_computes_what_the_network_did(
    name: str, exercised: dict[str, tuple[dict[str, float], Graph]]
) -> None:
    moved, _ = exercised[name]
    for step in ("folded", "saved", "equalised", "cut"):
        assert moved[step] < 1e-4, step
    assert 0 < moved["fake"] < 0.2  # rounding to 256 steps does something, but not much


@pytest.mark.parametrize("name", EXERCISED)
def test_learnt_ranges_make_the_model_that_was_costed(
    name: str, exercised: dict[str, tuple[dict[str, float], Graph]]
) -> None:
    assert structure(exercised[name][1]) == structure(lower_architecture(ARCHITECTURES[name], seed=1))
