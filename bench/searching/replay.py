"""Proposers on a table of real trainings (`pool`): many seeds in seconds, with nothing trained anew.

A replay is a study whose evaluations are looked up. It has the product's own proposers and their records; what differs:

- there is nothing beyond the pool: `bayesian` chooses from it (without neighbours of the best), `random` walks through
  its random part in an order of its own; TPE and NSGA-II propose freely, and the nearest candidate of the pool that is
  left, by traits, stands in;
- each seed sees three quarters of the pool, by chance and the same for all proposers: in a study, too, each seed draws
  candidates of its own;
- the looked-up loss and quality of a candidate are the same in every seed, so the noise of a training is part of the
  table, for all proposers alike.

A candidate that breaks a limit is free, as in a study. A replay ends after so many trainings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import optuna
from numpy.typing import NDArray

from mlforge.contract.contract import Contract
from mlforge.records.architecture import Architecture
from mlforge.records.cost import Cost, FlashUse, RamUse
from mlforge.records.quality import Metric, Quality, Split, Stage
from mlforge.records.trial import Epoch, Parameter, State, Trial
from mlforge.records.verdict import Check, Verdict
from mlforge.search.bayesian import BayesianProposer
from mlforge.search.draws import Drawn
from mlforge.search.history import derived_seed
from mlforge.search.proposer import Proposer
from mlforge.search.registry import proposer_named
from mlforge.search.space import Space, space_for
from mlforge.search.traits import traits
from searching.pool import EPOCHS, limits_of
from searching.runs import contract_of

_COLUMNS: Final = {"flash": "flash", "ram": "ram", "stack": "stack", "latency": "latency_us"}
KEPT: Final = 0.75  # of a pool, in one replay
HELD_OUT: Final = ("leaves", "power", "progression")  # nothing of `bayesian` was chosen by these
_ENOUGH: Final = 6  # candidates that were trained twice
_DRAWS: Final = 400  # proposals of one replay, before the pool is taken to be empty


@dataclass(frozen=True, eq=False)
class Table:
    """One task's candidates with what they cost and are worth."""

    contract: Contract
    rows: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, task: str, rows: Sequence[dict[str, Any]]) -> Table:
        return cls(contract_of(task, EPOCHS), tuple(rows))

    @cached_property
    def space(self) -> Space:
        known = Architecture.from_json(json.dumps(next(row["architecture"] for row in self.rows if row["loss"])))
        return space_for(self.contract.task, known.input_shape, known.outputs)

    @cached_property
    def candidates(self) -> dict[str, Drawn]:
        """By id; those that broke a limit, too."""
        found = [self._drawn(row) for row in self.rows]
        return {one.id: one for one in found}

    @cached_property
    def trained(self) -> list[str]:
        return [row["id"] for row in self.rows if row["loss"]]

    @cached_property
    def random_part(self) -> list[str]:
        return [row["id"] for row in self.rows if row["loss"] and row["from"] == "random"]

    @cached_property
    def by_id(self) -> dict[str, dict[str, Any]]:
        return {row["id"]: row for row in self.rows}

    @cached_property
    def limits(self) -> dict[str, float]:
        return limits_of(self.contract)

    @cached_property
    def _places(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Traits of the candidates in deviations, [candidates, traits]; means and deviations, [traits]."""
        rows = np.array([traits(one.architecture) for one in self.candidates.values()], np.float64)
        centre, spread = rows.mean(axis=0), rows.std(axis=0)
        scale = np.where(spread > 0, spread, 1.0)
        return (rows - centre) / scale, centre, scale

    def nearest(self, architecture: Architecture, taken: set[str]) -> str:
        """The candidate nearest to an architecture that is not taken."""
        rows, centre, scale = self._places
        distances = ((rows - (np.array(traits(architecture)) - centre) / scale) ** 2).sum(axis=1)
        names: list[str] = list(self.candidates)
        return str(next(names[at] for at in np.argsort(distances, kind="stable") if names[at] not in taken))

    def part(self, seed: int) -> Table:
        """What one seed sees: KEPT of the rows, by chance."""
        order = np.random.default_rng(derived_seed(seed, 1, 0)).permutation(len(self.rows))
        return Table(self.contract, tuple(self.rows[at] for at in sorted(order[: round(KEPT * len(order))])))

    def offered(self, parents: Sequence[Mapping[str, Parameter]], random: np.random.Generator) -> Sequence[Drawn]:
        """`bayesian`'s candidates, all of them; it leaves out what it has tried."""
        return list(self.candidates.values())

    def trial(self, number: int, name: str) -> Trial:
        row, one = self.by_id[name], self.candidates[name]
        checks = tuple(
            Check(limit, "", amount, row[_COLUMNS[limit]], (amount - row[_COLUMNS[limit]]) / amount, True)
            for limit, amount in self.limits.items()
            if "flash" in row
        )
        known = Trial(
            number, State.REJECTED, one.architecture, one.parameters, verdict=Verdict(checks) if checks else None
        )
        if "flash" in row:
            known = replace(known, cost=_cost(row))
        if not row["loss"]:
            return known
        metric = self.contract.metric
        quality = Quality(Stage.INT8_HOST, Split.VALIDATE, metric, row["quality"][0], 0.0, 100, 0, {})
        epoch = Epoch(row["loss"][0], row["loss"][0], 0.0)
        return replace(known, state=State.TRAINED, qualities=(quality,), history=(epoch,))

    def _drawn(self, row: Mapping[str, Any]) -> Drawn:
        if "architecture" in row:
            architecture = Architecture.from_json(json.dumps(row["architecture"]))
        else:
            architecture = self.space.suggest(optuna.trial.FixedTrial(row["parameters"]))
        if architecture.id != row["id"]:
            raise SystemExit(f"{self.contract.name}: the pool is of an earlier search space; fill it anew")
        return Drawn(architecture, row["parameters"], row["id"])


def replayed(table: Table, proposer: str, seed: int, trainings: int) -> list[str]:
    """The candidates that are trained, in order; fewer where the pool has no more."""
    if proposer == "random":
        order = np.random.default_rng(derived_seed(seed, 0, 0)).permutation(len(table.random_part))
        return [table.random_part[at] for at in order[:trainings]]
    made = _proposer(table, proposer, seed)
    trials: list[Trial] = []
    trained: list[str] = []
    taken: set[str] = set()
    while len(trained) < trainings and len(trials) < _DRAWS and len(taken) < len(table.candidates):
        architecture = made.propose(len(trials), trials).architecture
        name = architecture.id if proposer.startswith("bayesian") else table.nearest(architecture, taken)
        taken.add(name)
        trials.append(table.trial(len(trials), name))
        if trials[-1].state is State.TRAINED:
            trained.append(name)
    return trained


def _proposer(table: Table, name: str, seed: int) -> Proposer:
    if name == "bayesian":
        return BayesianProposer(table.space, seed, table.contract.metric, table.limits, table)
    if name == "bayesian without designs":
        only = Table(table.contract, tuple(row for row in table.rows if row["from"] == "random"))
        return BayesianProposer(table.space, seed, table.contract.metric, table.limits, only)
    return proposer_named(name, table.space, seed, table.contract.metric, limits=table.limits)


def _cost(row: Mapping[str, Any]) -> Cost:
    return Cost(
        target="a table",
        core="",
        method="looked up",
        flash=FlashUse(row["flash"], 0, 0, 0, 0, row["flash"]),
        ram=RamUse(row["ram"], 0, 0, row["ram"]),
        stack_bytes=row["stack"],
        instructions=None,
        cycles=None,
        latency_us=row["latency_us"],
        feature_instructions=None,
        feature_cycles=None,
        feature_latency_us=0.0,
        operators=(),
    )


def results_of(
    task: str, rows: Sequence[dict[str, Any]], proposers: Sequence[str], seeds: int, trainings: int
) -> dict[str, Any]:
    """One task's part of bench/replays.json."""
    table = Table.of(task, rows)
    parts = [table.part(seed) for seed in range(1, seeds + 1)]
    trainings = min(trainings, *(len(part.random_part) for part in parts))
    runs = {name: [replayed(part, name, seed, trainings) for seed, part in enumerate(parts, 1)] for name in proposers}
    return {
        "metric": str(table.contract.metric),
        "higher_is_better": table.contract.metric.higher_is_better,
        "held_out": task in HELD_OUT,
        "trainings": trainings,
        "random": len(table.random_part),
        "designs": len(table.trained) - len(table.random_part),
        "rejected": len(table.candidates) - len(table.trained),
        "noise": _noise(table),
        "runs": _looked_up(table, runs, "quality"),
        "losses": _looked_up(table, runs, "loss"),
    }


def _looked_up(table: Table, runs: Mapping[str, Sequence[Sequence[str]]], key: str) -> dict[str, list[list[float]]]:
    return {
        proposer: [[table.by_id[name][key][0] for name in run] for run in seeds] for proposer, seeds in runs.items()
    }


def _noise(table: Table) -> float | None:
    """The deviation of what `bayesian` learns from between two trainings of a candidate, over that between random
    candidates; None where too few were trained twice."""
    key = "quality" if table.contract.metric is Metric.AUC else "loss"
    both = [table.by_id[name][key] for name in table.random_part if len(table.by_id[name][key]) > 1]
    if len(both) < _ENOUGH:
        return None
    first = np.array([table.by_id[name][key][0] for name in table.random_part], np.float64)
    pairs = np.array([one[:2] for one in both], np.float64)
    if key == "loss":
        first, pairs = np.log(first), np.log(pairs)
    return round(float(np.sqrt(((pairs[:, 0] - pairs[:, 1]) ** 2).mean() / 2) / first.std()), 3)
