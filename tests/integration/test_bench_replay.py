"""Replays of proposers on tables of trainings: the tables that are committed, and one that is made up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlforge.contract import Task
from mlforge.search.draws import drawn
from mlforge.search.feasibility import lower_bounds
from mlforge.search.space import space_for
from mlforge.search.traits import traits

ROOT = Path(__file__).parents[2]
FLASH = 5 << 10


@pytest.fixture(autouse=True)
def bench_on_the_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    yield


def rows(count: int) -> list[dict[str, Any]]:
    """Candidates whose loss falls with their multiplications; what has more than 2 KiB of weights breaks the limit."""
    found = []
    for one in drawn(space_for(Task.REGRESSION, (10,), 1), count, np.random.default_rng(1)):
        weights = lower_bounds(one.architecture)["flash"]
        loss = [float(np.exp(-0.3 * traits(one.architecture)[0]))] if weights < 2048 else []
        found.append(
            {
                "id": one.id,
                "from": "random",
                "flash": FLASH - 2048 + weights,
                "ram": 100,
                "stack": 200,
                "latency_us": 10.0,
                "loss": loss,
                "quality": [1000 * value for value in loss],
                "parameters": dict(one.parameters),
                "architecture": json.loads(one.architecture.to_json()),
            }
        )
    return found


def test_where_size_is_all_the_default_needs_fewer_trainings_than_random() -> None:
    from searching.replay import results_of
    from searching.replay_page import below, needed, replay_page, share

    about = results_of("progression", rows(90), ("random", "bayesian", "tpe"), seeds=4, trainings=12)
    assert {len(run) for runs in about["runs"].values() for run in runs} == {12}
    assert share(about, "random") == 1
    assert share(about, "bayesian") < 1
    assert below(about, "bayesian") == []
    assert all(count >= 1 for count in needed(about, "tpe"))
    page = replay_page({"date": "2026-01-02", "seeds": 4, "trainings": 12, "tasks": {"progression": about}})
    assert "progression (held out)" in page
    assert " of 1 tasks" in page


def test_a_replay_depends_on_its_seed_and_repeats() -> None:
    from searching.replay import Table, replayed

    parts = [Table.of("progression", rows(60)).part(seed) for seed in (1, 2)]
    for name in ("random", "bayesian", "nsga2"):
        first, other = (replayed(part, name, seed, 8) for seed, part in enumerate(parts, 1))
        assert first == replayed(parts[0], name, 1, 8)
        assert first != other


def test_a_level_that_is_never_reached_is_said() -> None:
    from searching.replay_page import needed, replay_page, share

    runs = {"random": [[0.5, 0.6]] * 3, "bayesian": [[0.4, 0.5]] * 3}
    about = {
        "metric": "accuracy",
        "higher_is_better": True,
        "held_out": False,
        "trainings": 2,
        "random": 9,
        "designs": 0,
        "noise": None,
        "runs": runs,
        "losses": runs,
    }
    assert needed(about, "bayesian") == [float("inf")] * 3
    assert share(about, "bayesian") == float("inf")
    page = replay_page({"date": "2026-01-02", "seeds": 3, "trainings": 2, "tasks": {"one": about}})
    assert "not reached | more | 1.00 | 0 of 3" in page
    assert "on 0 of 1 tasks; not on one." in page


@pytest.mark.parametrize("file", sorted((ROOT / "bench" / "pools").glob("*.jsonl")), ids=lambda file: file.stem)
def test_committed_tables_are_of_todays_space(file: Path) -> None:
    from searching.replay import Table

    known = [json.loads(line) for line in file.read_text().splitlines()]
    table = Table.of(file.stem, known)
    assert len(table.candidates) == len(known)  # each architecture gives its id
    assert all(row["flash"] <= table.limits["flash"] for row in known if row["loss"])
