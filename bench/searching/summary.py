"""What bench/search.json says, in words and tables. Reads nothing else, so the same file gives the same page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]

PROPOSERS: Final = ("random", "tpe", "nsga2", "agent")
DRAWS: Final = 10_000  # of the bootstrap
BAND: Final = (2.5, 97.5)
SEEDS: Final = 5  # fewer are no result
ORDER_NAMES: Final = {
    "train_first": "train, then build, then find out",
    "cost_first": "cost first",
    "optimise": "`optimise`: cost first, halving, two at a time",
}


def curves(results: Mapping[str, Any], task: str, proposer: str) -> tuple[list[int], Floats]:
    """Seeds, and the best value that keeps all limits after each evaluation, [seeds, trials]; before the first one,
    what a constant answer is worth."""
    chance = results["tasks"][task]["chance"]
    runs = sorted(_runs(results, task, proposer), key=lambda run: run["seed"])
    rows = [[chance if value is None else value for value in run["values"]] for run in runs]
    values = np.array(rows, np.float64).reshape(len(rows), results["trials"])
    best = np.maximum.accumulate(np.maximum(values, chance), axis=1)
    return [run["seed"] for run in runs], best


def band(values: Floats) -> tuple[Floats, Floats]:
    """The 95 % bootstrap interval of the mean over the first axis, which is resampled as a whole."""
    draws = np.random.default_rng(0).integers(0, len(values), (DRAWS, len(values)))
    low, high = np.percentile(values[draws].mean(axis=1), BAND, axis=0)
    return low, high


def reached(curve: Floats, level: float) -> int | None:
    """After how many evaluations a mean curve is at `level`."""
    found = np.flatnonzero(curve >= level - 1e-9)
    return int(found[0]) + 1 if len(found) else None


def page(results: Mapping[str, Any]) -> str:
    """Markdown."""
    parts = [_setting(results), _unfinished(results)]
    for task in results["tasks"]:
        parts.append(_task(results, task))
    parts.append(_agent(results))
    return "\n\n".join(part for part in parts if part)


def orders_page(results: Mapping[str, Any]) -> str:
    """Markdown."""
    lines = [
        "| task | architectures | that fit | way | CPU s | wall s | of it training s | judged per CPU hour | "
        "per hour | ratio by CPU | ratio by the clock |",
        "|---|---:|---:|---|---:|---:|---:|---:|---:|---|---|",
    ]
    for name, order in results["orders"].items():
        lines += _order_rows(name, order)
    saved = [_saved(name, order["rows"]) for name, order in results["orders"].items()]
    return "\n".join(lines) + "\n\n" + " ".join(saved)


def seconds_of(order: Mapping[str, Any], way: str, unit: str) -> Floats:
    """What each architecture took, [rows]; `unit` is cpu_s, wall_s or training_s.

    `optimise` is measured as a whole, with its start and its end; the mean of its runs is shared out by what the stages
    of each architecture took.
    """
    if way != "optimise":
        return np.array([row[way][unit] for row in order["rows"]])
    shares = np.array([row[way]["stages_s"] for row in order["rows"]])
    whole = float(np.mean([run[unit] for run in order["optimise"]]))
    spread: Floats = whole * shares / shares.sum()
    return spread


def ratio_of(order: Mapping[str, Any], way: str, unit: str) -> tuple[float, float, float]:
    """How many times more architectures a way judges in the same time than by training first, and its 95 % bootstrap
    interval over architectures. `unit` is cpu_s or wall_s."""
    both = np.stack([seconds_of(order, one, unit) for one in ("train_first", way)], axis=1)
    draws = np.random.default_rng(0).integers(0, len(both), (DRAWS, len(both)))
    sums = both[draws].sum(axis=1)
    low, high = np.percentile(sums[:, 0] / sums[:, 1], BAND)
    return float(both[:, 0].sum() / both[:, 1].sum()), float(low), float(high)


def _order_rows(name: str, order: Mapping[str, Any]) -> Iterable[str]:
    rows = order["rows"]
    fit = sum(row["cost_first"]["fits"] for row in rows)
    for way, words in ORDER_NAMES.items():
        if way not in rows[0]:
            continue
        cpu, wall, training = (seconds_of(order, way, unit).sum() for unit in ("cpu_s", "wall_s", "training_s"))
        ratios = [ratio_of(order, way, unit) for unit in ("cpu_s", "wall_s")]
        told = ["1" if way == "train_first" else f"{one:.1f} [{low:.1f}, {high:.1f}]" for one, low, high in ratios]
        yield (
            f"| {name} | {len(rows)} | {fit} | {words} | {cpu:.0f} | {wall:.0f} | {training:.0f} | "
            f"{len(rows) / cpu * 3600:.0f} | {len(rows) / wall * 3600:.0f} | {told[0]} | {told[1]} |"
        )


def _saved(name: str, rows: Sequence[Mapping[str, Any]]) -> str:
    whole = sum(row["train_first"]["training_s"] for row in rows)
    not_spent = sum(row["train_first"]["training_s"] for row in rows if not row["cost_first"]["fits"])
    stopped = sum(row["optimise"]["state"] == "stopped" for row in rows if "optimise" in row)
    return (
        f"On {name}, cost first does not spend {not_spent:.0f} of {whole:.0f} seconds of training "
        f"({not_spent / whole:.0%})"
        + (f", and `optimise` stopped {stopped} of its trainings early." if stopped else ".")
    )


def _setting(results: Mapping[str, Any]) -> str:
    seeds = sorted({run["seed"] for run in results["runs"]})
    return (
        f"Measured {results['date']}. Seeds {', '.join(map(str, seeds))}; {results['trials']} evaluations each, one "
        "after another. All trainings are by one recipe with one seed, so that an architecture is worth the same "
        f"whoever proposes it. Brackets are 95 % bootstrap intervals of the mean over the seeds ({DRAWS:,} draws); of "
        "so few seeds they are rough, and rather too narrow."
    )


def _unfinished(results: Mapping[str, Any]) -> str:
    """A warning where there are too few seeds; else empty."""
    seeds = Counter((run["task"], run["proposer"]) for run in results["runs"])
    few = [f"{task} by {proposer} ({count})" for (task, proposer), count in seeds.items() if count < SEEDS]
    if not few:
        return ""
    return f"**Unfinished:** fewer than {SEEDS} seeds of {', '.join(few)}. Nothing follows from these rows."


def _task(results: Mapping[str, Any], task: str) -> str:
    about = results["tasks"][task]
    random_seeds, yardstick = curves(results, task, "random")
    lines = [
        f"**{task}**: {about['metric']} on validation data, int8 on the target; {_limits(about['limits'])}; "
        f"{about['epochs']} epochs.",
        "",
        f"| proposer | seeds | proposals within the limits | best after {results['trials'] // 2} | best after "
        f"{results['trials']} | more than random, same seed | evaluations to random's last mean |",
        "|---|---:|---:|---|---|---|---:|",
    ]
    for proposer in PROPOSERS:
        seeds, best = curves(results, task, proposer)
        if not seeds:
            continue
        states = Counter("".join(run["states"] for run in _runs(results, task, proposer)))
        low, high = band(best)
        half, last = results["trials"] // 2 - 1, best.shape[1] - 1
        shared = [seed for seed in seeds if seed in random_seeds]
        more = best[[seeds.index(seed) for seed in shared]] - yardstick[[random_seeds.index(seed) for seed in shared]]
        count = reached(best.mean(axis=0), float(yardstick.mean(axis=0)[-1]))
        lines.append(
            f"| {proposer} | {len(seeds)} | {states['t'] / states.total():.0%} | "
            f"{_interval(best, low, high, half)} | {_interval(best, low, high, last)} | "
            f"{'–' if proposer == 'random' else _interval(more, *band(more), last, sign='+')} | "
            f"{count or 'not reached'} |"
        )
    return "\n".join(lines)


def _interval(values: Floats, low: Floats, high: Floats, at: int, sign: str = "") -> str:
    return f"{values.mean(axis=0)[at]:{sign}.3f} [{low[at]:{sign}.3f}, {high[at]:{sign}.3f}]"


def _limits(limits: Mapping[str, float]) -> str:
    show: Mapping[str, Callable[[float], str]] = {
        "flash_bytes": lambda amount: f"flash {amount / 1024:g} KiB",
        "ram_bytes": lambda amount: f"RAM {amount / 1024:g} KiB",
        "stack_bytes": lambda amount: f"stack {amount / 1024:g} KiB",
        "latency_us": lambda amount: f"latency {amount / 1000:g} ms",
    }
    return ", ".join(show[name](amount) for name, amount in limits.items())


def _agent(results: Mapping[str, Any]) -> str:
    runs = [run for run in results["runs"] if run["proposer"] == "agent"]
    if not runs:
        return "The agent was not run: no figures are made up for it."
    proposed = sum(len(run["by_agent"]) for run in runs)
    refused = sum(len(run["handed_over"]) for run in runs)
    fit = sum(run["values"][number] is not None for run in runs for number in run["by_agent"])
    reasons = Counter(_kind(reason) for run in runs for reason in run["handed_over"].values())
    why = "; ".join(f"{count} × {reason}" for reason, count in reasons.most_common(4))
    return (
        f"The agent's model: {results['agent']}. In {len(runs)} runs it had {proposed + refused} turns, proposed "
        f"{proposed} architectures, of which {fit} kept all limits, and handed {refused} turns over to TPE"
        + (f" ({why})." if why else ".")
        + " Whatever TPE proposed in these runs counts as the agent's in the table."
    )


def _kind(reason: str) -> str:
    """A reason without what differs from one time to the next."""
    return reason.partition(", the last one:")[0].partition(" (")[0]


def _runs(results: Mapping[str, Any], task: str, proposer: str) -> list[Mapping[str, Any]]:
    return [run for run in results["runs"] if (run["task"], run["proposer"]) == (task, proposer)]
