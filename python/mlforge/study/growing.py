"""From a design of trees to its float and its int8 model, grown on what int8 features tell apart.

A tree compares features with thresholds, so all that rounding its input can change is which features are equal. The
examples are rounded as the device will round them before anything is grown: no threshold then lies between two values
that become one. Several ranges of int8 are tried, the first of which holds every feature and the others leave outliers
out, whose clipping hardly matters to comparisons; the lowest validation loss wins, the first of equals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.border import Border, border_of
from mlforge.compiler.from_ensemble import floored, graph_of
from mlforge.compiler.graph import DType
from mlforge.compiler.tflite_writer import write_tflite
from mlforge.errors import ModelError, TrainingError
from mlforge.importing.lightgbm import read_lightgbm
from mlforge.records.ensemble import results
from mlforge.training.grown import Grown
from mlforge.training.request import TrainingRequest, TrainingResult

Floats: TypeAlias = NDArray[np.float32]
Grow: TypeAlias = Callable[[TrainingRequest], Grown]

_OUTLIERS: Final = (0.05, 0.5)  # percent of all values at either end that are clipped


def grown_model(request: TrainingRequest, grow: Grow) -> TrainingResult:
    """The best of all ranges: `keras` is the text of a LightGBM model, which answers to features as they are.

    Raises:
        TrainingError: they cannot be grown, or the trees cannot be quantised.
    """
    whole = request.x_train
    bounds = [np.percentile(whole, (share, 100.0 - share)) for share in _OUTLIERS]
    ranges = [whole, *(np.clip(whole, low, high).astype(np.float32) for low, high in bounds)]
    try:
        made = [_made(request, spanned, grow) for spanned in ranges]
    except ModelError as error:
        raise TrainingError(f"the trees cannot be quantised: {error.message}") from error
    return min(made, key=lambda one: one.history[-1].validation_loss)


def float_answers(text: bytes, x: Floats) -> Floats:
    """What grown trees answer to features as they are: float32 [N, outputs]. Raises ModelError for a damaged text."""
    return results(read_lightgbm(text), x.reshape(len(x), -1)).astype(np.float32)


def _made(request: TrainingRequest, spanned: Floats, grow: Grow) -> TrainingResult:
    """`spanned`: examples whose range int8 is to hold."""
    border = border_of(spanned, np.zeros(1), DType.INT8)
    rounded = replace(
        request, x_train=_rounded(request.x_train, border), x_validate=_rounded(request.x_validate, border)
    )
    found = grow(rounded)
    ensemble = floored(read_lightgbm(found.text), border)
    answers = results(ensemble, rounded.x_train.reshape(len(rounded.x_train), -1))
    border = border_of(spanned, answers, DType.INT8)
    return TrainingResult(
        tflite=write_tflite(graph_of(ensemble, border)),
        keras=found.text,
        validation_outputs=float_answers(found.text, request.x_validate),
        epochs_run=len(found.history),
        best_epoch=0,
        history=found.history,
        seconds={"fit": found.seconds},
    )


def _rounded(x: Floats, border: Border) -> Floats:
    """The real numbers that int8 has for them."""
    info = np.iinfo(np.int8)
    places = np.rint(x.astype(np.float64) / border.input.scale) + border.input.zero_point
    return ((places.clip(info.min, info.max) - border.input.zero_point) * border.input.scale).astype(np.float32)
