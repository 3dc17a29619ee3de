"""The tasks that proposers are compared on: small enough that many networks can be trained for each, all of real data.

The surrogate was tuned on those of TUNED, and saw the others when it was finished.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.app.prepare import prepare
from mlforge.contract import Task
from mlforge.contract.load import load_contract

ROOT: Final = Path(__file__).parents[2]
TUNED: Final = ("digits", "pixels", "cancer")


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """Float32 [N, *shape]; labels as in a TrainingRequest."""

    x_train: NDArray[np.float32]
    y_train: NDArray[Any]
    x_validate: NDArray[np.float32]
    y_validate: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Limits:
    """Of the shapes: weights, the most that a layer reads and writes, multiplications of an inference."""

    weight_bytes: int
    activation_bytes: int
    macs: int


@dataclass(frozen=True, slots=True)
class TableTask:
    name: str
    task: Task
    outputs: int
    data: Callable[[], Data]
    limits: Limits
    epochs: int


def digits() -> Data:
    """Handwritten digits of scikit-learn's, 8 by 8: 900 to train on, 600 to validate."""
    sys.path.insert(0, str(ROOT / "bench" / "tasks" / "digits"))
    from digits import pictures

    found = pictures()
    x, y = np.stack(found["x"]) / 8 - 1, np.array(found["y"]).astype(np.int64)
    return _split(x.astype(np.float32), y, 900, 600)


def activity() -> Data:
    """Every third training window of samples/activity; other people's windows to validate."""
    prepared = prepare(load_contract(ROOT / "samples" / "activity"))
    train, validate = prepared.train, prepared.validate
    return Data(train.x[::3], train.y[::3], validate.x, validate.y)


def pixels() -> Data:
    """The same digits as plain vectors of 64 values, for dense networks."""
    found = digits()
    return Data(_flat(found.x_train), found.y_train, _flat(found.x_validate), found.y_validate)


def cancer() -> Data:
    """Is a growth malignant? Thirty measurements of cell nuclei (Wisconsin, 569 examples)."""
    rows = np.loadtxt(_shipped("breast_cancer.csv"), delimiter=",", skiprows=1)
    return _split(_standardised(rows[:, :-1]), rows[:, -1].astype(np.int64), 300, 269)


def diabetes() -> Data:
    """How far does the disease progress in a year? Ten measurements of 442 people: a regression."""
    x = np.loadtxt(_shipped("diabetes_data_raw.csv.gz"))
    y = np.loadtxt(_shipped("diabetes_target.csv.gz"))
    return _split(_standardised(x), ((y - y.mean()) / y.std()).astype(np.float32), 260, 182)


def watch() -> Data:
    """The windows of `activity` as statistics of each channel, for dense networks."""
    found = activity()
    train, validate = _statistics(found.x_train), _statistics(found.x_validate)
    mean, deviation = train.mean(axis=0), train.std(axis=0) + 1e-6
    return Data(
        ((train - mean) / deviation).astype(np.float32),
        found.y_train,
        ((validate - mean) / deviation).astype(np.float32),
        found.y_validate,
    )


def _statistics(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """[N, 128, 1, 6] to [N, 36]."""
    jumps = np.abs(np.diff(x, axis=1)).mean(axis=1)
    columns = [x.mean(axis=1), x.std(axis=1), x.min(axis=1), x.max(axis=1), jumps, np.median(x, axis=1)]
    return _flat(np.concatenate(columns, axis=-1).astype(np.float32))


def _standardised(x: NDArray[np.float64]) -> NDArray[np.float32]:
    return ((x - x.mean(axis=0)) / x.std(axis=0)).astype(np.float32)


def _flat(x: NDArray[np.float32]) -> NDArray[np.float32]:
    flat: NDArray[np.float32] = x.reshape(len(x), -1)
    return flat


def _shipped(name: str) -> Path:
    """A file of data in the installed scikit-learn."""
    spec = find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the data come with scikit-learn: pip install --no-deps scikit-learn")
    return Path(spec.origin).parent / "datasets" / "data" / name


def _split(x: NDArray[np.float32], y: NDArray[Any], train: int, validate: int) -> Data:
    order = np.random.default_rng(0).permutation(len(x))
    first, second = order[:train], order[train : train + validate]
    return Data(x[first], y[first], x[second], y[second])


TASKS: Final = {
    task.name: task
    for task in (
        TableTask("digits", Task.CLASSIFICATION, 10, digits, Limits(16_000, 3_000, 500_000), 12),
        TableTask("pixels", Task.CLASSIFICATION, 10, pixels, Limits(12_000, 400, 12_000), 20),
        TableTask("cancer", Task.CLASSIFICATION, 2, cancer, Limits(8_000, 400, 8_000), 20),
        TableTask("diabetes", Task.REGRESSION, 1, diabetes, Limits(8_000, 400, 8_000), 20),
        TableTask("watch", Task.CLASSIFICATION, 7, watch, Limits(12_000, 400, 12_000), 20),
    )
}
