"""Jobs that start from a trained network: other ways to int8, and fewer channels. Imports no TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mlforge.training.request import Floats, TrainingRequest

TUNING_EPOCHS: Final = 0.25  # share of the recipe's epochs for fine-tuning, in floats or with fake quantisation
TUNING_RATE: Final = 0.1  # share of the recipe's peak learning rate
FEWEST_EPOCHS: Final = 4
SHRINKING_EPOCHS: Final = 0.5  # a pruned network has more to learn again
SHRINKING_RATE: Final = 0.5


class Method(StrEnum):
    """Ways from a float network to int8, the simplest first. All but the first begin with batch norms folded and
    ranges equalised across layers."""

    PTQ = "ptq"  # ranges as they are seen on training examples
    EQUALISED = "equalised"  # the same after cross-layer equalisation
    FINETUNE = "finetune"  # the same after some more training in floats
    QAT = "qat"  # some more training with fake quantisation, whose ranges are learnt, too


@dataclass(frozen=True, slots=True, eq=False)
class Requantisation:
    """A job: `keras`, a float network trained for `request`, to int8 by each of `methods`."""

    request: TrainingRequest
    keras: bytes
    methods: tuple[Method, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """The network by one method: the int8 model, the float model that it came from, and the latter's outputs."""

    method: Method
    tflite: bytes
    keras: bytes
    validation_outputs: Floats  # [N, outputs]
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Shrinking:
    """A job: removes the channels of `keras`, trained for `request`, that matter least, and trains the rest again.

    The result's network is `shrink_plan.pruned(request.architecture, share)`.
    """

    request: TrainingRequest
    keras: bytes
    share: float


def variants_by_method(variants: tuple[Variant, ...]) -> Mapping[Method, Variant]:
    return {variant.method: variant for variant in variants}
