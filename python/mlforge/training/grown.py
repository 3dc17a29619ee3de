"""A job that grows trees, and its answer, as data that crosses a process boundary. Imports no LightGBM."""

from __future__ import annotations

from dataclasses import dataclass

from mlforge.records.trial import Epoch
from mlforge.training.request import TrainingRequest


@dataclass(frozen=True, slots=True, eq=False)
class Growing:
    """A job: the trees of `request.architecture`, on the request's examples."""

    request: TrainingRequest


@dataclass(frozen=True, slots=True, eq=False)
class Grown:
    """`text` is a LightGBM model as `Booster.save_model` writes it. `history` has one entry, the finished trees."""

    text: bytes
    history: tuple[Epoch, ...]
    seconds: float
