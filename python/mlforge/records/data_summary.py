"""What a data set holds, in numbers, and what was found in it: `check`, `optimise` and the report show the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlforge.records.finding import Finding, Severity


@dataclass(frozen=True, slots=True)
class SplitSummary:
    """`inputs`: what the model sees of it, windows or whole recordings; `classes`: those by class."""

    name: str
    recordings: int
    inputs: int
    groups: int
    classes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ChannelSummary:
    """Over the training split, in the sensor's unit."""

    name: str
    lowest: float
    median: float
    highest: float
    deviation: float


@dataclass(frozen=True, slots=True)
class DataSummary:
    """`recordings` is what can be used; `left_out` are shorter than the window. Lengths are in frames; a rate of 0 is
    unknown."""

    recordings: int
    left_out: int
    groups: int
    group: str  # the contract's column; empty where each recording is its own
    shortest: int
    median: int
    longest: int
    rate_hz: float
    splits: tuple[SplitSummary, ...]
    channels: tuple[ChannelSummary, ...]  # at most CHANNELS of them, in order
    channel_count: int


CHANNELS = 16


@dataclass(frozen=True, slots=True)
class Inspection:
    """All that was seen of a data set before anything was trained."""

    summary: DataSummary
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)
