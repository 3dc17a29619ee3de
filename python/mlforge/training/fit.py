"""Fits a Keras model: AdamW, one-cycle learning rate, early stopping with the best weights kept. Worker process only.

The networks are so small that the overhead of `keras.Model.fit` would be most of the time. So an epoch is one call of
one graph of plain operators (`epoch`, `plain`), and the augmentation is NumPy's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import cos, isfinite, pi
from typing import Any, Protocol, TypeAlias

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from mlforge.contract import Task
from mlforge.errors import TrainingError
from mlforge.records.trial import Epoch
from mlforge.training.augment import augment
from mlforge.training.epoch import Losses, Shuttle, State, epoch_function, inference_function
from mlforge.training.plain import network_of
from mlforge.training.request import Floats, Recipe, TrainingRequest
from mlforge.training.targets import area, example_weights, unit_of

Look: TypeAlias = Callable[[tuple[Epoch, ...]], bool]
_PREDICT_BATCH = 512
_WARM_UP = 0.1  # share of the steps in which the learning rate rises


@dataclass(frozen=True, slots=True)
class Fitted:
    history: tuple[Epoch, ...]
    best_epoch: int
    stopped: bool = False  # `look` ended it: the weights are of no use


class Lessons(Protocol):
    """What a teacher adds to a training; see `distil.Lessons`."""

    def targets(self, inputs: Floats, targets: NDArray[Any]) -> NDArray[Any]:
        """What the epoch's examples are held against, one row an example."""
        ...

    def losses(self, smoothing: float) -> Losses: ...


def make_deterministic(seed: int) -> None:
    """One thread and deterministic kernels. Call once, before anything else is done with TensorFlow."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(seed)


def fit(
    model: keras.Model, request: TrainingRequest, lessons: Lessons | None = None, look: Look = lambda _: True
) -> Fitted:
    """Trains in place; the model ends with the weights of the epoch whose validation loss was lowest.

    Args:
        lessons: replaces targets and losses where there is a teacher; validation stays as it is.
        look: is shown the history after each epoch, and says whether to go on.

    Raises:
        TrainingError: the loss is not finite.
    """
    recipe = request.recipe
    random = np.random.default_rng(recipe.seed)
    unit = unit_of(request)
    x, y, weights = request.x_train, unit.targets(request.x_train, request.y_train), example_weights(request)
    batch = recipe.batch(len(x))
    steps = len(x) // batch
    losses = (lessons.losses if lessons else partial(_losses, request.task))(recipe.label_smoothing)
    network = network_of(model)
    shuttle, answers = Shuttle(network), inference_function(network, request.architecture.input_shape)
    run_epoch = epoch_function(network, losses, recipe.weight_decay, recipe.seed, batch, steps)
    y_validate = unit.targets(request.x_validate, request.y_validate)
    history: list[Epoch] = []
    state = best_state = shuttle.state()
    best = 0
    for number in range(recipe.epochs):
        start = time.monotonic()
        order = random.permutation(len(x))[: steps * batch]
        inputs = augment(x[order], recipe.augmentation, random)
        targets = inputs.reshape(len(inputs), -1) if request.task is Task.ANOMALY else y[order]
        targets = lessons.targets(inputs, targets) if lessons else targets
        rates = _learning_rates(recipe, number, steps)
        mean_loss, state = run_epoch(inputs, targets, weights[order], rates, state)
        loss = float(mean_loss)
        validation = judged(request, _answers(answers, state, request.x_validate), y_validate)
        if not (isfinite(loss) and isfinite(validation)):
            raise TrainingError(
                f"the loss is {loss} (validation {validation}) in epoch {number + 1}: training diverged"
            )
        history.append(Epoch(loss, validation, time.monotonic() - start))
        if number == 0 or validation < history[best].validation_loss:
            best, best_state = number, state
        elif number - best >= recipe.patience:
            break
        if not look(tuple(history)):
            return Fitted(tuple(history), best, stopped=True)
    shuttle.put_back(best_state)
    outputs = model.get_layer("outputs")
    outputs.set_weights(unit.restored(*outputs.get_weights()))
    return Fitted(tuple(history), best)


def predict(model: keras.Model, x: Floats) -> Floats:
    """The outputs [N, outputs] of the model in inference mode."""
    if not hasattr(model, "mlforge_inference"):
        network = network_of(model)
        model.mlforge_inference = Shuttle(network), inference_function(network, x.shape[1:])
    shuttle, answers = model.mlforge_inference
    return _answers(answers, shuttle.state(), x)


def _answers(answers: Callable[[State, Floats], tf.Tensor], state: State, x: Floats) -> Floats:
    parts = [answers(state, x[at : at + _PREDICT_BATCH]).numpy() for at in range(0, len(x), _PREDICT_BATCH)]
    return np.concatenate(parts).astype(np.float32)


def judged(request: TrainingRequest, outputs: Floats, targets: NDArray[Any]) -> float:
    """What stops a training, and which epoch's weights are kept: the validation loss. With anomalies among the
    validation examples, the share of pairs in which an anomaly is rebuilt no worse than a normal example (1 less the
    area under the ROC curve); of equals the lower loss of the normal ones, a thousandth at most."""
    strange = request.strange
    if not strange.any() or strange.all():
        return validation_loss(request.task, outputs, targets)
    errors = np.square(outputs - targets).mean(axis=1, dtype=np.float64)
    normal = float(errors[~strange].mean())
    return 1.0 - area(errors[strange], errors[~strange]) + 1e-3 * normal / (1.0 + normal)


def validation_loss(task: Task, outputs: Floats, targets: NDArray[Any]) -> float:
    """Mean cross-entropy (classification) or mean squared error."""
    if task is Task.CLASSIFICATION:
        return float(-np.log(np.maximum(outputs[np.arange(len(targets)), targets], 1e-7)).mean())
    return float(np.square(outputs - targets).mean())


def _losses(task: Task, smoothing: float) -> Losses:
    """Targets and outputs to the loss of each example."""
    if task is Task.CLASSIFICATION:

        def cross_entropy(targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
            logs = tf.math.log(tf.clip_by_value(outputs, 1e-7, 1.0))
            true = tf.gather(logs, targets, axis=1, batch_dims=1)
            return -(1.0 - smoothing) * true - smoothing * tf.reduce_mean(logs, axis=1)

        return cross_entropy
    return lambda targets, outputs: tf.reduce_mean(tf.square(outputs - targets), axis=1)


def _learning_rates(recipe: Recipe, epoch: int, steps: int) -> Floats:
    """The rate of each step of an epoch: up along a line, down along a cosine (arXiv 1708.07120, 1608.03983)."""
    total = max(recipe.epochs * steps, 1)
    rates = []
    for step in range(epoch * steps, (epoch + 1) * steps):
        done = (step + 1) / total
        rise = done / _WARM_UP
        rates.append(rise if rise < 1 else (1 + cos(pi * (done - _WARM_UP) / (1 - _WARM_UP))) / 2)
    return np.array(rates, np.float32) * np.float32(recipe.learning_rate)
