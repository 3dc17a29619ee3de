"""`Attempt`: one way in which a trial's model was made, beside those that were tried and not kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Network(StrEnum):
    """Where the float network came from, the simplest first."""

    PLAIN = "plain"  # trained as proposed
    DISTILLED = "distilled"  # trained as proposed, by a larger network that knew the answers, too
    PRUNED = "pruned"  # trained, then rid of the channels that matter least and trained again


class Method(StrEnum):
    """Ways from a float network to int8, the simplest first. All but the first begin with batch norms folded and
    ranges equalised across layers."""

    PTQ = "ptq"  # ranges as they are seen on training examples
    EQUALISED = "equalised"  # the same after cross-layer equalisation
    CALIBRATED = "calibrated"  # the same with ranges that leave outliers out, where that loses less
    FINETUNE = "finetune"  # as EQUALISED after some more training in floats
    QAT = "qat"  # some more training with fake quantisation, whose ranges are learnt, too


@dataclass(frozen=True, slots=True)
class Attempt:
    """Qualities are on validation data, the int8 one on the host; None where `failure` says why there is no model.
    Flash and latency are those of the architecture, measured before it was trained."""

    network: Network
    method: Method
    architecture: str  # its id
    float_quality: float | None
    int8_quality: float | None
    flash_bytes: int
    latency_us: float
    kept: bool = False
    failure: str = ""


@dataclass(frozen=True, slots=True)
class TensorRange:
    """How a tensor of the int8 model uses its 256 steps.

    `used` is the share of the steps between the least and the largest value seen (weights: the largest magnitude of
    127), `narrowest` the same for the channel that uses fewest, dead ones aside, `saturated` the share of values at an
    end of the range where values beyond it would be clipped; the zero of a rectified layer is no such end.
    """

    operator: int
    kind: str  # TensorFlow Lite's name, such as "CONV_2D"
    name: str
    weights: bool
    channels: int
    used: float
    narrowest: float
    saturated: float
