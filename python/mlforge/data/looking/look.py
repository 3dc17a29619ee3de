"""All that is looked at, in the order in which a person should read it."""

from __future__ import annotations

from mlforge.contract import Contract
from mlforge.data.dataset import Dataset
from mlforge.data.looking.lengths import short_recordings
from mlforge.data.splits import Splits
from mlforge.records.finding import Finding


def look(dataset: Dataset, splits: Splits, contract: Contract) -> tuple[Finding, ...]:
    """What is found in the data of a contract. Deterministic in its arguments."""
    return tuple(short_recordings(dataset, contract))
