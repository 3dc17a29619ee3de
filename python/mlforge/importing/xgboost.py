"""Trees of XGBoost, of the JSON or UBJSON that `Booster.save_model` writes.

Source of the fields: XGBoost's "Introduction to Model IO" and its schema (doc/model.schema). A missing feature takes
the default way there; a device's features are never missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from math import isfinite, log
from typing import Any, Final

import numpy as np

from mlforge.errors import ModelError
from mlforge.importing.ubjson import read_ubjson
from mlforge.records.ensemble import Ensemble, Ints, Link, Tree, check

# Objectives whose results are the sums; and those with a sigmoid or softmax. Others raise e to the sum.
_PLAIN: Final = frozenset(
    {
        "reg:squarederror",
        "reg:linear",
        "reg:pseudohubererror",
        "reg:absoluteerror",
        "reg:quantileerror",
        "binary:logitraw",
        "rank:pairwise",
        "rank:ndcg",
        "rank:map",
    }
)
_SIGMOID: Final = frozenset({"binary:logistic", "reg:logistic"})
_SOFTMAX: Final = frozenset({"multi:softprob", "multi:softmax"})
_MAX_OUTPUTS: Final = 4096
_JSON: Final = re.compile(rb'\s*\{\s*"')


def read_xgboost(data: bytes) -> Ensemble:
    """Of the file's bytes. Raises ModelError for what is damaged, or is more than numeric splits and sums."""
    try:
        document = json.loads(data, object_pairs_hook=_once) if _JSON.match(data) else read_ubjson(data)
        return _ensemble(document)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError, OverflowError) as error:
        raise ModelError(f"the XGBoost model is damaged: {type(error).__name__} ({error})") from error


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ModelError("the XGBoost model is damaged: it has the same name twice")
    return found


def _ensemble(document: Mapping[str, Any]) -> Ensemble:
    learner = document["learner"]
    parameters, booster = learner["learner_model_param"], learner["gradient_booster"]
    objective = str(learner["objective"]["name"])
    if objective not in _PLAIN | _SIGMOID | _SOFTMAX:
        raise ModelError(
            f"the XGBoost objective {objective[:60]} is not supported",
            hint=f"accepted: {', '.join(sorted(_PLAIN | _SIGMOID | _SOFTMAX))}",
        )
    if booster["name"] not in ("gbtree", "dart"):
        raise ModelError(f"the XGBoost booster is {str(booster['name'])[:60]}", hint="accepted: gbtree, dart")
    inner = booster["gbtree"] if booster["name"] == "dart" else booster
    model = inner["model"]
    weights = [float(value) for value in booster.get("weight_drop", [])] or [1.0] * len(model["trees"])
    outputs = max(1, int(parameters["num_class"]), int(parameters.get("num_target", 1)))
    if outputs > _MAX_OUTPUTS:
        raise ModelError(f"the model has {outputs} outputs: at most {_MAX_OUTPUTS}")
    binary = objective in _SIGMOID
    base = _base(parameters["base_score"], outputs, binary)
    trees = tuple(
        _tree(tree, int(target) + binary, weight)
        for tree, target, weight in zip(model["trees"], model["tree_info"], weights, strict=True)
    )
    if binary:  # softmax of [0, sum] is the sigmoid of the sum
        outputs, base = 2, np.array([0.0, base[0]])
    link = Link.SOFTMAX if objective in _SIGMOID | _SOFTMAX else Link.NONE
    found = Ensemble(int(parameters["num_feature"]), trees, base, True, link)
    check(found)
    return found


def _base(text: Any, outputs: int, binary: bool) -> np.ndarray:
    """What sums start at: a number, or from XGBoost 3.1 on one for each output; of a sigmoid, a probability."""
    values = text if isinstance(text, list) else [part for part in str(text).strip("[]").split(",") if part]
    base = np.array([float(value) for value in values])
    base = np.broadcast_to(base, (outputs,)) if len(base) == 1 else base
    if len(base) != outputs or not all(map(isfinite, base)):
        raise ModelError(f"base_score has {len(base)} values for {outputs} outputs")
    if binary:
        if not 0 < base[0] < 1:
            raise ModelError(f"base_score is {base[0]:g}: expected a probability")
        return np.array([log(base[0] / (1 - base[0]))])
    return np.array(base)


def _tree(tree: Mapping[str, Any], target: int, weight: float) -> Tree:
    if int(tree["tree_param"].get("size_leaf_vector", 0)) > 1:
        raise ModelError("the leaves of the XGBoost model have several values (multi_strategy)")
    if any(int(kind) for kind in tree.get("split_type", [])):
        raise ModelError("the XGBoost model splits by categories", hint="encode them as numbers")
    children = np.stack([_whole(tree["left_children"]), _whole(tree["right_children"])], axis=1)
    with np.errstate(over="ignore"):  # what is not finite then is refused
        conditions = np.array(tree["split_conditions"], np.float32).astype(np.float64)
        leaves = conditions * weight
    inner = children[:, 0] >= 0
    places = np.where(inner, np.cumsum(inner) - 1, 0 - np.cumsum(~inner))
    if children[inner].size and (children[inner].min() < 0 or children[inner].max() >= len(children)):
        raise ModelError("a node of the XGBoost model leads nowhere")
    return Tree(
        features=_whole(tree["split_indices"])[inner],
        thresholds=conditions[inner],
        children=places[children[inner]].reshape(-1, 2),
        leaves=leaves[~inner][:, None],
        root=int(places[0]),
        target=target,
    )


def _whole(values: Sequence[Any]) -> Ints:
    found = np.array(values)
    if found.ndim != 1 or found.dtype.kind not in "iu":
        raise ValueError("expected whole numbers")
    return found.astype(np.int64)
