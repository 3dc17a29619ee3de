"""Learning from a teacher: its answers to the same, changed examples are targets besides the labels. Worker only.

Classification follows Hinton, Vinyals and Dean (arXiv 1503.02531): cross-entropy with the teacher's probabilities, both
softened by a temperature, weighted by its square. Values are simply drawn towards the teacher's.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from mlforge.contract import Task
from mlforge.training.answers import Answers
from mlforge.training.epoch import Losses
from mlforge.training.request import Floats, TrainingRequest
from mlforge.training.targets import unit_of

TEMPERATURE: Final = 3.0
SOFT_SHARE: Final = 0.5  # of the loss that comes from the teacher
_LEAST: Final = 1e-7  # probability


class Lessons:
    """What `fit` asks a teacher for. The teacher answers in the labels' unit."""

    def __init__(self, teacher: Answers, request: TrainingRequest) -> None:
        self._teacher = teacher
        self._classes = request.architecture.outputs if request.task is Task.CLASSIFICATION else 0
        self._unit = unit_of(request)

    def targets(self, inputs: Floats, targets: NDArray[Any]) -> Floats:
        """Float32 [N, 2 * outputs]: labels (classes as one-hot rows), then the teacher's answers to `inputs`, softened
        probabilities for classes."""
        answers = self._teacher(inputs)
        if not self._classes:
            return np.concatenate([targets, self._unit.targets(inputs, answers)], axis=1)
        softened = np.maximum(_probabilities(answers), _LEAST) ** (1 / TEMPERATURE)
        softened /= softened.sum(axis=1, keepdims=True)
        return np.concatenate([np.eye(self._classes, dtype=np.float32)[targets], softened], axis=1)

    def losses(self, smoothing: float) -> Losses:
        """Targets as above and outputs [N, outputs] to the loss of each example."""
        return _classes(smoothing) if self._classes else _values


def _probabilities(answers: Floats) -> Floats:
    """Networks from elsewhere may end without a softmax."""
    if answers.min() >= 0 and np.allclose(answers.sum(axis=1), 1.0, atol=1e-3):
        return answers
    raised = np.exp(answers - answers.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)


def _classes(smoothing: float) -> Losses:
    def losses(targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        labels, softened = tf.split(targets, 2, axis=1)
        logs = tf.math.log(tf.clip_by_value(outputs, _LEAST, 1.0))
        labels = labels * (1.0 - smoothing) + smoothing / tf.cast(tf.shape(labels)[1], tf.float32)
        hard = -tf.reduce_sum(labels * logs, axis=1)
        soft = -tf.reduce_sum(softened * tf.nn.log_softmax(logs / TEMPERATURE), axis=1)
        return (1.0 - SOFT_SHARE) * hard + SOFT_SHARE * TEMPERATURE**2 * soft

    return losses


def _values(targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    labels, taught = tf.split(targets, 2, axis=1)
    mixed = (1.0 - SOFT_SHARE) * labels + SOFT_SHARE * taught
    return tf.reduce_mean(tf.square(outputs - mixed), axis=1)
