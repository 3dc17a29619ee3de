"""What a network is taught: targets by task, in a unit that suits training, and how much each example counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlforge.contract import Task
from mlforge.training.request import Floats, Labels, TrainingRequest


@dataclass(frozen=True, slots=True)
class Unit:
    """Values (regression) are learnt with zero mean and unit deviation, whatever their own unit."""

    task: Task
    mean: Floats  # [outputs]
    deviation: Floats  # [outputs]

    def targets(self, x: Floats, y: Labels) -> NDArray[Any]:
        """Int64 [N] classes, or float32 [N, outputs] values: the labels or, for an autoencoder, its own inputs."""
        match self.task:
            case Task.CLASSIFICATION:
                return y.astype(np.int64)
            case Task.ANOMALY:
                return x.reshape(len(x), -1)
            case Task.REGRESSION:
                return ((y.reshape(len(y), -1) - self.mean) / self.deviation).astype(np.float32)

    def restored(self, kernel: Floats, bias: Floats) -> list[Floats]:
        """The last layer, [inputs, outputs] and [outputs], such that it answers in the labels' own unit."""
        return [kernel * self.deviation, bias * self.deviation + self.mean]

    def learnt(self, kernel: Floats, bias: Floats) -> list[Floats]:
        """The inverse of `restored`: the last layer as training knows it."""
        return [kernel / self.deviation, (bias - self.mean) / self.deviation]


def unit_of(request: TrainingRequest) -> Unit:
    """Taken from the training split. Only regression has a unit of its own."""
    outputs = request.architecture.outputs
    if request.task is not Task.REGRESSION:
        return Unit(request.task, np.zeros(outputs, np.float32), np.ones(outputs, np.float32))
    y = request.y_train.astype(np.float64).reshape(len(request.y_train), -1)
    spread = y.std(axis=0)
    deviation = np.where(spread > 0, spread, 1.0)
    return Unit(request.task, y.mean(axis=0).astype(np.float32), deviation.astype(np.float32))


def example_weights(request: TrainingRequest) -> Floats:
    """The weight of each training example, float32 [N], 1 on average: with class weights each class counts the same."""
    if request.task is not Task.CLASSIFICATION or not request.recipe.class_weights:
        return np.ones(len(request.x_train), np.float32)
    labels, places, counts = np.unique(request.y_train, return_inverse=True, return_counts=True)
    return (len(request.y_train) / (len(labels) * counts[places])).astype(np.float32)


def area(strange: NDArray[np.float64], normal: NDArray[np.float64]) -> float:
    """The area under the ROC curve of scores: the share of pairs in which the strange one is higher, ties by half."""
    normal = np.sort(normal)
    below, within = np.searchsorted(normal, strange, "left"), np.searchsorted(normal, strange, "right")
    return float((below + within).mean() / (2.0 * len(normal)))
