"""Trees as the study grows them: LightGBM in a worker, then int8 C that decides as the text does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from mlforge.compiler.emitter import compile_graph
from mlforge.compiler.from_architecture import lower_architecture
from mlforge.compiler.tflite_reader import read_tflite
from mlforge.contract import Task
from mlforge.errors import TrainingError
from mlforge.records.architecture import Architecture, Dense, Growth, Head, Trees
from mlforge.study.growing import float_answers, grown_model
from mlforge.targets.host import HostTarget
from mlforge.training.request import Recipe, TrainingRequest
from mlforge.training.trainer import Trainer

pytestmark = pytest.mark.requires(packages=("tensorflow", "lightgbm"))

CASES = {
    "two classes": (Growth.BOOSTED, 2, Head.SOFTMAX),
    "three classes": (Growth.BOOSTED, 3, Head.SOFTMAX),
    "a forest": (Growth.FOREST, 3, Head.SOFTMAX),
    "a value": (Growth.BOOSTED, 1, Head.LINEAR),
}


@pytest.fixture(scope="module")
def trainer() -> Iterator[Trainer]:
    with Trainer(timeout_s=120.0) as one:
        yield one


def request_for(growth: Growth, outputs: int, head: Head, spike: float = 0.0) -> TrainingRequest:
    """Points in six dimensions, of which three tell: the class by which sector they are in, the value by a product.

    Args:
        spike: that one example of every hundred has in a column that tells nothing.
    """
    random = np.random.default_rng(4)
    x = random.standard_normal((600, 6)).astype(np.float32)
    x[::100, 5] = spike
    angle = np.arctan2(x[:, 0], x[:, 1] + 0.1 * x[:, 2])
    y = np.floor((angle + np.pi) / (2 * np.pi) * outputs).clip(0, outputs - 1).astype(np.int64)
    values = y if head is Head.SOFTMAX else (40 + 10 * x[:, 0] * x[:, 1]).astype(np.float32)
    task = Task.CLASSIFICATION if head is Head.SOFTMAX else Task.REGRESSION
    architecture = Architecture((6,), (Trees(growth, 40, 4),), outputs, head)
    return TrainingRequest(architecture, task, x[:400], values[:400], x[400:], values[400:], Recipe(seed=3))


def answers(tflite: bytes, x: np.ndarray) -> np.ndarray:
    """Of the model's C on this machine, in real numbers."""
    compiled = compile_graph(read_tflite(tflite), "grown")
    given, target = compiled.inputs[0], HostTarget()
    inputs = (np.rint(x / given.scale) + given.zero_point).clip(-128, 127).astype(np.int8)
    outputs = target.infer(target.build(compiled.program), inputs).outputs
    return (outputs.astype(np.float32) - compiled.outputs[0].zero_point) * np.float32(compiled.outputs[0].scale)


@pytest.mark.parametrize("case", CASES)
def test_what_is_grown_is_learnt_small_enough_and_the_same_in_int8(trainer: Trainer, case: str) -> None:
    request = request_for(*CASES[case])
    made = grown_model(request, trainer.grow)
    costed = compile_graph(lower_architecture(request.architecture, seed=1), "costed").program
    grown = compile_graph(read_tflite(made.tflite), "grown").program
    assert [one.kind for one in grown.operators] == [one.kind for one in costed.operators]
    assert sum(one.weight_bytes for one in grown.operators) <= sum(one.weight_bytes for one in costed.operators)
    ours, y = answers(made.tflite, request.x_validate), request.y_validate
    assert float_answers(made.keras, request.x_validate) == pytest.approx(made.validation_outputs)
    if request.task is Task.CLASSIFICATION:
        assert (ours.argmax(axis=1) == y).mean() > 0.85
        assert (ours.argmax(axis=1) == made.validation_outputs.argmax(axis=1)).mean() > 0.95
    else:
        assert np.square(ours[:, 0] - y).mean() < 0.5 * np.var(y)
        assert np.abs(ours - made.validation_outputs).mean() < 1.5
    assert len(made.history) == 1
    assert np.isfinite(made.history[0].validation_loss)


def test_equal_requests_give_equal_bytes_and_others_do_not(trainer: Trainer) -> None:
    request = request_for(*CASES["a forest"])
    first, second = (grown_model(request, trainer.grow) for _ in range(2))
    assert (first.tflite, first.keras) == (second.tflite, second.keras)
    other = grown_model(replace(request, recipe=Recipe(seed=4)), trainer.grow)
    assert other.tflite != first.tflite


def test_spikes_do_not_take_all_of_int8s_steps(trainer: Trainer) -> None:
    """In a range that held them, the columns that tell would have one step."""
    request = request_for(*CASES["two classes"], spike=5000.0)
    made = grown_model(request, trainer.grow)
    assert (answers(made.tflite, request.x_validate).argmax(axis=1) == request.y_validate).mean() > 0.85


def test_a_network_is_not_grown(trainer: Trainer) -> None:
    request = request_for(*CASES["two classes"])
    network = Architecture((6,), (Dense(4),), 2, Head.SOFTMAX)
    with pytest.raises(TrainingError, match="has no trees"):
        trainer.grow(replace(request, architecture=network))
