"""Imports of trees: from the file to C on this machine, what is compared, and what is said."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from mlforge.app.float_model import int8_model
from mlforge.app.import_model import Source, import_model
from mlforge.app.import_trees import import_trees
from mlforge.compiler import read_tflite
from mlforge.compiler.graph import DType
from mlforge.compiler.model_kind import ModelKind
from mlforge.errors import DataError, ModelError

TREES = Path(__file__).parents[2] / "trees"


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
    """A feature of a range a thousand times the others' leaves those a few steps in int16."""
    x = examples("classes").copy()
    x[0, 1] = 1e5
    data = (TREES / "xgboost_classes.json").read_bytes()
    report = import_trees(Path("iris.json"), ModelKind.XGBOOST, data, x).report
    assert report.departure is not None
    assert report.departure.name.startswith("example ")
    assert "feature " in report.departure.name
    assert "in int16: int8 decides" in report.converter


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
