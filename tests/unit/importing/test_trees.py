"""Trees of XGBoost and LightGBM: read as those compute them, and what is damaged or unknown is refused."""

from __future__ import annotations

import contextlib
import json
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlforge.errors import ModelError
from mlforge.importing.lightgbm import read_lightgbm
from mlforge.importing.ubjson import read_ubjson
from mlforge.importing.xgboost import read_xgboost
from mlforge.records.ensemble import Ensemble, results

TREES = Path(__file__).parents[2] / "trees"
NAMES = ["classes", "binary", "values"]


def read(path: Path) -> Ensemble:
    return (read_lightgbm if path.suffix == ".txt" else read_xgboost)(path.read_bytes())


@pytest.mark.parametrize("path", sorted(TREES.glob("*_*.*")), ids=lambda path: path.name)
def test_as_the_library_computes(path: Path) -> None:
    """XGBoost sums in float32, LightGBM in double."""
    with np.load(TREES / "results.npz") as known:
        x, expected = known[f"{path.stem.split('_')[1]}_x"], known[path.stem]
    ensemble = read(path)
    got = results(ensemble, x).reshape(expected.shape)
    np.testing.assert_allclose(got, expected, rtol=1e-6 if path.suffix != ".txt" else 1e-12, atol=1e-6)


def test_both_forms_of_xgboost_hold_the_same() -> None:
    for name in NAMES:
        assert read_ubjson((TREES / f"xgboost_{name}.ubj").read_bytes()).keys() == {"learner", "version"}


def changed(*path: Any, value: Any) -> bytes:
    document = json.loads((TREES / "xgboost_values.json").read_text())
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return json.dumps(document).encode()


TREE = ("learner", "gradient_booster", "model", "trees", 0)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (changed("learner", "objective", "name", value="count:poisson"), "objective count:poisson"),
        (changed("learner", "gradient_booster", "name", value="gblinear"), "booster is gblinear"),
        (changed(*TREE, "left_children", 0, value=4000), "leads nowhere"),
        (changed(*TREE, "left_children", 0, value=0), "two ways lead|leads nowhere|does not exist"),
        (changed(*TREE, "split_indices", 0, value=77), "feature 77 of 10"),
        (changed(*TREE, "split_conditions", 0, value=1e400), "not finite"),
        (changed(*TREE, "split_type", 0, value=1), "categories"),
        (changed(*TREE, "left_children", value=[1]), "damaged"),
        (changed("learner", "learner_model_param", "num_feature", value="x"), "damaged"),
        (changed("learner", "learner_model_param", "num_class", value="99999999"), "outputs"),
        (changed("learner", value=[]), "damaged"),
        (b'{"learner": {}', "damaged"),
        (b"{L", "damaged"),
        (b"{L\xff\xff\xff\xff\xff\xff\xff\xff", "a length of -1"),
        (b"[" * 100, "nested too deeply"),
        (b"[$d#l\x7f\xff\xff\xff", "a length of"),
    ],
)
def test_xgboost_refused(data: bytes, told: str) -> None:
    with pytest.raises(ModelError, match=told):
        read_xgboost(data)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("objective=regression", "objective=poisson", "objective poisson"),
        ("objective=regression", "objective=regression sqrt", "objective regression sqrt"),
        ("num_leaves=8", "num_leaves=9", "where 9 are expected|where 8 are expected"),
        ("decision_type=2", "decision_type=1", "categories"),
        ("decision_type=2", "decision_type=6", "zeros for missing"),
        ("max_feature_idx=9", "max_feature_idx=1", "it asks for feature"),
        ("left_child=", "left_child=0 ", "numbers where"),
        ("left_child=1", "left_child=0", "two ways lead|does not exist"),
        ("is_linear=0", "is_linear=1", "linear_tree"),
        ("leaf_value=", "leaf_value=nan", "damaged|not finite|numbers"),
    ],
)
def test_lightgbm_refused(old: str, new: str, told: str) -> None:
    text = (TREES / "lightgbm_values.txt").read_text()
    assert old in text
    with pytest.raises(ModelError, match=told):
        read_lightgbm(text.replace(old, new).encode())


@pytest.mark.parametrize("name", ["xgboost_binary.ubj", "xgboost_binary.json", "lightgbm_binary.txt"])
def test_no_part_of_a_file_is_a_stumble(name: str) -> None:
    data = (TREES / name).read_bytes()
    random = np.random.default_rng(1)
    for _ in range(150):
        at = int(random.integers(len(data)))
        broken = bytearray(data[: at if random.random() < 0.3 else len(data)])
        if broken:
            broken[int(random.integers(len(broken)))] = int(random.integers(256))
        with contextlib.suppress(ModelError):
            (read_lightgbm if name.endswith("txt") else read_xgboost)(bytes(broken))


def of(text: str) -> bytes:
    return b"L" + struct.pack(">q", len(text)) + text.encode()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"{" + of("a") + b"[#l" + struct.pack(">i", 600) + 600 * b"[$Z#l\0\0\x07\xd0" + 6000 * b"x", "more values"),
        (b"{" + of("a") + b"Z" + of("a") + b"Z}", "'a' twice"),
        (b"{" + of("a") + b"Z}rest", "follows its end"),
    ],
)
def test_ubjson_refused(data: bytes, told: str) -> None:
    with pytest.raises(ModelError, match=told):
        read_ubjson(data)


def test_names_once_whole_numbers_and_white_space_of_any_kind() -> None:
    text = (TREES / "xgboost_values.json").read_text()
    assert read_xgboost(text.replace("{", "{\t", 1).encode()).features == 10
    with pytest.raises(ModelError, match="twice"):
        read_xgboost(text.replace('"num_feature":', '"num_feature":"9","num_feature":', 1).encode())
    with pytest.raises(ModelError, match="whole numbers"):
        read_xgboost(changed(*TREE, "left_children", 0, value=1.7))


def test_a_part_of_the_trees_is_no_model() -> None:
    text = (TREES / "lightgbm_values.txt").read_text()
    assert len(read_lightgbm(text.replace("\n", "\r\n").encode()).trees) == 4
    second = text.index("\nTree=2")
    with pytest.raises(ModelError, match="trees are missing"):
        read_lightgbm(text[:second].encode())
    with pytest.raises(ModelError, match="trees are missing"):
        read_lightgbm((text[:second] + text[text.index("\nTree=3") :]).encode())
    for again in ("max_feature_idx=9", "num_leaves=8"):
        with pytest.raises(ModelError, match="twice"):
            read_lightgbm(text.replace(again, f"{again}\n{again}", 1).encode())


@pytest.mark.filterwarnings("error")
def test_numbers_too_large_are_a_sentence_alone() -> None:
    text = (TREES / "lightgbm_values.txt").read_text()
    for value in ("1e30", "1.7e308"):
        with pytest.raises(ModelError, match="come to values of up to"):
            read_lightgbm(re.sub(r"leaf_value=\S+", f"leaf_value={value}", text, count=1).encode())
    with pytest.raises(ModelError, match="damaged"):
        read_lightgbm(re.sub(r"left_child=\S+", "left_child=1e30", text, count=1).encode())
    with pytest.raises(ModelError, match="not finite"):
        read_xgboost(changed(*TREE, "split_conditions", 0, value=1e39))
    with pytest.raises(ModelError, match="come to values of up to"):
        read_xgboost(changed("learner", "learner_model_param", "base_score", value="-1.7e308"))
