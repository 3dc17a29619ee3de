"""`CrossValidation`: what finalists reach when each group is held out in turn."""

from __future__ import annotations

from dataclasses import dataclass

from mlforge.records.quality import Quality


@dataclass(frozen=True, slots=True)
class Finalist:
    """`quality` is that of the validation groups of all folds together, int8 on the host; `values` are those of single
    folds, in order."""

    trial: int
    quality: Quality
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """`chosen` names for each fold the finalist that did best on that fold's own validation groups. Its model is judged
    on the fold's sealed groups, which it never saw; `sealed` pools these, by stage. Fold `left_out` is no part of it:
    by its groups the search compared candidates. `trainings` are those that the folds took beside the search's."""

    folds: int
    finalists: tuple[Finalist, ...]
    chosen: tuple[int, ...]
    left_out: int
    sealed: tuple[Quality, ...]
    trainings: int
    seconds: float
