"""A second trial begins with what the first has learnt, even where the first was pruned: real trainings, real QEMU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mlforge.app.prepare import prepare
from mlforge.contract import load_contract
from mlforge.records.architecture import Architecture, Dense, Head
from mlforge.records.trial import Inherited, State
from mlforge.search.proposer import Proposal
from mlforge.study.evaluate import FLOAT_MODEL_FILE, Evaluator
from mlforge.study.events import Silent
from mlforge.study.memory.artefacts import ArtefactStore
from mlforge.study.optimise import recipe
from mlforge.study.warm_start import TRAINED_FILE
from mlforge.targets.registry import target_named
from mlforge.training.trainer import Trainer

pytestmark = pytest.mark.requires(target="mps2/an386")

CONTRACT = """\
name: blobs
task: classification
data:
  loader: {npz: blobs.npz}
  split: {validate: 0.3, test: 0.2}
features: [standardise: {}]
limits: {flash: 16 KiB}
goals: {accuracy: 0.7}
search: {proposer: random, trials: 2, epochs: 8, workers: 1}
training: {quantisation: ptq, tolerance: 1.0, prune: 0.5, reuse: true}
target: {board: mps2/an386, clock: 80 MHz}
"""
FIRST, SECOND = (Architecture((10,), layers, 4, Head.SOFTMAX) for layers in [(Dense(16),), (Dense(16), Dense(8))])


def test_a_trial_begins_with_the_layers_of_the_one_before(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    y = random.integers(0, 4, 600)
    x = random.standard_normal((4, 10))[y] * 1.5 + random.standard_normal((600, 10))
    np.savez(tmp_path / "blobs.npz", x=x.astype(np.float32), y=np.array(["red", "green", "blue", "grey"])[y])
    (tmp_path / "mlforge.yaml").write_text(CONTRACT)
    contract = load_contract(tmp_path)
    with Trainer() as trainer:
        evaluator = Evaluator(
            contract=contract,
            prepared=prepare(contract),
            target=target_named("mps2/an386"),
            host=target_named("host"),
            trainer=trainer,
            artefacts=ArtefactStore(tmp_path / "files"),
            recipe=recipe(contract),
        )
        first = evaluator(0, Proposal(FIRST, {}, {}), Silent())
        second = evaluator(1, Proposal(SECOND, {}, {}), Silent(), [first])
    assert (first.state, second.state) == (State.TRAINED, State.TRAINED)
    assert first.parent == FIRST, "half of the units are enough, so the smaller network is kept"
    assert first.artefacts[TRAINED_FILE] != first.artefacts[FLOAT_MODEL_FILE]
    assert first.inherited is None
    assert second.inherited == Inherited(0, ("l0_dense",))
