"""Jobs that start from a trained network: other ways to int8, and fewer channels. Imports no TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mlforge.records.attempt import Method
from mlforge.training.request import Floats, TrainingRequest

TUNING_EPOCHS: Final = 0.25  # share of the recipe's epochs for fine-tuning, in floats or with fake quantisation
TUNING_RATE: Final = 0.1  # share of the recipe's peak learning rate
FEWEST_EPOCHS: Final = 4
SHRINKING_EPOCHS: Final = 0.5  # a pruned network has more to learn again
SHRINKING_RATE: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Requantisation:
    """A job: `keras`, a float network trained for `request`, to int8 by each of `methods`."""

    request: TrainingRequest
    keras: bytes
    methods: tuple[Method, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """The network by one method: the int8 model, the float model that it came from, and the latter's outputs; all
    empty where `failure` says why the method came to nothing."""

    method: Method
    tflite: bytes
    keras: bytes
    validation_outputs: Floats  # [N, outputs]
    seconds: float
    failure: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Shrinking:
    """A job: removes the channels of `keras`, trained for `request`, that matter least, and trains the rest again.

    The result's network is `shrink_plan.pruned(request.architecture, share)`.
    """

    request: TrainingRequest
    keras: bytes
    share: float
