"""From a contract to arrays: loads the data, holds people out, fits the features on the training split.

The test split stays sealed: `Prepared.open_test` hands it out, and the study opens it once, for the winner.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlforge.contract.contract import Contract
from mlforge.data.dataset import Dataset
from mlforge.data.load import load_dataset
from mlforge.data.looking import look
from mlforge.data.reading import Say, silent
from mlforge.data.splits import Splits, check_strata, split_dataset
from mlforge.errors import DataError, ToolError
from mlforge.features.extract import extract_all
from mlforge.features.fit import fit
from mlforge.features.pipeline import Pipeline
from mlforge.records.data_summary import Inspection
from mlforge.records.opening import Opening


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Model inputs of one split, N in all.

    `x`: float32 [N, *input_shape], what the float model sees; `recordings`: the raw signals that they were cut from,
    from which the int8 inputs are computed once a model's input scale is known. `y`: class indices int64 [N], or
    values float32 [N, outputs]. `groups`: [N]. `strata`: by name, [N] each; the group's column is one of them.
    """

    x: NDArray[np.float32]
    y: NDArray[Any]
    groups: NDArray[Any]
    strata: Mapping[str, NDArray[Any]]
    recordings: tuple[NDArray[np.float32], ...]

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What every trial of a study shares."""

    pipeline: Pipeline
    train: Examples
    validate: Examples
    classes: tuple[str, ...]
    outputs: int
    data_digest: str
    _dataset: Dataset
    _splits: Splits
    _group: str

    def open_test(self, opening: Opening) -> Examples:
        """The sealed split, against the note that it is opened (study/winner/seal.py). For the winner only."""
        return _examples(self._dataset, self._splits.test, self.pipeline, self._group)

    def inspect(self, contract: Contract) -> Inspection:
        """What is in the data, and what is wrong with them: of the sealed split, that alone leaves here."""
        return look(self._dataset, self._splits, contract)


def inspect(contract: Contract, say: Say = silent) -> Inspection:
    """What is in a contract's data, and what is wrong with them. Nothing is trained, extracted or kept.

    Raises:
        DataError: as `prepare`.
    """
    dataset, splits = _split(contract, say)
    with suppress(ToolError):  # features are computed in C; without a compiler, `doctor` says so
        fit(contract.features, [dataset.signals[index] for index in splits.train], contract.data.signal)
    return look(dataset, splits, contract)


def prepare(contract: Contract, say: Say = silent) -> Prepared:
    """Raises DataError: the data are missing, damaged or too few; see data.load and data.splits. `say` hears how far
    loading is, where it takes long."""
    dataset, splits = _split(contract, say)
    training = [dataset.signals[index] for index in splits.train]
    pipeline = fit(contract.features, training, contract.data.signal)
    group = contract.data.split.group
    return Prepared(
        pipeline=pipeline,
        train=_examples(dataset, splits.train, pipeline, group),
        validate=_examples(dataset, splits.validate, pipeline, group),
        classes=dataset.classes,
        outputs=dataset.outputs,
        data_digest=dataset.digest,
        _dataset=dataset,
        _splits=splits,
        _group=group,
    )


def _split(contract: Contract, say: Say) -> tuple[Dataset, Splits]:
    dataset = load_dataset(contract, say)
    splits = split_dataset(dataset, contract.data.split)
    if any(goal.worst for goal in contract.goals):
        check_strata(dataset, splits, contract.data.strata)
    return dataset, splits


def _examples(dataset: Dataset, chosen: NDArray[np.int64], pipeline: Pipeline, group: str) -> Examples:
    recordings = tuple(dataset.signals[index] for index in chosen)
    extracted = extract_all(pipeline, recordings)
    if not len(extracted.inputs):
        raise DataError(
            f"none of {len(recordings)} recordings is as long as the window of {pipeline.frames_for(1)} frames"
        )
    owner = chosen[extracted.recording]
    strata = {name: values[owner] for name, values in dataset.strata.items()}
    if group:
        strata[group] = dataset.groups[owner]
    return Examples(extracted.inputs, dataset.labels[owner], dataset.groups[owner], strata, recordings)
