"""Finalists are trained with more seeds before one wins: a lead of one training over another is partly luck.

Each finalist's answers of all seeds count as one set, on the same validation data and for the same groups. The winner's
model stays the one that the search trained: the seeds choose a design, and no seed is picked for what it looked like.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from mlforge.errors import TrainingError
from mlforge.measure import ranking
from mlforge.records.trial import Trial
from mlforge.study.evaluate import Evaluator
from mlforge.study.halving import Halving
from mlforge.study.winner.folds import Answered, answered, finalists_of, pooled_trial


def trained_again(evaluator: Evaluator, trials: Sequence[Trial], say: Callable[[str], None]) -> tuple[Trial, ...]:
    """The finalists with the qualities and verdicts of all their seeds. All trials as they are where the contract asks
    for one seed, nobody meets it, or there is nothing to choose.

    Raises:
        ForgeError: what their artefacts or the target raise.
    """
    more = range(1, evaluator.contract.search.seeds)
    finalists = finalists_of(trials)
    if not more or len(finalists) < 2:
        return tuple(trials)
    numbers = ranking.listed([trial.number for trial in finalists])
    say(f"trials {numbers} are trained with {len(more)} more seed{'s' if len(more) > 1 else ''} each before one wins")
    start = time.monotonic()
    with ThreadPoolExecutor(evaluator.contract.search.workers) as pool:
        found = list(pool.map(lambda more: _with_seed(evaluator, finalists, more, say), (0, *more)))
    whole = [trial for trial in finalists if all(any(one.trial is trial for one in seed) for seed in found)]
    say(f"more seeds took {time.monotonic() - start:.0f} s")
    return tuple(pooled_trial(evaluator, trial, found) for trial in whole) or tuple(trials)


def _with_seed(
    evaluator: Evaluator, finalists: Sequence[Trial], more: int, say: Callable[[str], None]
) -> tuple[Answered, ...]:
    """What they answer, trained with the study's seed and so many more; with none the search's models are there."""
    found = []
    for trial in finalists:
        behind = evaluator.behind(trial.architecture.front_end)
        recipe = replace(behind.recipe, seed=behind.recipe.seed + more)
        try:
            again = more if trial.architecture.imported is None else 0  # what came trained has one seed
            found.append(answered(replace(behind, recipe=recipe, halving=Halving()), trial, again))
        except TrainingError as error:
            say(f"trial {trial.number} is no finalist any more: with seed {recipe.seed}: {error.message}")
    return tuple(found)
