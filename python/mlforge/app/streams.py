"""Streams that decisions are judged on: long recordings with their events, of people who did not train."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

import numpy as np
from numpy.typing import NDArray

from mlforge.contract.contract import Contract
from mlforge.data.dataset import Dataset
from mlforge.data.long_recordings import LongRecording, load_long_recordings
from mlforge.data.recordings import Signal
from mlforge.data.splits import Splits
from mlforge.errors import DataError
from mlforge.measure.events import Event
from mlforge.records.quality import Split


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """`signal` [frames, channels], and its events by their start: of classes that are not of the background."""

    signal: Signal
    events: tuple[Event, ...]


def streams_of(contract: Contract, dataset: Dataset, splits: Splits, split: Split) -> tuple[Stream, ...]:
    """The streams of the validation or the test split.

    Raises:
        DataError: a long recording cannot be used, or none is of the split.
    """
    if contract.events is None or contract.data.signal is None or contract.decision is None:
        raise DataError("streams need the contract's events, decision and data.signal")
    background = {index for index, name in enumerate(dataset.classes) if name in contract.decision.background}
    if not contract.events.recordings:
        chosen = splits.validate if split is Split.VALIDATE else splits.test
        return (joined([dataset.signals[index] for index in chosen], dataset.labels[chosen], background),)
    rate_hz = contract.data.signal.rate_hz
    directory = contract.app_dir / contract.events.recordings
    found = load_long_recordings(directory, rate_hz, dataset.signals[0].shape[-1], dataset.classes)
    mine = _of_split(found, dataset, splits, split)
    if not mine:
        hint = "a recording belongs to the split of its group: its name up to the first '_'"
        raise DataError(f"no long recording is of the {split} split", file=directory, hint=hint)
    return tuple(_stream(each, dataset.classes, background, rate_hz) for each in mine)


def joined(signals: Sequence[Signal], labels: NDArray[np.int64], background: set[int]) -> Stream:
    """One stream of single recordings, one after the other in an order drawn once: events and background in turn, as
    far as both go. Neighbours of one class are one event."""
    order = np.random.default_rng(0).permutation(len(signals)).tolist()
    quiet = [index for index in order if int(labels[index]) in background]
    loud = [index for index in order if int(labels[index]) not in background]
    turns = _spread(loud, quiet) if len(loud) >= len(quiet) else _spread(quiet, loud)
    events: list[Event] = []
    at = 0
    for index in turns:
        label, end = int(labels[index]), at + len(signals[index])
        if label not in background:
            if events and events[-1].label == label and events[-1].end == at:
                at = events.pop().start
            events.append(Event(label, at, end))
        at = end
    return Stream(np.concatenate([signals[index] for index in turns]), tuple(events))


def _spread(many: list[int], few: list[int]) -> list[int]:
    """One of the few behind each share of the many."""
    shares = [part.tolist() for part in np.array_split(np.array(many, np.int64), max(len(few), 1))]
    return [
        *chain.from_iterable([*part, *([one] if one is not None else [])] for part, one in zip_longest(shares, few))
    ]


def _of_split(found: Sequence[LongRecording], dataset: Dataset, splits: Splits, split: Split) -> list[LongRecording]:
    """A recording is of the split of its group; those of trained groups are of none, and those of groups that the data
    set does not have are of validation and test in turn."""
    places = {Split.TRAIN: splits.train, Split.VALIDATE: splits.validate, Split.TEST: splits.test}
    groups = {str(group): name for name, place in places.items() for group in dataset.groups[place]}
    strangers = [each for each in found if each.group not in groups]
    turn = Split.VALIDATE, Split.TEST
    return [
        each
        for each in found
        if groups.get(each.group) is split or (each.group not in groups and turn[strangers.index(each) % 2] is split)
    ]


def _stream(recording: LongRecording, classes: Sequence[str], background: set[int], rate_hz: int) -> Stream:
    events = [
        Event(classes.index(label.text), round(label.start_s * rate_hz), round(label.end_s * rate_hz))
        for label in recording.labels
    ]
    return Stream(recording.signal, tuple(event for event in events if event.label not in background))


def check_streams(streams: Sequence[Stream]) -> None:
    """Raises DataError where there is nothing to find."""
    if not any(stream.events for stream in streams):
        raise DataError("no event in any stream: all labels are of decision.background")
