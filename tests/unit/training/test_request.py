"""Requests that would train on nonsense are refused before a worker is asked."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from mlforge.contract import Task
from mlforge.errors import TrainingError
from mlforge.records.architecture import Architecture, Dense, Head
from mlforge.training.request import Recipe, TrainingRequest
from mlforge.training.targets import area
from mlforge.training.trainer import Trainer

GOOD = TrainingRequest(
    Architecture((4,), (Dense(8),), 2, Head.SOFTMAX),
    Task.CLASSIFICATION,
    np.zeros((10, 4), np.float32),
    np.zeros(10, np.int64),
    np.zeros((5, 4), np.float32),
    np.zeros(5, np.int64),
)
BAD = {
    "double precision": {"x_train": np.zeros((10, 4))},
    "another shape": {"x_validate": np.zeros((5, 3), np.float32)},
    "no examples": {"x_train": np.zeros((0, 4), np.float32), "y_train": np.zeros(0, np.int64)},
    "labels missing": {"y_train": np.zeros(9, np.int64)},
    "not finite": {"x_train": np.full((10, 4), np.nan, np.float32)},
    "unknown class": {"y_train": np.full(10, 2, np.int64)},
    "negative class": {"y_validate": np.full(5, -1, np.int64)},
    "fractional class": {"y_train": np.full(10, 0.5, np.float32)},
    "no epochs": {"recipe": Recipe(epochs=0)},
    "another head": {"architecture": replace(GOOD.architecture, head=Head.LINEAR)},
    "autoencoder of another size": {"task": Task.ANOMALY, "architecture": replace(GOOD.architecture, head=Head.LINEAR)},
    "flags of anomalies missing": {
        "task": Task.ANOMALY,
        "architecture": Architecture((4,), (), 4, Head.LINEAR),
        "y_validate": np.zeros(4, np.int64),
    },
    "values that do not fit the outputs": {
        "task": Task.REGRESSION,
        "architecture": Architecture((4,), (), 3, Head.LINEAR),
        "y_train": np.zeros((10, 2), np.float32),
    },
}


@pytest.mark.parametrize("change", BAD.values(), ids=BAD.keys())
def test_a_wrong_request_is_refused_without_a_worker(change: dict[str, object]) -> None:
    trainer = Trainer()
    with pytest.raises(TrainingError):
        trainer.train(replace(GOOD, **change))  # type: ignore[arg-type]
    trainer.close()


@pytest.mark.parametrize(
    ("examples", "batch"), [(5, 5), (100, 8), (160, 10), (512, 32), (1024, 64), (100_000, 64)], ids=str
)
def test_few_examples_are_cut_into_small_batches_so_that_an_epoch_has_steps(examples: int, batch: int) -> None:
    assert Recipe().batch(examples) == batch
    assert Recipe(batch_size=4).batch(examples) == 4


def test_the_parent_imports_no_tensorflow() -> None:
    code = "import sys, mlforge.training.trainer; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_the_area_is_the_share_of_pairs_in_order() -> None:
    strange, normal = np.array([3.0, 1.0, 2.0]), np.array([1.0, 0.0, 2.5, 2.0])
    pairs = [(one > other) + 0.5 * (one == other) for one in strange for other in normal]
    assert area(strange, normal) == pytest.approx(np.mean(pairs))


def test_only_anomalies_of_validation_are_strange() -> None:
    flags = np.array([0, 1, 0, 0, 1])
    assert not replace(GOOD, y_validate=flags).strange.any()
    assert replace(GOOD, task=Task.ANOMALY, y_validate=flags).strange.tolist() == [False, True, False, False, True]
