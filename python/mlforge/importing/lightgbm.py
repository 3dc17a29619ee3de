"""Trees of LightGBM, of the text that `Booster.save_model` writes.

Source of the fields: LightGBM's src/boosting/gbdt_model_text.cpp and include/LightGBM/tree.h. A missing feature takes
the default way there; a device's features are never missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import ModelError
from mlforge.records.ensemble import Ensemble, Ints, Link, Tree, check

# Objectives whose results are the sums; others raise e to the sum, or have a sigmoid for each class.
_PLAIN: Final = frozenset(
    {"regression", "regression_l2", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg"}
)
_SIGMOID: Final = frozenset({"binary", "cross_entropy"})
_SOFTMAX: Final = frozenset({"multiclass"})
_BY_CATEGORY: Final = 1  # bits of decision_type
_MISSING: Final = 3 << 2
_ZERO_IS_MISSING: Final = 1 << 2
_MAX_OUTPUTS: Final = 4096


def read_lightgbm(data: bytes) -> Ensemble:
    """Of the file's bytes. Raises ModelError for what is damaged, or is more than numeric splits and sums."""
    try:
        return _ensemble(data.decode("utf-8").replace("\r\n", "\n"))
    except (KeyError, ValueError, IndexError, OverflowError) as error:
        raise ModelError(f"the LightGBM model is damaged: {type(error).__name__} ({error})") from error


def _ensemble(text: str) -> Ensemble:
    trees, end, _ = text.partition("\nend of trees")
    head, *rest = trees.split("\nTree=")
    if not end or any(int(part.partition("\n")[0]) != index for index, part in enumerate(rest)):
        raise ModelError("the LightGBM model is damaged: trees are missing")
    fields = _fields(head)
    objective, *options = (fields.get("objective") or "regression").split()
    if objective not in _PLAIN | _SIGMOID | _SOFTMAX or "sqrt" in options:
        raise ModelError(
            f"the LightGBM objective {' '.join([objective, *options])[:60]} is not supported",
            hint=f"accepted: {', '.join(sorted(_PLAIN | _SIGMOID | _SOFTMAX))}",
        )
    outputs = int(fields["num_tree_per_iteration"])
    if not 1 <= outputs <= _MAX_OUTPUTS:
        raise ModelError(f"the model has {outputs} outputs: at most {_MAX_OUTPUTS}")
    factor = 1.0
    if "average_output" in fields:  # a random forest
        factor = outputs / max(1, len(rest))
    binary = objective in _SIGMOID
    steepness = next((float(option.partition(":")[2]) for option in options if option.startswith("sigmoid:")), 1.0)
    factor *= steepness if binary else 1.0
    with np.errstate(over="ignore"):  # what is not finite then is refused
        found = tuple(_tree(_fields(part), index % outputs + binary, factor) for index, part in enumerate(rest))
    base = np.zeros(2 if binary else outputs)  # softmax of [0, sum] is the sigmoid of the sum
    link = Link.NONE if objective in _PLAIN else Link.SOFTMAX
    ensemble = Ensemble(int(fields["max_feature_idx"]) + 1, found, base, False, link)
    check(ensemble)
    return ensemble


def _fields(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in filter(None, text.split("\n")):
        name, _, value = line.partition("=")
        if name.strip() in found:
            raise ModelError(f"the LightGBM model is damaged: it has {name.strip()[:60]!r} twice")
        found[name.strip()] = value.strip()
    return found


def _tree(fields: Mapping[str, str], target: int, factor: float) -> Tree:
    if fields.get("is_linear", "0") != "0":
        raise ModelError("the leaves of the LightGBM model are linear models (linear_tree)")
    count = int(fields["num_leaves"]) - 1
    leaves = _numbers(fields["leaf_value"], count + 1)
    empty = np.zeros(0, np.int64)
    if count == 0:
        return Tree(empty, np.zeros(0), empty.reshape(0, 2), (leaves * factor)[:, None], -1, target)
    kinds = _whole(fields["decision_type"], count)
    if (kinds & _BY_CATEGORY).any():
        raise ModelError(
            "the LightGBM model splits by categories", hint="encode categories as numbers, and train again"
        )
    if ((kinds & _MISSING) == _ZERO_IS_MISSING).any():
        raise ModelError("the LightGBM model takes zeros for missing (zero_as_missing)")
    children = np.stack([_whole(fields[name], count) for name in ("left_child", "right_child")], 1)
    return Tree(
        features=_whole(fields["split_feature"], count),
        thresholds=_numbers(fields["threshold"], count),
        children=children,
        leaves=(leaves * factor)[:, None],
        root=0,
        target=target,
    )


def _numbers(text: str, count: int) -> NDArray[np.float64]:
    return np.array([float(word) for word in _words(text, count)])


def _whole(text: str, count: int) -> Ints:
    return np.array([int(word) for word in _words(text, count)], np.int64)


def _words(text: str, count: int) -> list[str]:
    words = text.split()
    if len(words) != count:
        raise ModelError(f"the LightGBM model is damaged: {len(words)} numbers where {count} are expected")
    return words
