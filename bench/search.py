"""How good the best model within the limits is after so many evaluations, by proposer; and what cost first saves.

    make bench-search                                   the whole, then the pages from it: hours on two cores
    .venv/bin/python bench/search.py run                what is missing of the runs of all proposers but the agent
    .venv/bin/python bench/search.py run --proposers agent --model NAME --endpoint URL
    make bench-orders                                   train first, cost first, and the command as it is
    .venv/bin/python bench/search.py pool               what is missing of the tables of trainings in bench/pools
    .venv/bin/python bench/search.py replay             all proposers but the agent on those tables: minutes
    .venv/bin/python bench/search.py pages              the figure and tables of docs/, from bench/search.json

Whatever is finished of `run` and `orders` is stored under build/bench/search and never made again, so a run may be
ended at any time; they put what is there into bench/search.json. `pool` goes on where it ended, too. The tasks are in
bench/tasks; the data of some come with scikit-learn and aeon (`pip install --no-deps scikit-learn aeon`).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import date
from pathlib import Path
from typing import Any

from searching.figure import figure
from searching.orders import compare
from searching.pool import POOLS, Pool, fill
from searching.replay import results_of
from searching.replay_page import replay_page
from searching.runs import TASKS, Job, Model, contract_of, done, settings, stored
from searching.summary import PROPOSERS, orders_page, page

HERE = Path(__file__).parent
ROOT = HERE.parent
RESULTS = HERE / "search.json"
PERFORMANCE = ROOT / "docs" / "performance.md"
FIGURE = ROOT / "docs" / "search.svg"
REPLAYS = HERE / "replays.json"
SECTIONS = {"replays": replay_page, "search": page, "orders": orders_page}
FEWEST = 16  # random candidates of a pool that is replayed
POOLED = ("activity", "digits", "anomaly", "vowels", "leaves", "power", "progression")
REPLAYED = ("random", "bayesian", "bayesian without designs", "tpe", "nsga2")
NAMES = ("activity", "digits", "anomaly")


def run(arguments: argparse.Namespace) -> None:
    """Seed by seed, so that whatever is finished is whole seeds of all tasks."""
    model = Model(arguments.model, arguments.endpoint) if arguments.endpoint else None
    jobs = [
        Job(task, seed, tuple(arguments.proposers), arguments.trials, arguments.out, arguments.epochs, model)
        for seed in arguments.seeds
        for task in arguments.tasks or NAMES
    ]
    text = read(arguments.json)
    text |= {"date": f"{date.today():%Y-%m-%d}", "trials": arguments.trials}
    text["tasks"] = {task: settings(contract_of(task, arguments.epochs)) for task in arguments.tasks or NAMES}
    text["agent"] = arguments.model if model else text.get("agent", "")
    with ProcessPoolExecutor(arguments.workers, multiprocessing.get_context("spawn")) as pool:
        for finished in as_completed([pool.submit(done, job) for job in jobs]):
            add(text, finished.result())
            arguments.json.write_text(stored(text), encoding="utf-8")


def add(text: dict[str, Any], runs: list[dict[str, Any]]) -> None:
    """Puts runs in place of those of the same task, proposer and seed."""
    known = {(one["task"], one["proposer"], one["seed"]): one for one in [*text["runs"], *runs]}
    order = sorted(known, key=lambda key: (list(text["tasks"]).index(key[0]), PROPOSERS.index(key[1]), key[2]))
    text["runs"] = [known[key] for key in order]


def orders(arguments: argparse.Namespace) -> None:
    text = read(arguments.json)
    for task in arguments.tasks or NAMES:
        epochs = contract_of(task, arguments.epochs).search.epochs

        def keep(found: dict[str, Any], task: str = task) -> None:
            text["orders"][task] = found
            arguments.json.write_text(stored(text), encoding="utf-8")

        compare(task, epochs, arguments.count, keep)


def pool(arguments: argparse.Namespace) -> None:
    for task in arguments.tasks or POOLED:
        fill(Pool(task, arguments.random, POOLS / f"{task}.jsonl"))


def replay(arguments: argparse.Namespace) -> None:
    """What is not replayed now stays as it was."""
    text = json.loads(REPLAYS.read_text(encoding="utf-8")) if REPLAYS.exists() else {"tasks": {}}
    text |= {"date": f"{date.today():%Y-%m-%d}", "seeds": arguments.replays, "trainings": arguments.trainings}
    for task in arguments.tasks or POOLED:
        known = Pool(task, 0, POOLS / f"{task}.jsonl").rows()
        if sum(bool(row["loss"]) for row in known if row["from"] == "random") < FEWEST:
            print(f"{task}: fewer than {FEWEST} random candidates are trained; not replayed", flush=True)
            continue
        text["tasks"][task] = results_of(task, known, REPLAYED, arguments.replays, arguments.trainings)
        text["tasks"] = {name: text["tasks"][name] for name in POOLED if name in text["tasks"]}
        REPLAYS.write_text(json.dumps(text) + "\n", encoding="utf-8")
        print(f"{task} is replayed", flush=True)


def pages(
    results: Path = RESULTS, performance: Path = PERFORMANCE, drawing: Path = FIGURE, replays: Path = REPLAYS
) -> None:
    text = read(results)
    words = performance.read_text(encoding="utf-8")
    for name, make in SECTIONS.items():
        begin, end = f"<!-- {name} table -->", f"<!-- end of {name} table -->"
        head, rest = words.split(begin)
        made = make(read(replays) if name == "replays" else text)
        words = f"{head}{begin}\n{made}\n{end}{rest.split(end)[1]}"
    performance.write_text(words, encoding="utf-8")
    drawing.write_text(figure(text), encoding="utf-8")


def read(results: Path) -> dict[str, Any]:
    empty: dict[str, Any] = {"tasks": {}, "orders": {}, "runs": []}
    return json.loads(results.read_text(encoding="utf-8")) if results.exists() else empty


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("run", "orders", "pool", "replay", "pages"))
    parser.add_argument("--tasks", nargs="*", choices=[path.name for path in TASKS.iterdir() if path.is_dir()])
    parser.add_argument("--proposers", nargs="*", default=["random", "tpe", "nsga2"], choices=PROPOSERS)
    parser.add_argument("--seeds", nargs="*", type=int, default=[1, 2, 3, 4, 5])
    parser.add_argument("--trials", type=int, default=12, help="evaluations of each run (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=0, help="of each training (default: the task's)")
    parser.add_argument("--count", type=int, default=16, help="trainings for `orders` (default: %(default)s)")
    parser.add_argument("--random", type=int, default=60, help="candidates of a `pool` (default: %(default)s)")
    parser.add_argument("--replays", type=int, default=10, help="seeds of `replay` (default: %(default)s)")
    parser.add_argument("--trainings", type=int, default=24, help="of each replay (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default: %(default)s)")
    parser.add_argument("--model", default="", help="the agent's language model, as its endpoint calls it")
    parser.add_argument("--endpoint", default="", help="the agent's endpoint, speaking OpenAI's chat completions")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench" / "search")
    parser.add_argument("--json", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    work: dict[str, Callable[[argparse.Namespace], object]] = {
        "run": run,
        "orders": orders,
        "pool": pool,
        "replay": replay,
        "pages": lambda _: pages(),
    }
    work[arguments.what](arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
