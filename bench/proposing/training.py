"""Trainings for the tables, one after another in this process: the product's `fit`, without quantisation."""

from __future__ import annotations

import gc
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from mlforge.contract import AugmentSpec, Task
from mlforge.errors import TrainingError
from mlforge.training import worker
from mlforge.training.request import Recipe, TrainingRequest
from proposing.table import Row
from proposing.tasks import Data, TableTask


class Trainings:
    def __init__(self) -> None:
        worker._environment(str(Path("build/bench/keras").absolute()))
        from mlforge.training.fit import make_deterministic

        make_deterministic(1)

    def done(self, task: TableTask, data: Data, row: Row) -> Row:
        """The row with what its training came to; an infinite loss where it diverged."""
        import keras

        from mlforge.training.build import build
        from mlforge.training.fit import fit, predict

        start = time.process_time()
        recipe = Recipe(epochs=task.epochs, augmentation=AugmentSpec(noise=0.1))
        request = TrainingRequest(
            row.architecture, task.task, data.x_train, data.y_train, data.x_validate, data.y_validate, recipe
        )
        keras.backend.clear_session()
        keras.utils.set_random_seed(recipe.seed)
        model = build(row.architecture, recipe.seed)
        try:
            fitted = fit(model, request)
        except TrainingError:
            return replace(row, loss=float("inf"), seconds=round(time.process_time() - start, 3))
        outputs = predict(model, data.x_validate)
        quality = (
            float((outputs.argmax(axis=1) == data.y_validate).mean())
            if task.task is Task.CLASSIFICATION
            else -float(np.square(outputs[:, 0] - data.y_validate).mean())
        )
        loss = fitted.history[fitted.best_epoch].validation_loss
        del model
        gc.collect()
        return replace(
            row, loss=round(loss, 6), quality=round(quality, 6), seconds=round(time.process_time() - start, 3)
        )
