"""The table of a task: candidates of its search space that keep its limits, each with its costs and its real training.

Costs are those of its shapes: weights, activations and multiplications. Trainings are the product's
own, in floats, with one recipe and one seed, so a candidate is worth the same whoever proposes it. A line is written
when its training ends, so the work may be ended and taken up at any time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise, zip_longest
from math import prod
from pathlib import Path
from typing import Any, Final

import optuna

from mlforge.errors import ArchitectureError
from mlforge.records.architecture import Architecture
from mlforge.search.designs import designs_of
from mlforge.search.sizes import layer_sizes
from mlforge.search.space import space_for
from proposing.tasks import TASKS, Limits, TableTask

FOLDER: Final = Path(__file__).parent / "tables"
DRAWS: Final = 1000  # of the space at random, of which those are kept that fit
KEPT: Final = 60


@dataclass(frozen=True, slots=True)
class Row:
    architecture: Architecture
    design: bool  # one of the known designs, which random search never draws
    weight_bytes: int
    activation_bytes: int
    macs: int
    loss: float = float("nan")  # the lowest on validation data
    quality: float = float("nan")  # accuracy, or minus the squared error
    seconds: float = float("nan")  # of CPU for the training


def rows(task: TableTask) -> list[Row]:
    """What is in the table, in the order of training."""
    file = FOLDER / f"{task.name}.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [_row(json.loads(line)) for line in lines]


def candidates(task: TableTask, shape: tuple[int, ...]) -> list[Row]:
    """Within the limits: every fourth is a design, as long as there are any."""
    space = space_for(task.task, shape, task.outputs)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    drawn = (space.suggest(study.ask()) for _ in range(DRAWS))
    random = list(_fitting(drawn, task.limits, KEPT, design=False))
    known = list(_fitting(iter(designs_of(space)), task.limits, KEPT, design=True))
    known = known[::-1]  # the widest first
    found = [
        row
        for number, group in enumerate(zip_longest(*[iter(random)] * 3))
        for row in (*group, known[number] if number < len(known) else None)
        if row is not None
    ]
    return list({row.architecture.id: row for row in found}.values())


def fill(names: Sequence[str], folder: Path = FOLDER, most: int = KEPT) -> None:
    """Trains what is missing, one candidate of each task in turn."""
    from proposing.training import Trainings

    folder.mkdir(exist_ok=True)
    work = []
    for task in (TASKS[name] for name in names):
        data = task.data()
        known = {row.architecture.id for row in rows(task)}
        todo = [row for row in candidates(task, data.x_train.shape[1:])[:most] if row.architecture.id not in known]
        work.append([(task, data, row) for row in todo])
        print(task.name, len(known), "known,", len(todo), "to do", flush=True)
    trainings = Trainings()
    for turn in zip_longest(*work):
        for task, data, row in (one for one in turn if one is not None):
            done = trainings.done(task, data, row)
            with (folder / f"{task.name}.jsonl").open("a", encoding="utf-8") as out:
                out.write(json.dumps(_written(done)) + "\n")


def _fitting(drawn: Iterator[Architecture], limits: Limits, most: int, *, design: bool) -> Iterator[Row]:
    count = 0
    for architecture in drawn:
        try:
            row = costed(architecture, design=design)
        except ArchitectureError:
            continue
        if _keeps(row, limits) and count < most:
            yield row
            count += 1


def costed(architecture: Architecture, *, design: bool) -> Row:
    """Raises ArchitectureError where it cannot be built."""
    sizes = layer_sizes(architecture)
    outputs = [prod(architecture.input_shape), *(size.output_bytes for size in sizes)]
    return Row(
        architecture,
        design,
        sum(size.weights for size in sizes),
        max(map(sum, pairwise(outputs))),
        sum(size.macs for size in sizes),
    )


def _keeps(row: Row, limits: Limits) -> bool:
    return (
        row.weight_bytes <= limits.weight_bytes
        and row.activation_bytes <= limits.activation_bytes
        and row.macs <= limits.macs
    )


def _row(line: dict[str, Any]) -> Row:
    return Row(**{**line, "architecture": Architecture.from_json(json.dumps(line["architecture"]))})


def _written(row: Row) -> dict[str, Any]:
    return {**asdict(row), "architecture": json.loads(row.architecture.to_json())}
