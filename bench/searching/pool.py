"""A table of real trainings: what each of a task's candidates is worth, so that proposers can be replayed on it.

The pool has the first random architectures of the task's search space that keep all limits, as `random` proposes them,
and those of the known designs that keep them. Each is costed on the emulated target and trained by the product's own
trainer, the first REPEATED random ones with a second seed, which shows the noise of a training. Its int8 quality is
that of the host's engine, which gives the target's bytes (docs/engine.md). Whatever was trained is in the file at once.
Those that break a limit are in it, too; one whose weights or activations alone break it is not built.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from mlforge.app.model import int8_inputs, read_model
from mlforge.app.verdicts import judge, limits_alone
from mlforge.contract.contract import Contract
from mlforge.errors import ImageTooLargeError, TrainingError, UnsupportedOperatorError
from mlforge.records.architecture import Architecture
from mlforge.records.quality import Split, Stage
from mlforge.records.trial import State, Trial
from mlforge.search.designs import designs_of
from mlforge.search.feasibility import lower_bounds
from mlforge.search.random import RandomProposer
from mlforge.search.space import Space, space_for
from mlforge.study.evaluate import Evaluator
from mlforge.study.workbench import run_int8
from searching.runs import RECIPE_SEED, contract_of, evaluator_of

POOLS: Final = Path(__file__).parents[1] / "pools"
POOL_SEED: Final = 1000  # of the random draws; the replayed proposers have others
EPOCHS: Final = 12
REPEATED: Final = 12
_DRAWS: Final = 20  # for each random candidate wanted, before the limits are taken to be out of reach


@dataclass(frozen=True, slots=True)
class Pool:
    """Which candidates of a task are wanted, and the file where they are kept, a line each."""

    task: str
    random: int
    file: Path

    def rows(self) -> list[dict[str, Any]]:
        lines = self.file.read_text(encoding="utf-8").splitlines() if self.file.exists() else []
        return [json.loads(line) for line in lines]


def fill(pool: Pool) -> None:
    """Makes what is missing of a pool."""
    contract = contract_of(pool.task, EPOCHS)
    pool.file.parent.mkdir(parents=True, exist_ok=True)
    with evaluator_of(contract, None) as evaluator:
        known = {row["id"]: row for row in pool.rows()}
        space = space_for(contract.task, evaluator.prepared.pipeline.input_shape, evaluator.prepared.outputs)
        drawn = _random(evaluator, space, pool.random, known)
        for origin, architecture, parameters in _mixed(drawn, [("design", one, {}) for one in designs_of(space)]):
            if architecture.id not in known:
                row = {"id": architecture.id, "from": origin} | _judged(evaluator, architecture, 1)
                row["parameters"] = dict(parameters)
                if row["loss"] or not parameters:
                    row["architecture"] = json.loads(architecture.to_json())
                known[architecture.id] = row
                _append(pool.file, row)
        wanted = [row for row in known.values() if row["from"] == "random" and row["loss"]][:REPEATED]
        for row in wanted:
            if len(row["loss"]) == 1:
                again = _judged(evaluator, Architecture.from_json(json.dumps(row["architecture"])), 2)
                row["loss"] += again["loss"]
                row["quality"] += again["quality"]
                pool.file.write_text("".join(_line(one) for one in known.values()), encoding="utf-8")


def _random(
    evaluator: Evaluator, space: Space, wanted: int, known: dict[str, dict[str, Any]]
) -> Iterator[tuple[str, Architecture, dict[str, Any]]]:
    """Random proposals until so many of them keep the limits; those that break one come, too."""
    proposer = RandomProposer(space, POOL_SEED, evaluator.metric)
    seen: list[Trial] = []
    for number in range(wanted * _DRAWS):
        if sum(bool(known[one.architecture.id]["loss"]) for one in seen) >= wanted:
            return
        proposal = proposer.propose(number, seen)
        seen.append(Trial(number, State.REJECTED, proposal.architecture, proposal.parameters))
        yield "random", proposal.architecture, dict(proposal.parameters)


def _mixed(
    drawn: Iterator[tuple[str, Architecture, dict[str, Any]]], designs: list[tuple[str, Architecture, dict[str, Any]]]
) -> Iterator[tuple[str, Architecture, dict[str, Any]]]:
    """A design after every fourth random one, so that a pool is of use before it is full."""
    for count, one in enumerate(drawn, 1):
        yield one
        if count % 4 == 0 and designs:
            yield designs.pop(0)
    yield from designs


def _judged(evaluator: Evaluator, architecture: Architecture, seed: int) -> dict[str, Any]:
    """Cost and, of what keeps the limits, lowest validation loss and int8 quality: lists, one entry a training."""
    nothing: dict[str, Any] = {"loss": [], "quality": []}
    if any(
        bound > limits_of(evaluator.contract).get(name, bound) for name, bound in lower_bounds(architecture).items()
    ):
        return nothing  # whatever was built of it would break a limit
    try:
        cost = evaluator.measure(evaluator.costed(architecture))
    except (UnsupportedOperatorError, ImageTooLargeError):
        return nothing
    found = {
        "flash": cost.flash.total,
        "ram": cost.ram.total,
        "stack": cost.stack_bytes,
        "latency_us": round(cost.total_latency_us, 1),
    }
    if not judge(evaluator.contract, cost).feasible:
        return found | nothing
    bench = replace(evaluator, recipe=replace(evaluator.recipe, seed=RECIPE_SEED + seed - 1))
    try:
        made = bench.trainer.train(bench.request(architecture))
    except TrainingError as error:
        return found | nothing | {"failure": error.message}
    model = read_model(made.tflite, bench.contract.name, bench.prepared.pipeline, bench.isa)
    examples = bench.prepared.validate
    inputs = int8_inputs(model, examples)
    outputs = run_int8(bench.host, model.compiled_for(bench.host.isa).program, inputs)
    quality = bench.judge_int8(model, inputs, outputs, examples, Stage.INT8_HOST, Split.VALIDATE)
    loss = min(epoch.validation_loss for epoch in made.history)
    return found | {"loss": [round(loss, 6)], "quality": [round(quality.value, 6)]}


def limits_of(contract: Contract) -> dict[str, float]:
    """By name, as a Verdict's checks have them; those that the contract sets."""
    return {check.name: check.limit for check in limits_alone(contract).checks if check.hard}


def _append(file: Path, row: dict[str, Any]) -> None:
    with file.open("a", encoding="utf-8") as out:
        out.write(_line(row))
    print(f"{file.stem} {row['from']} {row['loss']} {row['quality']}", flush=True)


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row, separators=(",", ":")) + "\n"
