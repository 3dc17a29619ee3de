"""Do weights of an earlier network help a similar one? Paired trainings on samples/activity, fresh and reused.

    .venv/bin/python bench/warm_start.py              train, print the table, write bench/warm_start.json
    .venv/bin/python bench/warm_start.py --show       print the table of bench/warm_start.json
    .venv/bin/python bench/warm_start.py --study APP  of the study beside APP: trainings that had a source

The source is the sample's winner. Each of the others differs from it in one or two choices of the search space, as a
proposal near the best one does. Both of a pair have the same seed, data, augmentation and number of epochs; only the
first weights differ.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import yaml
from numpy.typing import NDArray

from mlforge.app.prepare import prepare
from mlforge.contract.load import load_contract
from mlforge.measure.ranking import by_quality
from mlforge.records.architecture import Architecture, Conv, Dense, Dropout, SeparableConv
from mlforge.records.trial import State, Trial
from mlforge.study.memory.database import sqlite_url
from mlforge.study.memory.study_store import RECORD
from mlforge.study.optimise import recipe
from mlforge.training.inherit import agreeing, inherit, weights_of
from mlforge.training.request import TrainingRequest

HERE = Path(__file__).parent
SAMPLE = HERE.parent / "samples" / "activity"
RESULTS = HERE / "warm_start.json"
EPOCHS = 10
AT_ONCE = 2  # pairs; how many changes none of them
Weights: TypeAlias = dict[str, list[NDArray[Any]]]


@dataclass(frozen=True, slots=True)
class Training:
    losses: tuple[float, ...]  # on validation data, by epoch
    accuracy: float  # of the float network on validation data

    def epochs_to(self, loss: float) -> int | None:
        return next((number for number, one in enumerate(self.losses, 1) if one <= loss), None)


@dataclass(frozen=True, slots=True)
class Pair:
    change: str
    layers: int  # that were inherited, batch norms included
    fresh: Training
    reused: Training


def similar(base: Architecture) -> dict[str, Architecture]:
    """Neighbours of the sample's winner: a stem, three blocks (a pool and a residual behind the second), a head."""
    layers = base.layers
    stem, first, _, last = (at for at, layer in enumerate(layers) if isinstance(layer, Conv | SeparableConv))

    def changed(at: int, **choices: Any) -> Architecture:
        return replace(base, layers=(*layers[:at], replace(layers[at], **choices), *layers[at + 1 :]))

    return {
        "wider stem": changed(stem, filters=20),
        "kernel of the stem": changed(stem, kernel=(9, 1)),
        "wider first block": changed(first, filters=40),
        "narrower last block": changed(last, filters=32),
        "kernel of the last block": changed(last, kernel=(7, 1)),
        "dropout, wider dense layer": replace(base, layers=(*layers[:-1], Dropout(0.2), Dense(32))),
    }


def train(request: TrainingRequest, initial: Weights | None) -> tuple[Training, int, Weights]:
    """The training, how many layers it inherited, and the weights that it ended with."""
    import keras

    from mlforge.training.build import build
    from mlforge.training.fit import fit, predict

    keras.utils.set_random_seed(request.recipe.seed)
    model = build(request.architecture, request.recipe.seed)
    inherited = inherit(model, initial) if initial else ()
    losses = tuple(round(epoch.validation_loss, 4) for epoch in fit(model, request).history)
    hits = predict(model, request.x_validate).argmax(axis=1) == request.y_validate
    return Training(losses, round(float(np.mean(hits)), 4)), len(inherited), weights_of(model)


def pair(change: str, request: TrainingRequest, initial: Weights) -> Pair:
    fresh, _, _ = train(request, None)
    reused, layers, _ = train(request, initial)
    return Pair(change, layers, fresh, reused)


def begin_process() -> None:
    os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3", TF_ENABLE_ONEDNN_OPTS="0")
    from mlforge.training.fit import make_deterministic

    make_deterministic(1)


def measure(base: TrainingRequest) -> list[Pair]:
    networks = similar(base.architecture)
    with ProcessPoolExecutor(AT_ONCE, get_context("spawn"), begin_process) as pool:
        _, _, initial = pool.submit(train, base, None).result()
        pairs = [
            pool.submit(pair, change, replace(base, architecture=one, recipe=replace(base.recipe, seed=seed)), initial)
            for seed, (change, one) in enumerate(networks.items(), base.recipe.seed + 1)
        ]
        return [one.result() for one in pairs]


def table(pairs: Sequence[Pair]) -> list[str]:
    """Of each pair the lowest validation loss, when it was reached, and the accuracy; Markdown."""
    lines = [
        "| differs in | layers reused | lowest loss: fresh | reused | accuracy: fresh | reused | epochs to the loss of "
        "the fresh one: fresh | reused |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for pair in pairs:
        least = min(pair.fresh.losses)
        cells = (
            *(pair.change, pair.layers, f"{least:.3f}", f"{min(pair.reused.losses):.3f}"),
            *(f"{pair.fresh.accuracy:.3f}", f"{pair.reused.accuracy:.3f}"),
            *(pair.fresh.epochs_to(least), pair.reused.epochs_to(least) or "never"),
        )
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def run() -> list[Pair]:
    contract = load_contract(SAMPLE)
    prepared = prepare(contract)
    lock = yaml.safe_load((SAMPLE / "mlforge.lock.yaml").read_text(encoding="utf-8"))
    base = Architecture.from_json(json.dumps(lock["architecture"]))
    train, validate = prepared.train, prepared.validate
    request = TrainingRequest(
        base, contract.task, train.x, train.y, validate.x, validate.y, replace(recipe(contract), epochs=EPOCHS)
    )
    return measure(request)


def trainings_with_source(app: Path) -> tuple[int, int]:
    """How many trainings of the longest study beside `app` had a source, as `training.reuse` chooses it, and how many
    there were after the first trained trial."""
    import optuna

    database = sqlite_url(app)
    summaries = optuna.get_all_study_summaries(storage=database)
    name = max(summaries, key=lambda one: one.n_trials).study_name
    records = [one.user_attrs.get(RECORD) for one in optuna.load_study(study_name=name, storage=database).trials]
    trials = sorted((Trial.from_json(record) for record in records if record), key=lambda one: one.number)
    trained, workers = by_quality(trials), load_contract(app).search.workers
    begun = [one for one in trials if one.state in (State.TRAINED, State.STOPPED)]
    visible = [[earlier for earlier in trained if earlier.number <= one.number - workers] for one in begun]
    agree = [
        any(agreeing(earlier.proposed, one.proposed) for earlier in seen)
        for one, seen in zip(begun, visible, strict=True)
    ]
    return sum(agree), sum(bool(seen) for seen in visible)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", action="store_true", help="print what is recorded")
    parser.add_argument("--study", type=Path, metavar="APP", help="an app beside which a study is stored")
    arguments = parser.parse_args()
    if arguments.study:
        print("{} of {} trainings share a layer with an earlier trial".format(*trainings_with_source(arguments.study)))
        return
    if not arguments.show:
        recorded = [asdict(pair) for pair in run()]
        RESULTS.write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")
    print("\n".join(table(read(RESULTS))))


def read(path: Path) -> list[Pair]:
    rows = json.loads(path.read_text(encoding="utf-8"))
    return [
        Pair(row["change"], row["layers"], *(_read_training(row[name]) for name in ("fresh", "reused"))) for row in rows
    ]


def _read_training(row: dict[str, Any]) -> Training:
    return Training(tuple(row["losses"]), row["accuracy"])


if __name__ == "__main__":
    main()
