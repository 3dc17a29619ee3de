"""What every look at the data needs: the data set, its splits, the contract; and how a finding about them is made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.contract import Contract
from mlforge.data.dataset import Dataset
from mlforge.data.recordings import Signal
from mlforge.data.short import reach_of
from mlforge.data.splits import Indices, Splits
from mlforge.records.finding import Finding, Severity

NAMED: Final = 3  # recordings that a finding names
NAMES: Final = ("train", "validate", "test")


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A data set with its splits, by a contract."""

    dataset: Dataset
    splits: Splits
    contract: Contract

    def members(self, split: str) -> Indices:
        """The recordings of `train`, `validate` or `test`."""
        return {"train": self.splits.train, "validate": self.splits.validate, "test": self.splits.test}[split]

    def split_of(self) -> NDArray[np.int8]:
        """By recording: 0 for train, 1 for validate, 2 for test, -1 for none of them."""
        found = np.full(len(self.dataset.signals), -1, dtype=np.int8)
        for number, name in enumerate(NAMES):
            found[self.members(name)] = number
        return found

    def inputs(self, members: Indices) -> NDArray[np.int64]:
        """How many model inputs each of the recordings gives."""
        reach = reach_of(self.contract)
        if reach is None or not self.series:
            return np.ones(len(members), dtype=np.int64)
        return reach.inputs(np.array([len(self.dataset.signals[int(at)]) for at in members], dtype=np.int64))

    @property
    def series(self) -> bool:
        """Whether recordings are [frames, channels]."""
        return self.dataset.signals[0].ndim == 2

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the values in a frame: the file's own, else numbers from 1 on."""
        first = self.dataset.signals[0]
        named = self.dataset.sampling.channels
        what = "feature" if first.ndim == 1 else "channel"
        count = first.shape[-1]
        return named if len(named) == count else tuple(f"{what} {number + 1}" for number in range(count))

    def frames(self, members: Iterable[int]) -> Iterator[Signal]:
        """Each recording as [frames, channels]; a vector is one frame of its features."""
        count = self.dataset.signals[0].shape[-1]
        for at in members:
            yield self.dataset.signals[int(at)].reshape(-1, count)

    def finding(
        self,
        kind: str,
        severity: Severity,
        key: str,
        what: str,
        cure: str,
        recordings: Iterable[int] = (),
        places: Iterable[str] = (),
    ) -> Finding:
        """About the contract's dotted `key`. An error that `data.allow` names is a warning."""
        allowed = severity is Severity.ERROR and kind in self.contract.data.allow
        named = [*places, *(self.place(at) for at in recordings)]
        shown, severity = tuple(named[:NAMED]), Severity.WARNING if allowed else severity
        if severity is Severity.ERROR:
            cure = f"{cure}; or go on all the same with data.allow: [{kind}]"
        return Finding(kind, severity, what, cure, where(self.contract, key), len(named), shown)

    def place(self, recording: int) -> str:
        """Where a recording is from, seen from the app."""
        return short_place(self.contract, self.dataset.sources[int(recording)])


def where(contract: Contract, key: str) -> str:
    """`mlforge.yaml:7: data.split`; the line is that of the nearest key that the file has."""
    parent = key
    while parent and parent not in contract.lines:
        parent = parent[: max(parent.rfind("."), parent.rfind("["), 0)]
    line = contract.lines.get(parent, 0)
    return f"{contract.path.name}:{line}: {key}" if line else f"{contract.path.name}: {key}"


def short_place(contract: Contract, place: object) -> str:
    """From the app's directory on, where it lies there."""
    return str(place).removeprefix(f"{contract.app_dir}/")
