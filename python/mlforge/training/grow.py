"""Grows decision trees by LightGBM (Ke et al., NIPS 2017): boosted, or as a forest. Worker process only.

One thread, a seed and LightGBM's deterministic mode: equal requests give equal text.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import lightgbm
import numpy as np

from mlforge.contract import Task
from mlforge.errors import TrainingError
from mlforge.records.architecture import Growth, Head, Trees
from mlforge.records.trial import Epoch
from mlforge.training.fit import validation_loss
from mlforge.training.grown import Growing, Grown
from mlforge.training.request import Floats, TrainingRequest
from mlforge.training.targets import example_weights, unit_of

_PATIENCE: Final = 20  # rounds of boosting without a better validation loss
_REACH: Final = 5.0  # rounds times learning rate: fewer trees take larger steps
_RATES: Final = (0.03, 0.3)
_SHARE: Final = 0.8  # of the examples and of the features that a boosted tree sees
_BOOTSTRAP: Final = 0.632  # of the examples that a forest's tree sees: as many as differ in a bootstrap sample
_COMMON: Final = {
    "verbosity": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "bagging_freq": 1,
    "max_bin": 255,  # int8 tells no more apart
    "min_data_in_bin": 1,
    "feature_pre_filter": False,
}


def grown(job: Growing) -> Grown:
    """Raises TrainingError where the request's design has no trees or LightGBM refuses the data."""
    request, start = job.request, time.monotonic()
    trees = request.architecture.trees
    if trees is None:
        raise TrainingError("the design has no trees")
    unit = unit_of(request)  # of a regression's loss alone: trees need none
    known, asked = (_rows(x) for x in (request.x_train, request.x_validate))
    data = lightgbm.Dataset(known, _labels(request, request.y_train), weight=example_weights(request))
    checked = lightgbm.Dataset(asked, _labels(request, request.y_validate), reference=data)
    stops: list[Callable[..., Any]] = []
    if trees.growth is Growth.BOOSTED:
        stops.append(lightgbm.early_stopping(_PATIENCE, verbose=False))
    try:
        booster = lightgbm.train(_parameters(request, trees), data, trees.rounds, valid_sets=[checked], callbacks=stops)
    except lightgbm.basic.LightGBMError as error:
        raise TrainingError(f"LightGBM: {error}") from error
    best = booster.best_iteration if stops else trees.rounds
    losses = []
    for x, y in ((known, request.y_train), (asked, request.y_validate)):
        outputs = _outputs(request, np.asarray(booster.predict(x, num_iteration=best)))
        if request.task is Task.REGRESSION:
            outputs = np.asarray((outputs - unit.mean) / unit.deviation, np.float32)
        losses.append(validation_loss(request.task, outputs, unit.targets(x, y)))
    history = (Epoch(losses[0], losses[1], time.monotonic() - start),)
    return Grown(booster.model_to_string(num_iteration=best).encode(), history, time.monotonic() - start)


def _parameters(request: TrainingRequest, trees: Trees) -> dict[str, Any]:
    outputs, examples = request.architecture.outputs, len(request.x_train)
    if request.architecture.head is Head.LINEAR:
        objective: dict[str, Any] = {"objective": "regression"}
    elif outputs == 2:
        objective = {"objective": "binary"}
    else:
        objective = {"objective": "multiclass", "num_class": outputs}
    common = {**_COMMON, **objective, "seed": request.recipe.seed, "max_depth": trees.depth}
    common |= {"num_leaves": 1 << trees.depth}
    if trees.growth is Growth.FOREST:
        columns = int(np.prod(request.architecture.input_shape))
        return {
            **common,
            "boosting": "rf",
            "bagging_fraction": _BOOTSTRAP,
            "feature_fraction_bynode": max(1.0 / np.sqrt(columns), 1.0 / columns),
            "min_data_in_leaf": max(1, min(5, examples // 200)),
        }
    return {
        **common,
        "learning_rate": float(np.clip(_REACH / trees.rounds, *_RATES)),
        "bagging_fraction": _SHARE,
        "feature_fraction": _SHARE,
        "min_data_in_leaf": max(2, min(20, examples // 100)),
        "lambda_l2": 1.0,
    }


def _rows(x: Floats) -> Floats:
    return np.ascontiguousarray(x.reshape(len(x), -1))


def _labels(request: TrainingRequest, y: Any) -> Any:
    return y.reshape(len(y)) if request.task is Task.REGRESSION else y


def _outputs(request: TrainingRequest, found: Any) -> Floats:
    """[N, outputs] of what LightGBM answers: one column for two classes, and for a value."""
    if found.ndim == 1:
        found = found[:, None] if request.task is Task.REGRESSION else np.stack([1.0 - found, found], axis=1)
    return np.asarray(found, np.float32)
