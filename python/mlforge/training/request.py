"""What a training is asked and what it answers, as data that crosses a process boundary. Imports no TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlforge.contract import AugmentSpec, Task
from mlforge.records.architecture import Architecture
from mlforge.records.trial import Epoch

Floats: TypeAlias = NDArray[np.float32]
Labels: TypeAlias = NDArray[np.int64] | NDArray[np.float32]
LEAST_BATCH: Final = 8  # batch norms need some examples to go by


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train, apart from data and network."""

    epochs: int = 40
    patience: int = 10  # epochs without a better validation loss before training ends
    batch_size: int = 64  # at most
    steps: int = 16  # of an epoch, as long as batches do not get too small: a hundred examples are more than one step
    learning_rate: float = 5e-3  # the peak; it rises for a tenth of the steps, then falls along a cosine to zero
    weight_decay: float = 0.0
    label_smoothing: float = 0.0  # classification only
    class_weights: bool = True  # classification only: each class counts the same
    seed: int = 1
    augmentation: AugmentSpec = field(default_factory=AugmentSpec)
    representative_count: int = 200  # training examples that calibrate the int8 ranges

    def batch(self, examples: int) -> int:
        """How many of so many training examples make a step."""
        return min(self.batch_size, max(examples // max(1, self.steps), LEAST_BATCH), examples)


@dataclass(frozen=True, slots=True, eq=False)
class TrainingRequest:
    """One training. The answer depends on nothing else: equal requests give byte-identical models on one machine.

    `x_*` are float32 `[N, *architecture.input_shape]`. `y_*` are int64 class indices `[N]` for classification, float32
    `[N]` or `[N, outputs]` for regression. For anomaly `x_train` must hold normal examples only, and `y_train` is
    unused; `y_validate` is 1 for anomalies, which say when to stop.
    """

    architecture: Architecture
    task: Task
    x_train: Floats
    y_train: Labels
    x_validate: Floats
    y_validate: Labels
    recipe: Recipe = field(default_factory=Recipe)
    teacher: bytes = b""  # a float model for the same task, `.keras` or `.tflite`, to learn from besides the labels
    initial: bytes = (
        b""  # a `.keras` archive of a network trained on the same examples: layers that agree begin with it
    )

    @property
    def strange(self) -> NDArray[np.bool_]:
        """Which validation examples are anomalies, bool [N]; none for other tasks."""
        if self.task is not Task.ANOMALY:
            return np.zeros(len(self.x_validate), bool)
        return np.asarray(self.y_validate.reshape(len(self.x_validate), -1)[:, 0] == 1, bool)


@dataclass(frozen=True, slots=True)
class Stopped:
    """A training that its watcher ended."""

    history: tuple[Epoch, ...]
    inherited: tuple[str, ...] = ()


class Watch(Protocol):
    """Looks at a training while it is under way."""

    @property
    def rungs(self) -> tuple[int, ...]:
        """After how many epochs it wants to look."""

    def goes_on(self, history: tuple[Epoch, ...]) -> bool:
        """Whether the training that has come so far is worth going on with."""


@dataclass(frozen=True, slots=True, eq=False)
class TrainingResult:
    """`tflite` is the int8 model, `keras` the float one (a `.keras` archive), both as bytes."""

    tflite: bytes
    keras: bytes
    validation_outputs: Floats  # of the float model, [N, outputs]
    epochs_run: int
    best_epoch: int  # 0-based; its weights are the result
    history: tuple[Epoch, ...]
    seconds: Mapping[str, float]  # by stage: build, fit, quantise
    inherited: tuple[str, ...] = ()  # layers that began with the weights of `initial`
