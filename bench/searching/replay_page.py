"""What bench/replays.json says, as a table. Reads nothing else, so the same file gives the same page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median, median_low
from typing import Any, Final

import numpy as np

from searching.summary import Floats, band

YARDSTICK: Final = "random"
DEFAULT: Final = "bayesian"
TASKS: Final = 5  # fewer are no result
HELD_OUT: Final = 2
TRAININGS: Final = 24
GOAL: Final = 0.5  # of random's trainings


def best_so_far(about: Mapping[str, Any], runs: Sequence[Sequence[float]]) -> Floats:
    """The best after each training, higher is better: [seeds, trainings]. A run that ended keeps its last value."""
    sign = 1.0 if about["higher_is_better"] else -1.0
    count = about["trainings"]
    rows = [[*run, *[run[-1]] * (count - len(run))] for run in runs]
    return np.maximum.accumulate(sign * np.array(rows, np.float64), axis=1)


def level_of(about: Mapping[str, Any]) -> float:
    """Random search's final quality: the median of its seeds (of an even number the lower one), higher is better."""
    return float(median_low(best_so_far(about, about["runs"][YARDSTICK])[:, -1]))


def needed(about: Mapping[str, Any], proposer: str) -> list[float]:
    """By seed, after how many trainings the level was reached; infinite where it never was."""
    best = best_so_far(about, about["runs"][proposer])
    hits = best >= level_of(about) - 1e-9
    return [float(np.argmax(row)) + 1 if row.any() else float("inf") for row in hits]


def by_loss(about: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same replays, with the float model's lowest validation loss as what counts."""
    return {**about, "runs": about["losses"], "higher_is_better": False}


def share(about: Mapping[str, Any], proposer: str) -> float:
    """Its median of trainings to random's final quality, over random's."""
    return median(needed(about, proposer)) / median(needed(about, YARDSTICK))


def below(about: Mapping[str, Any], proposer: str) -> list[int]:
    """After which numbers of trainings its mean is below the 95 % band of random's mean."""
    low, _ = band(best_so_far(about, about["runs"][YARDSTICK]))
    mean = best_so_far(about, about["runs"][proposer]).mean(axis=0)
    return [int(at) + 1 for at in np.flatnonzero(mean < low - 1e-9)]


def replay_page(results: Mapping[str, Any]) -> str:
    """Markdown."""
    lines = [
        f"Measured {results['date']}, {results['seeds']} seeds, {results['trainings']} trainings each, or fewer where "
        "the pool is small." + _unfinished(results["tasks"]),
        "",
        "| task | metric | pool: random + designs | trainings | proposer | trainings to random's final quality | "
        "share of random's | the same by validation loss | seeds that reach it | median final | "
        "mean below random's band after |",
        "|---|---|---|---:|---|---:|---:|---:|---:|---:|---|",
    ]
    for task, about in results["tasks"].items():
        for proposer, runs in about["runs"].items():
            counts = needed(about, proposer)
            middle = median(counts)
            final = abs(float(np.median(best_so_far(about, runs)[:, -1])))
            parts = share(about, proposer), share(by_loss(about), proposer)
            lines.append(
                f"| {task}{' (held out)' if about['held_out'] else ''} | {about['metric']} | "
                f"{about['random']} + {about['designs']} | {about['trainings']} | {proposer} | {_count(middle)} | "
                f"{' | '.join('–' if proposer == YARDSTICK else _share(part) for part in parts)} | "
                f"{sum(np.isfinite(counts))} of {len(counts)} | {final:.4g} | "
                f"{', '.join(map(str, below(about, proposer))) or 'never'} |"
            )
    met = [task for task, about in results["tasks"].items() if share(about, DEFAULT) <= GOAL]
    missed = [task for task in results["tasks"] if task not in met]
    lines += [
        "",
        f"`{DEFAULT}`, the default, needs at most {GOAL:g} of random's trainings on {len(met)} of "
        f"{len(results['tasks'])} tasks" + (f"; not on {', '.join(missed)}." if missed else "."),
    ]
    noise = [f"{task} {about['noise']:.2f}" for task, about in results["tasks"].items() if about["noise"] is not None]
    if noise:
        lines += [
            "",
            "How much of the spread between random candidates is noise of training (standard deviation of the log loss "
            "between two seeds over that between candidates; for auc, of the metric): " + ", ".join(noise) + ".",
        ]
    return "\n".join(lines)


def _unfinished(tasks: Mapping[str, Mapping[str, Any]]) -> str:
    held_out = sum(about["held_out"] for about in tasks.values())
    short = [task for task, about in tasks.items() if about["trainings"] < TRAININGS]
    if len(tasks) >= TASKS and held_out >= HELD_OUT and not short:
        return ""
    few = f"; fewer than {TRAININGS} trainings on {', '.join(short)}" if short else ""
    return (
        f" **Unfinished:** {len(tasks)} tasks, {held_out} held out{few}. A result needs {TASKS} tasks with "
        f"{HELD_OUT} held out, and {TRAININGS} trainings."
    )


def _share(part: float) -> str:
    return f"{part:.2f}" if np.isfinite(part) else "more"


def _count(middle: float) -> str:
    return f"{middle:g}" if np.isfinite(middle) else "not reached"
