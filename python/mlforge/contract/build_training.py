"""The contract's `training`: how trained networks become int8 models."""

from __future__ import annotations

from typing import Final

from mlforge.contract.contract import Quantisation, Task, TrainingSpec
from mlforge.contract.reader import Reader
from mlforge.contract.schema import expectation

MAX_PRUNED: Final = 0.9


def build_training(reader: Reader, task: Task) -> TrainingSpec:
    prune = reader.number("training", "prune", default=0.0)
    if not 0 <= prune <= MAX_PRUNED:
        reader.wrong(("training", "prune"), f"{prune:g}", expectation(["training", "prune"]))
    distil = reader.flag("training", "distil", default=False)
    if distil and task is Task.ANOMALY:
        reader.wrong(
            ("training", "distil"), "a teacher with task anomaly", "false: an autoencoder learns its own input"
        )
    return TrainingSpec(
        quantisation=reader.choice(Quantisation, "training", "quantisation", default=Quantisation.AUTO),
        tolerance=reader.number("training", "tolerance", default=0.02),
        prune=prune,
        distil=distil,
        reuse=reader.flag("training", "reuse", default=False),
    )
