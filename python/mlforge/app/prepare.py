"""From a contract to arrays: loads the data, holds people out, fits the features on the training split.

The test split stays sealed: `Prepared.open_test` hands it out, and the study opens it once, for the winner. Where the
contract leaves a choice of front ends, each is fitted and computed when a candidate first needs it, and what it
computed is kept in the cache by the hash of the data and of the fitted pipeline.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.app.extracted import extracted_once
from mlforge.app.streams import Stream, check_streams, streams_of
from mlforge.contract.contract import Contract, Task
from mlforge.contract.schema import did_you_mean
from mlforge.data.dataset import Dataset
from mlforge.data.load import load_dataset
from mlforge.data.looking import look
from mlforge.data.reading import Say, silent
from mlforge.data.splits import Splits, check_strata, rotations
from mlforge.errors import ContractError, DataError, Problem, ToolError
from mlforge.features.fit import fit
from mlforge.features.pipeline import Pipeline
from mlforge.records.data_summary import Inspection
from mlforge.records.opening import Opening
from mlforge.records.quality import Split

MAX_RECENT: Final = 4  # front ends whose examples stay in memory


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
    sources: tuple[str, ...] = ()  # of the recordings
    recording: NDArray[np.int64] | None = None  # [N], of which each example was cut

    def source(self, example: int) -> str:
        """Where an example comes from: its recording, and which window of it; empty where that is not known."""
        if self.recording is None or not self.sources:
            return ""
        of, first = int(self.recording[example]), int(np.argmax(self.recording == self.recording[example]))
        several = int((self.recording == of).sum()) > 1
        return f"{self.sources[of]}{f', window {example - first + 1}' if several else ''}"

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What every trial with one front end shares."""

    front_end: str  # its name in the contract; empty where there is one
    pipeline: Pipeline
    train: Examples
    validate: Examples
    classes: tuple[str, ...]
    outputs: int
    data_digest: str
    _splits: Splits
    _source: _Source

    @property
    def rotations(self) -> int:
        """How many folds are held out in turn; 1 without folds."""
        return len(self._source.rotations)

    def rotated(self, number: int) -> Prepared:
        """The same front end fitted and computed where fold `number` is the test split; 0 is the search's own split.
        Nothing of it is kept. Raises DataError."""
        if number == 0:
            return self
        source = self._source
        return _Source(source.contract, source.dataset, source.rotations[number]).prepared(self.front_end)

    def behind(self, front_end: str) -> Prepared:
        """The same data behind another front end of the contract, "" for the first. Safe to call from several threads.

        Raises:
            ArchitectureError: the contract has no front end of that name.
            DataError: the front end cannot be fitted to the training split.
        """
        name = self._source.contract.front_end(front_end).name
        return self if name == self.front_end else self._source.prepared(name)

    def open_test(self, opening: Opening) -> Examples:
        """The sealed split, against the note that it is opened (study/winner/seal.py). For the winner only."""
        return self._source.examples(self._splits.test, self.pipeline)

    def validation_streams(self) -> tuple[Stream, ...]:
        """What decisions are judged on during a search. Raises DataError; see `streams_of`."""
        return self._source.streams(self._splits, Split.VALIDATE)

    def open_test_streams(self, opening: Opening) -> tuple[Stream, ...]:
        """Those of the sealed split, against the note that it is opened. For the winner only."""
        return self._source.streams(self._splits, Split.TEST)

    def inspect(self, contract: Contract) -> Inspection:
        """What is in the data, and what is wrong with them: of the sealed split, that alone leaves here."""
        return look(self._source.dataset, self._splits, contract)


@dataclass(slots=True, eq=False)
class _Source:
    """The recordings and their splits, and the front ends that were computed of them lately."""

    contract: Contract
    dataset: Dataset
    splits: Splits
    rotations: tuple[Splits, ...] = ()
    recent: OrderedDict[str, Prepared] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    known_streams: dict[Split, tuple[Stream, ...]] = field(default_factory=dict)

    def streams(self, splits: Splits, split: Split) -> tuple[Stream, ...]:
        with self.lock:
            if split not in self.known_streams:
                found = streams_of(self.contract, self.dataset, splits, split)
                check_streams(found)
                self.known_streams[split] = found
            return self.known_streams[split]

    def prepared(self, name: str) -> Prepared:
        with self.lock:
            if name not in self.recent:
                self.recent[name] = self._made(name)
                while len(self.recent) > MAX_RECENT:
                    self.recent.popitem(last=False)
            self.recent.move_to_end(name)
            return self.recent[name]

    def _made(self, name: str) -> Prepared:
        dataset, splits = self.dataset, self.splits
        training = [dataset.signals[index] for index in splits.train]
        pipeline = fit(self.contract.front_end(name).stages, training, self.contract.data.signal)
        return Prepared(
            front_end=name,
            pipeline=pipeline,
            train=self.examples(splits.train, pipeline),
            validate=self.examples(splits.validate, pipeline),
            classes=dataset.classes,
            outputs=dataset.outputs,
            data_digest=dataset.digest,
            _splits=splits,
            _source=self,
        )

    def examples(self, chosen: NDArray[np.int64], pipeline: Pipeline) -> Examples:
        """The examples of the chosen recordings."""
        dataset, group = self.dataset, self.contract.data.split.group
        recordings = tuple(dataset.signals[index] for index in chosen)
        extracted = extracted_once(pipeline, recordings, [dataset.digest, chosen.tobytes()])
        if not len(extracted.inputs):
            raise DataError(
                f"none of {len(recordings)} recordings is as long as the window of {pipeline.frames_for(1)} frames"
            )
        owner = chosen[extracted.recording]
        strata = {name: values[owner] for name, values in dataset.strata.items()}
        if group:
            strata[group] = dataset.groups[owner]
        return Examples(
            extracted.inputs,
            dataset.labels[owner],
            dataset.groups[owner],
            strata,
            recordings,
            tuple(str(dataset.sources[index]) for index in chosen),
            extracted.recording,
        )


def inspect(contract: Contract, say: Say = silent) -> Inspection:
    """What is in a contract's data, and what is wrong with them. Nothing is trained, extracted or kept.

    Raises:
        DataError, ContractError: as `prepare`.
    """
    dataset, (splits, *_) = _split(contract, say)
    with suppress(ToolError):  # features are computed in C; without a compiler, `doctor` says so
        fit(contract.features, [dataset.signals[index] for index in splits.train], contract.data.signal)
    return look(dataset, splits, contract)


def prepare(contract: Contract, say: Say = silent) -> Prepared:
    """`say` hears how far loading is, where it takes long.

    Raises:
        DataError: the data are missing, damaged or too few; see data.load and data.splits.
        ContractError: a goal on a class that they do not have.
    """
    dataset, splits = _split(contract, say)
    return _Source(contract, dataset, splits[0], splits).prepared(contract.front_ends[0].name)


def _split(contract: Contract, say: Say) -> tuple[Dataset, tuple[Splits, ...]]:
    dataset = load_dataset(contract, say)
    _check_classes(contract, dataset.classes)
    splits = rotations(dataset, contract.data.split)
    if any(goal.worst for goal in contract.goals):
        check_strata(dataset, splits[0], contract.data.strata)
    return dataset, splits


def _check_classes(contract: Contract, classes: tuple[str, ...]) -> None:
    """Raises ContractError for goals on classes that the data do not have."""
    problems = [
        Problem(
            contract.path,
            contract.lines.get(f"goals.{goal.key}", 0),
            f"goals.{goal.key}",
            f"the unknown class {goal.label!r}",
            did_you_mean(goal.label, list(classes)),
        )
        for goal in contract.goals
        if contract.task is Task.CLASSIFICATION and goal.label and goal.label not in classes
    ]
    if problems:
        raise ContractError(problems)
