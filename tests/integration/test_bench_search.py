"""The search benchmark: a small one from end to end, what it says of given results, and that the pages say it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.unit.search.agent.scripted import Script

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "bench" / "search.json"


@pytest.fixture(autouse=True)
def bench_on_the_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    yield


def results(**values: list[list[float | None]]) -> dict[str, Any]:
    """Results of one task: by proposer, the values of each seed."""
    runs = [
        {
            "task": "one",
            "proposer": name,
            "seed": seed,
            "states": "".join("r" if value is None else "t" for value in run),
            "values": run,
            "by_agent": [],
            "handed_over": {},
        }
        for name, seeds in values.items()
        for seed, run in enumerate(seeds, 1)
    ]
    about = {"metric": "accuracy", "goal": 0.9, "limits": {"flash_bytes": 1024}, "epochs": 2, "chance": 0.25}
    trials = len(runs[0]["values"])  # type: ignore[arg-type]
    return {"tasks": {"one": about}, "runs": runs, "date": "2026-01-02", "trials": trials, "agent": "", "orders": {}}


def judged(fits: bool, whole_s: float, first_s: float, stages_s: float, state: str = "trained") -> dict[str, Any]:
    """One architecture, judged in all three ways."""

    def taken(seconds: float, training_s: float) -> dict[str, Any]:
        return {"fits": fits, "cpu_s": seconds, "wall_s": 2 * seconds, "training_s": training_s}

    return {
        "train_first": taken(whole_s, whole_s - 1),
        "cost_first": taken(first_s, first_s - 1 if fits else 0),
        "optimise": {"state": state if fits else "rejected", "stages_s": stages_s},
    }


@pytest.mark.slow
@pytest.mark.requires(target="mps2/an386")
def test_two_seeds_of_every_proposer_and_again_from_what_is_stored(tmp_path: Path) -> None:
    from searching.runs import Job, contract_of, done, settings, stored
    from searching.summary import PROPOSERS, page

    design = {"kind": "Dense", "units": 8}
    layers = [design, {**design, "units": 4}, design]
    says = {"reasoning": "small", "action": "propose", "architectures": [{"layers": layers}]}
    jobs = [Job("anomaly", seed, PROPOSERS, 2, tmp_path, epochs=1) for seed in (1, 2)]
    runs = [run for job in jobs for run in done(job, Script([json.dumps(says)]))]
    assert [(run["seed"], run["proposer"]) for run in runs] == [(seed, name) for seed in (1, 2) for name in PROPOSERS]
    assert all(len(run["states"]) == len(run["values"]) == 2 for run in runs)
    assert all(
        (state == "t") is (value is not None)
        for run in runs
        for state, value in zip(run["states"], run["values"], strict=True)
    )
    before = {path: path.read_bytes() for path in tmp_path.glob("*/*.jsonl")}
    assert len(before) == 8
    longest = max(before, key=lambda path: len(before[path]))
    longest.write_bytes(before[longest][:-20])  # killed while writing
    assert [run for job in jobs for run in done(job, Script(["never asked"]))] == runs
    assert {path: path.read_bytes().count(b"\n") for path in before} == dict.fromkeys(before, 2)
    text: dict[str, Any] = {"tasks": {"anomaly": settings(contract_of("anomaly", 1))}, "runs": runs, "orders": {}}
    text |= {"date": "2026-01-02", "trials": 2, "agent": "a script"}
    assert json.loads(stored(text)) == text
    assert "| agent | 2 |" in page(text)


def test_before_anything_fits_a_constant_answer_stands() -> None:
    from searching.summary import curves

    seeds, best = curves(results(random=[[None, 0.5, 0.4, 0.7], [0.1, None, 0.6, 0.6]]), "one", "random")
    assert seeds == [1, 2]
    assert best.tolist() == [[0.25, 0.5, 0.5, 0.7], [0.25, 0.25, 0.6, 0.6]]


def test_the_band_covers_the_mean_about_as_often_as_it_says() -> None:
    from searching.summary import band

    random = np.random.default_rng(1)
    inside = 0
    for _ in range(60):
        low, high = band(random.normal(3.0, 1.0, (12, 1)))
        inside += bool(low[0] <= 3.0 <= high[0])
    assert 48 <= inside < 60
    assert [end.tolist() for end in band(np.array([[1.0], [1.0]]))] == [[1.0], [1.0]]


def test_differences_are_between_the_same_seeds_and_a_loss_is_a_loss() -> None:
    from searching.summary import page

    said = page(results(random=[[0.5, 0.9], [0.5, 0.7], [0.6, 0.8]], tpe=[[0.5, 0.8], [0.5, 0.6]]))
    assert "| -0.100 [-0.100, -0.100] | not reached |" in said
    assert "The agent was not run" in said


def test_what_the_agent_did_is_counted() -> None:
    from searching.summary import page

    text = results(random=[[0.5, 0.6]], agent=[[0.5, None]])
    text["agent"] = "tiny"
    text["runs"][1] |= {"by_agent": [1], "handed_over": {"0": "4 answers were wrong, the last one: 'x'"}}
    said = page(text)
    assert "had 2 turns, proposed 1 architectures, of which 0 kept all limits, and handed 1 turns over" in said
    assert "(1 × 4 answers were wrong)" in said


ROWS = [
    judged(True, 10, 12, 5),
    judged(False, 18, 2, 1),
    judged(False, 12, 1, 1),
    judged(True, 5, 5, 3, "stopped"),
]
ORDER = {
    "epochs": 1,
    "rows": ROWS,
    "optimise": [{"cpu_s": 14.0, "wall_s": 9.0, "training_s": 6.0}, {"cpu_s": 16.0, "wall_s": 9.0, "training_s": 8.0}],
}


def test_ratios_of_the_three_ways() -> None:
    from searching.summary import orders_page, ratio_of, seconds_of

    ratio, low, high = ratio_of(ORDER, "cost_first", "cpu_s")
    assert ratio == 45 / 20
    assert low < ratio < high
    assert seconds_of(ORDER, "optimise", "cpu_s").tolist() == [7.5, 1.5, 1.5, 4.5]  # the mean of both runs, shared out
    assert ratio_of(ORDER, "optimise", "cpu_s")[0] == 3.0
    assert ratio_of(ORDER, "optimise", "wall_s")[0] == 10.0
    assert ratio_of(ORDER, "train_first", "wall_s") == (1.0, 1.0, 1.0)
    said = orders_page({"orders": {"one": ORDER}})
    assert "does not spend 28 of 41 seconds of training (68%), and `optimise` stopped 1 of its" in said
    assert "| 2.2 [" in said and "| 3.0 [" in said and "| 10.0 [" in said


@pytest.mark.requires(platform="linux")
def test_cpu_seconds_of_processes_below_processes_are_counted() -> None:
    from searching.orders import _cpu_s

    burn = "import time\nwhile time.process_time() < 0.5: pass"
    nurse = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {burn!r}])\nprint(flush=True)\ninput()"
    before = _cpu_s()
    with subprocess.Popen([sys.executable, "-c", nurse], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        living = _cpu_s() - before  # of a child's child that has ended, while the child goes on
        process.communicate(b"\n")
    assert living >= 0.5
    assert _cpu_s() - before >= living - 0.05


def test_pages_say_what_was_measured(tmp_path: Path, command: ModuleType) -> None:
    for name in ("performance.md", "search.svg"):
        (tmp_path / name).write_text((ROOT / "docs" / name).read_text())
    command.pages(RESULTS, tmp_path / "performance.md", tmp_path / "search.svg")
    for name in ("performance.md", "search.svg"):
        assert (tmp_path / name).read_text() == (ROOT / "docs" / name).read_text(), f"bench/search.py pages: {name}"


def test_pages_that_say_something_else_are_seen(tmp_path: Path, command: ModuleType) -> None:
    text = json.loads(RESULTS.read_text())
    run = next(run for run in text["runs"] if run["proposer"] == "tpe")
    run["values"] = [0.999] * len(run["values"])
    (tmp_path / "other.json").write_text(json.dumps(text))
    (tmp_path / "performance.md").write_text((ROOT / "docs" / "performance.md").read_text())
    command.pages(tmp_path / "other.json", tmp_path / "performance.md", tmp_path / "search.svg")
    assert (tmp_path / "performance.md").read_text() != (ROOT / "docs" / "performance.md").read_text()
    assert (tmp_path / "search.svg").read_text() != (ROOT / "docs" / "search.svg").read_text()


def test_too_few_seeds_are_no_result_and_the_page_says_so() -> None:
    from searching.summary import page

    said = page(results(random=[[0.5]] * 5, tpe=[[0.6]] * 4))
    assert "**Unfinished:** fewer than 5 seeds of one by tpe (4)." in said
    assert "Unfinished" not in page(results(random=[[0.5]] * 5, tpe=[[0.6]] * 5))


@pytest.fixture
def command(bench_on_the_path: None) -> ModuleType:
    """bench/search.py as a module."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("bench_search", ROOT / "bench" / "search.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
