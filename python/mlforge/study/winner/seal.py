"""The seal on the test split: it opens only against an `Opening`, and every opening is in the study's memory before it.

What is counted is models, over all studies of the same data and split in one database: a second contract does not make
an opened split fresh again. The same model measured twice is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mlforge.contract.contract import SplitSpec
from mlforge.records.opening import Opening
from mlforge.study.memory.study_store import StudyStore
from mlforge.toolchain.cache import digest

# A fact for each trial and each model, because several machines may note theirs at once.
TEST_OPENED_FOR: Final = "test_opened_for:"
TEST_MODEL: Final = "test_model:"


def note_opening(
    store: StudyStore, data_digest: str, split: SplitSpec, number: int | None, model: str, fold: int = 0
) -> Opening:
    """Remembers that the test split is opened, before it is.

    Args:
        number: the trial of this study; None where the model is of another one.
        model: the SHA-256 of the model file.
        fold: whose groups are opened; each fold is a split of its own.
    """
    split_name = digest([data_digest, repr(split), *([str(fold)] if fold else [])])[:16]
    seen = f"{TEST_MODEL}{split_name}:"
    if number is not None:
        store.note(**{f"{TEST_OPENED_FOR}{number}": "yes"})
    store.note(**{f"{seen}{model}": "yes"})
    trials = _noted(store.facts(), TEST_OPENED_FOR)
    models = {name for facts in store.facts_of_all() for name in _noted(facts, seen)}
    return Opening(tuple(sorted(map(int, trials))), len(models))


def _noted(facts: Mapping[str, str], prefix: str) -> list[str]:
    return [key.removeprefix(prefix) for key in facts if key.startswith(prefix)]
