"""Cost first against the order of the first attempt at all this: train, then build, then find out.

The same architectures, trainer, target and checks; nothing is remembered, nothing stopped early. Each architecture goes
through both orders, one right after the other, so that whatever else the machine does meets both alike; who is first
alternates. CPU seconds count all processes, so they hold on a busy machine, too.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from mlforge.errors import ForgeError
from mlforge.records.quality import Split
from mlforge.records.trial import State
from mlforge.search.proposer import Proposal
from mlforge.search.random import RandomProposer
from mlforge.search.space import space_for
from mlforge.study.evaluate import Evaluator
from mlforge.study.events import Silent
from mlforge.study.model import read_model
from mlforge.study.verdicts import judge
from searching.runs import contract_of, evaluator_of

ORDERS = ("train_first", "cost_first")


def compare(task: str, epochs: int, count: int, keep: Callable[[list[dict[str, Any]]], None]) -> None:
    """Args:
    keep: takes the rows so far after each architecture.
    """
    contract = contract_of(task, epochs)
    rows: list[dict[str, Any]] = []
    with ExitStack() as stack:
        by_order = {order: stack.enter_context(evaluator_of(contract, None)) for order in ORDERS}
        prepared = by_order["cost_first"].prepared
        space = space_for(contract.task, prepared.pipeline.input_shape, prepared.outputs)
        proposer = RandomProposer(space, 1, by_order["cost_first"].metric)
        for number in range(-1, count):  # the first fills the compiler's caches and is not counted
            proposal = proposer.propose(number + 1, [])
            row: dict[str, Any] = {}
            for order in ORDERS if number % 2 else reversed(ORDERS):
                row[order] = _timed(WAYS[order], by_order[order], number, proposal)
            if number >= 0:
                rows.append(row)
                keep(rows)
                print(f"{contract.name} {number + 1}/{count} {row}", flush=True)


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
    """Of this process and of all those that it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
