"""Imports of trees and linear models: from the file to C on this machine, what is compared, and what is said."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from mlforge.app.float_model import int8_model
from mlforge.app.import_classical import import_classical
from mlforge.app.import_model import Source, import_model
from mlforge.compiler import read_tflite
from mlforge.compiler.graph import DType
from mlforge.compiler.model_kind import ModelKind, model_kind
from mlforge.errors import DataError, ModelError
from mlforge.importing.xgboost import read_xgboost

TREES = Path(__file__).parents[2] / "trees"
SKLEARN = Path(__file__).parents[2] / "sklearn"


def examples(name: str) -> np.ndarray:
    with np.load(TREES / "results.npz") as known:
        return np.asarray(known[f"{name}_x"])


@pytest.mark.parametrize(
    ("file", "dtype"),
    [("xgboost_classes.json", DType.INT8), ("lightgbm_binary.txt", DType.INT8), ("xgboost_values.ubj", DType.INT16)],
)
def test_decides_as_its_source(file: str, dtype: DType) -> None:
    name = file.partition("_")[2].partition(".")[0]
    imported = import_model(Source(TREES / file), examples(name))
    graph = read_tflite(imported.tflite)
    assert {graph.tensors[index].dtype for index in (*graph.inputs, *graph.outputs)} == {dtype}
    report = imported.report
    assert report.int8_error < 0.02
    assert report.int8_agreement == (None if name == "values" else 1.0)
    assert report.departure is None


def test_the_first_split_that_departs_is_named() -> None:
    """Nothing tells a feature just below a threshold from the threshold."""
    data = (TREES / "xgboost_classes.json").read_bytes()
    tree = read_xgboost(data).trees[0]
    x = examples("classes").copy()
    x[:, tree.features[0]] = np.nextafter(np.float32(tree.thresholds[0]), np.float32(0))
    report = import_classical(Path("iris.json"), ModelKind.XGBOOST, data, x).report
    assert report.departure is not None
    assert report.departure.name.startswith("example ")
    assert f"feature {tree.features[0]} = " in report.departure.name
    assert "a scale of its own in int16: int8 decides" in report.converter


@pytest.mark.parametrize("name", ["forest_two.json", "logistic_two.onnx", "clusters.json", "ridge_classes.json"])
def test_features_of_unlike_ranges_have_scales_of_their_own(name: str) -> None:
    with np.load(SKLEARN / "results.npz") as known:
        x = known[f"{name.partition('.')[0]}_x"]
    data = (SKLEARN / name).read_bytes()
    factor = np.array([1e4, 1.0, 1e-4, 10.0])
    if name.endswith("json"):
        document = json.loads(data)
        document["factor"] = (np.array(document["factor"]) / factor).tolist()
        document["offset"] = (np.array(document["offset"]) * factor).tolist()
        del document["examples"]
        data, x = json.dumps(document).encode(), (x * factor).astype(np.float32)
    report = import_classical(Path(name), model_kind(data), data, x).report
    assert report.int8_agreement is not None
    assert report.int8_agreement >= 0.99
    assert ("a scale of its own" in report.converter) == name.endswith("json")


def test_scikit_learn_is_held_against_its_own_answers() -> None:
    document = json.loads((SKLEARN / "forest.json").read_text())
    decisions = document["examples"]["decisions"]
    decisions[3] = (decisions[3] + 1) % 3
    data, x = json.dumps(document).encode(), np.array(document["examples"]["x"], np.float32)
    report = import_classical(Path("forest.json"), ModelKind.SKLEARN, data, x).report
    assert report.framework.startswith("RandomForestClassifier of scikit-learn 1.9")
    assert report.float_agreement == 1 - 1 / len(x)
    assert report.departure is not None
    assert report.departure.stage == "float"
    assert report.departure.name.startswith("example 3 of the file")


def test_examples_of_another_kind_are_refused() -> None:
    with pytest.raises(DataError, match="have 3 features, the trees 4"):
        import_model(Source(TREES / "xgboost_classes.json"), examples("classes")[:, :3])
    with pytest.raises(ModelError, match="needs representative data"):
        int8_model(Path("m.txt"), (TREES / "lightgbm_binary.txt").read_bytes(), None, Path())


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    for path in (tmp_path / "pipe.json", Path("/dev/zero")):
        with pytest.raises(ModelError, match="not a file"):
            import_model(Source(path), examples("classes"))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [1e-44, 3e38])
def test_examples_of_an_insane_size_are_a_sentence(size: float) -> None:
    x = np.full_like(examples("values"), size)
    with pytest.raises(ModelError, match="a step of the quantisation would be"):
        import_model(Source(TREES / "xgboost_values.json"), x)
