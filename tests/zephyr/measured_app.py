"""The parity application with a contract, data and candidates that look as if a study had trained them."""

from __future__ import annotations

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from mlforge.app.prepare import prepare
from mlforge.contract.contract import Contract
from mlforge.contract.load import load_contract
from mlforge.records.trial import Trial
from mlforge.study.evaluate import MODEL_FILE, Evaluator
from mlforge.study.memory.artefacts import Artefacts, artefacts_of
from mlforge.study.memory.database import open_database, storage_url
from mlforge.study.optimise import recipe, result_cache
from mlforge.study.winner.confirm import Confirmer
from mlforge.targets.registry import target_named
from mlforge.training.trainer import Trainer
from tests.programs.locked_app import tiny_tflite
from tests.unit.study import fakes

HERE = Path(__file__).parent
CONTRACT = """\
name: activity
task: classification
data:
  loader: {csv: recordings}
  split: {group: machine, validate: 0.2, test: 0.2}
features:
  - window: {length: 32, hop: 16}
  - standardise: {}
limits: {flash: 64 KiB, ram: 16 KiB, stack: 2 KiB, latency: 50 ms}
goals: {accuracy: 0.5}
target: {board: mps2/an386, clock: 80 MHz}
"""


def make_app(directory: Path) -> Path:
    """Recordings of six channels by ten machines, three classes; no model and no lock."""
    shutil.copytree(HERE / "parity", directory)
    recordings = directory / "recordings"
    recordings.mkdir()
    random = np.random.default_rng(1)
    rows = []
    for machine in range(10):
        for label in ("run", "sit", "walk"):
            name = f"{label}_{machine}.csv"
            np.savetxt(recordings / name, random.normal(size=(96, 6)), delimiter=",", fmt="%.4f")
            rows.append((name, label, f"m{machine}"))
    with (recordings / "index.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "label", "machine"), *rows])
    (directory / "mlforge.yaml").write_text(CONTRACT)
    return directory


def make_evaluator(contract: Contract) -> Evaluator:
    database = open_database(storage_url(contract.app_dir))
    artefacts = artefacts_of(database, contract.app_dir)
    target = target_named("mps2/an386")
    return Evaluator(
        contract=contract,
        prepared=prepare(contract),
        target=target,
        host=target_named("host"),
        trainer=Trainer(),
        artefacts=artefacts,
        recipe=recipe(contract),
        cache=result_cache(database, artefacts, target),
    )


def candidate(artefacts: Artefacts, number: int, *, filters: int, value: float) -> Trial:
    """A trial whose model has that many filters, and that is said to be that good."""
    digest = artefacts.put(tiny_tflite(seed=1, filters=filters))
    strata = {f"machine=m{index}": value for index in range(5)}
    return replace(fakes.trial(number, value=value, strata=strata), artefacts={MODEL_FILE: digest})


def make_confirmer(app: Path, said: list[str]) -> Confirmer:
    return Confirmer(make_evaluator(load_contract(app)), "zephyr:mps2/an386", said.append)
