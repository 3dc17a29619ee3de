"""A trained model as a study's first candidate: which layouts of the features are tried, and what does not suit."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from mlforge.app.import_model import Source
from mlforge.app.import_report import Imported as ImportedModel
from mlforge.contract.contract import Execution, Task
from mlforge.errors import ArchitectureError, DataError, ModelError
from mlforge.records.architecture import Architecture, Dense, Head, Imported, validate
from mlforge.study import origin
from mlforge.study.origin import _layouts, origin_of

FILE = Path(__file__).parents[2] / "sklearn" / "centroids.json"


def prepared(x: np.ndarray, outputs: int = 3) -> Any:
    return SimpleNamespace(
        train=SimpleNamespace(x=x), pipeline=SimpleNamespace(input_shape=x.shape[1:]), outputs=outputs
    )


def contract(tmp_path: Path, **changes: Any) -> Any:
    plain = {"folds": None} | changes
    return SimpleNamespace(
        task=Task.CLASSIFICATION,
        data=SimpleNamespace(split=SimpleNamespace(folds=plain["folds"])),
        front_ends=(0,) * plain.get("front_ends", 1),
        execution=plain.get("execution", Execution.WHOLE),
    )


def examples() -> np.ndarray:
    return np.array(json.loads(FILE.read_text())["examples"]["x"], np.float32)


def test_each_layout_of_the_features_is_tried_once() -> None:
    x = np.zeros((5, 40, 1, 3), np.float32)
    assert [given.shape[1:] for given in _layouts(x)] == [(40, 1, 3), (40, 3), (3, 40, 1), (3, 40), (120,)]
    assert [given.shape[1:] for given in _layouts(x[:, :, 0, 0])] == [(40,)]


def test_a_model_of_sums_is_int8_and_teaches_nobody(tmp_path: Path) -> None:
    x = examples().reshape(-1, 2, 1, 2)
    found = origin_of(contract(tmp_path), prepared(x), Source(FILE))
    assert found.architecture.input_shape == (2, 1, 2)
    assert found.architecture.imported is not None
    assert found.architecture.imported.name == "centroids.json"
    assert not found.teaches
    assert found.floats == FILE.read_bytes()
    assert validate(found.architecture) == (2, 1, 2)
    assert Architecture.from_json(found.architecture.to_json()) == found.architecture
    assert "imported" not in Architecture((4,), (), 3, Head.SOFTMAX).to_json()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"folds": 5}, "folds"),
        ({"front_ends": 2}, "several front ends"),
        ({"execution": Execution.STREAM}, "whole windows"),
    ],
)
def test_what_trains_again_is_refused(changes: dict[str, Any], told: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=told):
        origin_of(contract(tmp_path, **changes), prepared(examples()), Source(FILE))


def test_what_does_not_suit_the_contract_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="it has 3 outputs, the contract 2"):
        origin_of(contract(tmp_path), prepared(examples(), 2), Source(FILE))
    with pytest.raises(DataError, match="have 3 features, the linear model 4"):
        origin_of(contract(tmp_path), prepared(examples()[:, :3]), Source(FILE))


def test_values_in_another_order_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def imported(source: Source, x: np.ndarray, *, int8: bool) -> ImportedModel:
        if x.shape[1:] != (3, 6):
            raise ModelError("another shape")
        return ImportedModel(b"", SimpleNamespace(input_order=(0, 1)), b"", True)  # type: ignore[arg-type]

    monkeypatch.setattr(origin, "import_model", imported)
    with pytest.raises(ModelError, match="another order"):
        origin_of(contract(tmp_path), prepared(np.zeros((4, 6, 3), np.float32)), Source(FILE))


def test_an_imported_model_stands_alone() -> None:
    with pytest.raises(ArchitectureError, match="stands alone"):
        validate(Architecture((4,), (Dense(3),), 3, Head.SOFTMAX, imported=Imported("a", "b", "c")))
