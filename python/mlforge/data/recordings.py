"""What loaders return: labelled recordings as they were found, with the place that each came from. Knows no format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

Signal: TypeAlias = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a recording, or its label, was read: for errors."""

    file: Path | str
    row: int = 0  # 1-based; 0 where the file as a whole is meant

    def __str__(self) -> str:
        return f"{self.file}:{self.row}" if self.row else str(self.file)


@dataclass(frozen=True, slots=True)
class Sampling:
    """What a file tells of its sensor; 0 or empty where it tells nothing."""

    rate_hz: float = 0.0
    channels: tuple[str, ...] = ()
    unit: str = ""


UNTOLD: Final = Sampling()


@dataclass(frozen=True, slots=True)
class Recordings:
    """What a loader returns. All sequences have one entry per recording, and all recordings as many channels.

    `signals` are float32: [frames, channels] for time series, [features] for vectors, [height, width, channels] for
    pictures. `labels` are class names (text or whole numbers; or one-hot, [recordings, classes]), or numbers
    [recordings, outputs] for regression. `columns` are further facts of each recording that a contract may name as
    group or stratum.
    """

    signals: Sequence[Signal]
    labels: NDArray[Any]
    columns: Mapping[str, NDArray[Any]]
    sources: Sequence[Source]
    sampling: Sampling = UNTOLD
    unread: Sequence[Path] = ()  # files of the same kind that were none of the loader's


@dataclass(frozen=True, slots=True, eq=False)
class Stacked(Sequence[Signal]):
    """Recordings of one shape in one array, float32 [N, ...]: a million of them cost no more than their values."""

    values: Signal

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, index: int) -> Signal: ...
    @overload
    def __getitem__(self, index: slice) -> Stacked: ...
    def __getitem__(self, index: int | slice) -> Signal | Stacked:
        return Stacked(self.values[index]) if isinstance(index, slice) else self.values[index]


@dataclass(frozen=True, slots=True, eq=False)
class Rows(Sequence[Source]):
    """The sources of recordings that come from one file, one a row: int64 [N], 1-based."""

    file: Path | str
    numbers: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, index: int) -> Source: ...
    @overload
    def __getitem__(self, index: slice) -> Rows: ...
    def __getitem__(self, index: int | slice) -> Source | Rows:
        if isinstance(index, slice):
            return Rows(self.file, self.numbers[index])
        return Source(self.file, int(self.numbers[index]))
