"""The ranges of input and activations, by the criterion that loses least on validation data. Worker process only."""

from __future__ import annotations

from math import isfinite

import keras
import numpy as np

from mlforge.contract import Task
from mlforge.errors import TrainingError
from mlforge.training.bounds import CRITERIA
from mlforge.training.qat import FakeQuantised
from mlforge.training.quantise import representative
from mlforge.training.request import Floats, TrainingRequest
from mlforge.training.targets import unit_of

_BATCH = 512


def calibrated(model: keras.Model, request: TrainingRequest) -> FakeQuantised:
    """The network under fake quantisation with the best ranges; of equals, those of the first criterion. Batch norms
    must be folded. `model` answers as in training (`Unit.learnt`).

    Raises:
        TrainingError: no ranges give a loss.
    """
    examples = representative(request)
    tried = [FakeQuantised(model, examples, criterion) for criterion in CRITERIA.values()]
    losses = [_loss(fake, request) for fake in tried]
    best = int(np.argmin(np.where(np.isfinite(losses), losses, np.inf)))
    if not isfinite(losses[best]):
        raise TrainingError("no calibration gives a loss: the outputs are not finite")
    return tried[best]


def _loss(fake: FakeQuantised, request: TrainingRequest) -> float:
    """On validation data: mean cross-entropy or squared error; for autoencoders the median example's, since one that
    cannot be rebuilt has no say in how all others are."""
    usual = ~request.strange
    x = request.x_validate[usual]
    targets = unit_of(request).targets(x, request.y_validate[usual])
    parts = [np.asarray(fake(x[at : at + _BATCH], training=False)) for at in range(0, len(x), _BATCH)]
    outputs: Floats = np.concatenate(parts).astype(np.float32)
    if request.task is Task.CLASSIFICATION:
        return float(-np.log(np.maximum(outputs[np.arange(len(targets)), targets], 1e-7)).mean())
    errors = np.square(outputs - targets).mean(axis=1)
    return float(np.median(errors) if request.task is Task.ANOMALY else errors.mean())
