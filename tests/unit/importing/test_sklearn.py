"""Models of scikit-learn, by its own numbers in JSON and by skl2onnx: as it computes them, or refused."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlforge.app.import_classical import results
from mlforge.errors import ModelError
from mlforge.importing.onnx_ml import is_classical, read_onnx_ml
from mlforge.importing.sklearn import read_sklearn
from mlforge.records.linear import Linear

FILES = Path(__file__).parents[2] / "sklearn"
SCORES = {"ridge_classes"}


def known(name: str) -> np.ndarray:
    with np.load(FILES / "results.npz") as arrays:
        return np.asarray(arrays[name])


@pytest.mark.parametrize("path", sorted(FILES.glob("*.json")), ids=lambda path: path.stem)
def test_as_scikit_learn_computes(path: Path) -> None:
    read = read_sklearn(path.read_bytes())
    assert read.known is not None
    got = results(read.model, read.known.x)
    with np.load(FILES / "results.npz") as arrays:
        expected = arrays.get(path.stem)
        np.testing.assert_array_equal(arrays[f"{path.stem}_x"], read.known.x)
    if expected is not None and path.stem != "centroids":  # its probabilities are of Gaussians
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)
    if path.stem not in ("line", "forest_values", "boosted_values", "histograms_values"):
        np.testing.assert_array_equal(got.argmax(axis=1), read.known.decisions)


@pytest.mark.parametrize("path", sorted(FILES.glob("*.onnx")), ids=lambda path: path.stem)
def test_as_onnx_runtime_computes(path: Path) -> None:
    data = path.read_bytes()
    assert is_classical(data)
    model = read_onnx_ml(data)
    got, expected = results(model, known(f"{path.stem}_x")), known(f"{path.stem}_onnx")
    if isinstance(model, Linear) and model.decides and path.stem in SCORES:
        expected = expected.argmax(axis=1)
        np.testing.assert_array_equal(got.argmax(axis=1), expected)
    else:
        np.testing.assert_allclose(got, expected.reshape(got.shape), rtol=2e-5, atol=1e-5)


def changed(name: str, *path: Any, value: Any) -> bytes:
    document = json.loads((FILES / f"{name}.json").read_text())
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (changed("forest", "mlforge-sklearn", value=9), "another version"),
        (changed("forest", "features", value=70000), "at most 65535"),
        (changed("forest", "features", value=2), "feature 3 of 2|features"),
        (changed("forest", "kind", value="code"), "damaged"),
        (changed("forest", "trees", 0, "root", value=77), "does not exist"),
        (changed("forest", "trees", 0, "children", 0, value=[0, 0]), "two ways"),
        (changed("forest", "trees", 0, "thresholds", value=[1.0]), "unlike numbers"),
        (changed("forest", "trees", value=[]), "no trees"),
        (changed("forest_two", "factor", 0, value=-1.0), "expected positive"),
        (changed("forest_two", "offset", value=[1.0]), "the scaler has"),
        (changed("forest", "link", value="import os"), "damaged"),
        (changed("logistic", "coefficients", 0, 0, value=float("nan")), "no number"),
        (changed("logistic", "coefficients", 0, 0, value=1e300), "beyond"),
        (changed("logistic", "intercepts", value=[1.0]), "coefficients"),
        (changed("centroids", "centres", value=[["a"]]), "expected numbers"),
        (changed("logistic", "examples", "decisions", value=[1]), "another shape"),
        (b'{"mlforge-sklearn": 1', "damaged"),
        (b'{"mlforge-sklearn": ' + b"[" * 100_000, "damaged"),
    ],
)
def test_json_refused(data: bytes, told: str) -> None:
    with pytest.raises(ModelError, match=told):
        read_sklearn(data)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b"BRANCH_LEQ", b"BRANCH_NEQ", "BRANCH_NEQ|side by side"),
        (b"TreeEnsembleClassifier", b"TreeEnsembleClassifies", "0 operators that decide"),
        (b"class_weights", b"class_weighte", "leaves"),
        (b"nodes_values", b"nodes_valuez", "unlike numbers"),
        (b"NONE", b"HALF", "post_transform HALF"),
    ],
)
def test_onnx_refused(old: bytes, new: bytes, told: str) -> None:
    data = (FILES / "forest.onnx").read_bytes()
    assert old in data
    with pytest.raises(ModelError, match=told):
        read_onnx_ml(data.replace(old, new))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["forest_two.onnx", "logistic.onnx", "boosted_values.json", "logistic_two.json"])
def test_no_part_of_a_file_is_a_stumble(name: str) -> None:
    data = (FILES / name).read_bytes()
    random = np.random.default_rng(1)
    for _ in range(150):
        broken = bytearray(data[: int(random.integers(len(data))) if random.random() < 0.3 else len(data)])
        for _ in range(3 * bool(broken)):
            broken[int(random.integers(len(broken)))] = int(random.integers(256))
        with contextlib.suppress(ModelError):
            (read_onnx_ml if name.endswith("onnx") else read_sklearn)(bytes(broken))
