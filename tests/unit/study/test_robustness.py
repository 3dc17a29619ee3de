"""The robustness table: exact on the host, of the validation split alone, and made of the contract's magnitudes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mlforge.app.model import compile_model, dequantised
from mlforge.app.prepare import Examples, Prepared, prepare
from mlforge.compiler.from_architecture import lower_architecture
from mlforge.contract.load import load_contract
from mlforge.measure.quality import evaluate
from mlforge.records.architecture import Architecture, Dense, GlobalAveragePool, Head
from mlforge.records.quality import Metric, Split, Stage
from mlforge.study.optimise import study_name
from mlforge.study.winner.robustness import robustness
from mlforge.targets.host import HostTarget

CONTRACT = """
name: sensor
task: classification
data:
  loader: {npz: data.npz}
  split: {group: person, validate: 0.3, test: 0.2}
features:
  - window: {length: 8, hop: 8}
  - standardise: {}
limits: {flash: 32 KiB}
goals: {accuracy: 0.8}
robustness: {noise: [0.0, 2.0], gain: [0.2], offset: [], dropout: [0.5]}
"""

pytestmark = pytest.mark.requires(target="host")


class Judge(SimpleNamespace):
    """As much of an Evaluator as the table needs."""

    def judge(self, outputs: Any, examples: Examples, stage: Stage, split: Split) -> Any:
        assert split is Split.VALIDATE
        groups = examples.groups
        return evaluate(outputs, examples.y, metric=Metric.ACCURACY, stage=stage, split=split, groups=groups)

    def judge_int8(self, model: Any, inputs: Any, outputs: Any, examples: Examples, stage: Stage, split: Split) -> Any:
        return self.judge(dequantised(model, outputs), examples, stage, split)


def test_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    y = np.tile([0, 1], 20)
    x = random.normal(size=(40, 32, 2)) + y[:, None, None]
    np.savez(tmp_path / "data.npz", x=x.astype(np.float32), y=y, person=np.repeat(np.arange(10), 4))
    (tmp_path / "mlforge.yaml").write_text(CONTRACT)
    contract = load_contract(tmp_path)
    prepared = prepare(contract)
    monkeypatch.setattr(Prepared, "open_test", lambda *_: pytest.fail("the test split was opened"))
    graph = lower_architecture(
        Architecture(prepared.pipeline.input_shape, (GlobalAveragePool(), Dense(4)), 2, Head.SOFTMAX), 1
    )
    model = compile_model(graph, "sensor", prepared.pipeline)
    evaluator: Any = Judge(contract=contract, prepared=prepared, host=HostTarget())
    rows = robustness(evaluator, model)
    assert [(row.disturbance, row.magnitude) for row in rows] == [
        ("noise", 0.0),
        ("noise", 2.0),
        ("gain", 0.2),
        ("dropout", 0.5),
    ]
    assert (rows[0].change, rows[0].change_error) == (0.0, 0.0)
    assert rows[1].change != 0.0
    assert all(row.value == pytest.approx(rows[0].value + row.change) for row in rows)
    assert rows == robustness(evaluator, model)


def test_its_magnitudes_do_not_start_another_study(tmp_path: Path) -> None:
    """Nothing is chosen by the table, so asking for another one repeats no training."""
    names = []
    for text in (CONTRACT, CONTRACT.replace("[0.2]", "[0.3]"), CONTRACT.replace("hop: 8", "hop: 4")):
        (tmp_path / "mlforge.yaml").write_text(text)
        names.append(study_name(load_contract(tmp_path), "data"))
    assert names[0] == names[1] != names[2]
