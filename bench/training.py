"""CPU seconds of trainings of the demo: networks of samples/activity, each as a study trains it, in a fresh process.

    .venv/bin/python bench/training.py                          all 24
    .venv/bin/python bench/training.py --every 8                every eighth of them
    PYTHONPATH=OTHER/python .venv/bin/python bench/training.py  the same with the sources of another checkout

Loading TensorFlow is not counted: a study does that once. Processor time, not the clock's, so that other work on the
machine disturbs little; compare runs of one machine, made one after the other.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from mlforge.app.prepare import prepare
from mlforge.contract import Task
from mlforge.contract.load import load_contract
from mlforge.records.architecture import (
    Activation,
    Architecture,
    Conv,
    Dense,
    DepthwiseConv,
    Dropout,
    GlobalAveragePool,
    Head,
    Layer,
    MaxPool,
    Residual,
    SeparableConv,
)
from mlforge.training import worker
from mlforge.training.request import Recipe, TrainingRequest

DEMO = Path(__file__).parents[1] / "samples" / "activity"


def networks() -> list[Architecture]:
    """From one block to four, of either kind, in three widths."""
    return [
        network(filters, kind, blocks)
        for filters in (8, 16, 24)
        for kind in (Conv, SeparableConv)
        for blocks in (1, 2, 3, 4)
    ]


def network(filters: int, kind: type[Conv | SeparableConv], blocks: int) -> Architecture:
    layers: list[Layer] = [Conv(filters, (5, 1), (2, 1))]
    for number in range(blocks):
        layers.append(kind(filters + 8, (5, 1)))
        if number < 2:
            layers.append(MaxPool((2, 1), (2, 1)))
        body = DepthwiseConv((3, 1)), Conv(filters + 8, (1, 1), activation=Activation.NONE)
        layers += [Residual(body)] if number % 2 else []
    layers += [GlobalAveragePool(), Dropout(0.1), Dense(16)]
    return Architecture((128, 1, 6), tuple(layers), 7, Head.SOFTMAX)


def cpu_seconds(request: TrainingRequest) -> float:
    """Of a copy of this process that trains and quantises."""
    if not (pid := os.fork()):
        worker._train(request)
        os._exit(0)
    _, status, used = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"a training ended with status {status}")
    return used.ru_utime + used.ru_stime


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--every", type=int, default=1, help="train every n-th network (default: %(default)s)")
    chosen = networks()[:: parser.parse_args().every]
    contract = load_contract(DEMO)
    prepared = prepare(contract)
    worker._environment(str(Path("build/bench/keras").absolute()))
    import mlforge.training.build
    import mlforge.training.fit
    import mlforge.training.quantise  # noqa: F401

    train, validate = prepared.train, prepared.validate
    recipe = Recipe(epochs=contract.search.epochs, patience=contract.search.epochs, augmentation=contract.data.augment)
    requests = [
        TrainingRequest(one, Task.CLASSIFICATION, train.x, train.y, validate.x, validate.y, recipe) for one in chosen
    ]
    spent = [round(cpu_seconds(request), 2) for request in requests]
    print(json.dumps({"trainings": len(spent), "cpu_s": round(sum(spent), 1), "each_s": spent}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
