"""What cost first saves: the same architectures of one contract, judged in three ways on the same machine.

    train_first  the order of a first attempt: train to the end, then build and run, then find out whether it fits
    cost_first   cost first, and train what fits to the end
    optimise     the command as it is: cost first, halving, two trials at a time, in one study

`optimise` runs twice, before and after the others, each time in a fresh copy of the task, where nothing is remembered.
Its random proposals are what the other two then judge one after another: each architecture goes through both, one
right after the other, and who is first alternates, so that whatever else the machine does meets both alike. CPU seconds
are those of all processes, so they hold on a busy machine, too. Linux only.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml

from mlforge.app.model import read_model
from mlforge.app.verdicts import judge
from mlforge.errors import ForgeError
from mlforge.records.quality import Split
from mlforge.records.trial import State, Trial
from mlforge.search.proposer import Proposal
from mlforge.study.evaluate import Evaluator
from mlforge.study.events import Silent
from searching.runs import TASKS, contract_of, evaluator_of

ORDERS = ("train_first", "cost_first")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_CPU_FIELDS = slice(11, 15)  # utime, stime, cutime, cstime of /proc/PID/stat, counted behind the name: proc(5)


def compare(task: str, epochs: int, count: int, keep: Callable[[dict[str, Any]], None]) -> None:
    """Args:
    count: how many architectures `optimise` trains; those that it rejects on the way come on top.
    keep: takes the result after each architecture, and in the end.
    """
    trials, first = optimised(task, epochs, count)
    contract = contract_of(task, epochs)
    rows: list[dict[str, Any]] = []
    runs = [first]
    with ExitStack() as stack:
        by_order = {order: stack.enter_context(evaluator_of(contract, None)) for order in ORDERS}
        for number, trial in enumerate([trials[0], *trials], -1):  # the first fills caches and is not counted
            proposal = Proposal(trial.proposed, trial.parameters)
            row = {"optimise": {"state": str(trial.state), "stages_s": round(sum(trial.seconds.values()), 2)}}
            for order in ORDERS if number % 2 else reversed(ORDERS):
                row[order] = _timed(WAYS[order], by_order[order], number, proposal)
            if number >= 0:
                rows.append(row)
                keep({"epochs": epochs, "rows": rows, "optimise": runs})
                print(f"{contract.name} {number + 1}/{len(trials)} {row}", flush=True)
    runs.append(optimised(task, epochs, count)[1])
    keep({"epochs": epochs, "rows": rows, "optimise": runs})


def optimised(task: str, epochs: int, count: int) -> tuple[list[Trial], dict[str, float]]:
    """The trials of `west mlforge optimise` with random proposals, and what the whole command took.

    Raises:
        ForgeError: it ended with an error.
    """
    with tempfile.TemporaryDirectory() as directory:
        app = Path(shutil.copytree(TASKS / task, Path(directory) / task))
        contract = yaml.safe_load((app / "mlforge.yaml").read_text(encoding="utf-8"))
        contract["search"] = {"proposer": "random", "trials": count, "seed": 1, "epochs": epochs}
        (app / "mlforge.yaml").write_text(yaml.safe_dump(contract), encoding="utf-8")
        start, cpu = time.monotonic(), _ended_cpu_s()
        command = [sys.executable, "-m", "mlforge", "optimise", str(app), "--json"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        wall_s, cpu_s = time.monotonic() - start, _ended_cpu_s() - cpu
    if not answer.stdout:
        raise ForgeError(f"optimise ended with status {answer.returncode}: {answer.stderr[-2000:]}")
    trials = [Trial.from_json(json.dumps(trial)) for trial in json.loads(answer.stdout)["trials"]]
    training_s = sum(trial.seconds.get("train", 0.0) for trial in trials)
    return trials, {"wall_s": round(wall_s, 2), "cpu_s": round(cpu_s, 2), "training_s": round(training_s, 2)}


def train_first(evaluator: Evaluator, number: int, proposal: Proposal) -> tuple[bool, float]:
    """Whether it fits, and the seconds of training."""
    start = time.monotonic()
    made = evaluator.trainer.train(evaluator.request(proposal.architecture))
    seconds = time.monotonic() - start
    model = read_model(made.tflite, evaluator.contract.name, evaluator.prepared.pipeline, evaluator.isa)
    fits = judge(evaluator.contract, evaluator.measure(model)).feasible
    if fits:
        evaluator.int8_qualities(model, evaluator.prepared.validate, Split.VALIDATE)
    return fits, seconds


def cost_first(evaluator: Evaluator, number: int, proposal: Proposal) -> tuple[bool, float]:
    trial = evaluator(number, proposal, Silent())
    if trial.state is State.FAILED:
        raise ForgeError(f"trial {number} failed: {trial.failure}")
    return trial.state is not State.REJECTED, trial.seconds.get("train", 0.0)


WAYS = {"train_first": train_first, "cost_first": cost_first}


def _timed(
    way: Callable[[Evaluator, int, Proposal], tuple[bool, float]], evaluator: Evaluator, number: int, proposal: Proposal
) -> dict[str, Any]:
    start, cpu = time.monotonic(), _cpu_s()
    fits, training_s = way(evaluator, number, proposal)
    return {
        "fits": fits,
        "wall_s": round(time.monotonic() - start, 2),
        "cpu_s": round(_cpu_s() - cpu, 2),
        "training_s": round(training_s, 2),
    }


def _cpu_s() -> float:
    """Of this process and of all that it started, ended or not."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime + _ended_cpu_s() + sum(_living_cpu_s(child) for child in _children("self"))


def _ended_cpu_s() -> float:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime


def _living_cpu_s(pid: str) -> float:
    """Of a process, its own children that have ended, and those that have not."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return sum(map(int, fields[_CPU_FIELDS])) / _TICKS_PER_S + sum(_living_cpu_s(child) for child in _children(pid))
    except OSError:  # it ended in this moment, and its parent counts it
        return 0.0


def _children(pid: str) -> Sequence[str]:
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [child for each in lists for child in each.read_text(encoding="utf-8").split()]
