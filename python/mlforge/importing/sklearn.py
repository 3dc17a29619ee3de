"""Models of scikit-learn, of the JSON that `inside/sklearn_to_json.py` writes in the user's own environment.

scikit-learn saves pickles, which run code when they are read; MLForge reads none. The numbers in the JSON are data, and
whatever stands there becomes a model or an error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import ModelError
from mlforge.importing.scaled import Model, scaled
from mlforge.records.ensemble import Ensemble, Floats, Link, Tree, check
from mlforge.records.linear import Linear, check_linear, nearest

_FORMAT: Final = 1
_MAX_FEATURES: Final = 65535
_MAX_WORDS: Final = 200


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """Examples float32 [N, features] with scikit-learn's own answers: indices of classes, or values [N, outputs]."""

    x: NDArray[np.float32]
    decisions: Floats


@dataclass(frozen=True, slots=True, eq=False)
class OfSklearn:
    """`name`: of the model and its version, to be shown."""

    model: Model
    name: str
    known: Known | None


def read_sklearn(data: bytes) -> OfSklearn:
    """Of the file's bytes. Raises ModelError for what is damaged."""
    try:
        document = json.loads(data, parse_constant=_no_number)
        return _read(document)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError, OverflowError) as error:
        raise ModelError(f"the model of scikit-learn is damaged: {type(error).__name__} ({error})") from error


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _read(document: Mapping[str, Any]) -> OfSklearn:
    if document["mlforge-sklearn"] != _FORMAT:
        raise ModelError("the file is of another version of sklearn_to_json.py", hint="write it again with this one's")
    features = _whole(document["features"])
    if not 1 <= features <= _MAX_FEATURES:
        raise ModelError(f"the model has {features} features: at most {_MAX_FEATURES}")
    found = _READERS[str(document["kind"])](document, features)
    model = scaled(found, _numbers(document["offset"], 1), _numbers(document["factor"], 1))
    if model.features != features:
        raise ModelError(f"the model has coefficients for {model.features} features, and takes {features}")
    named = f"{str(document['model'])[:_MAX_WORDS]} of scikit-learn {str(document['scikit-learn'])[:20]}"
    return OfSklearn(model, named, _known(document.get("examples"), features))


def _trees(document: Mapping[str, Any], features: int) -> Ensemble:
    trees = tuple(
        Tree(
            _numbers(one["features"], 1, np.int64),
            _numbers(one["thresholds"], 1),
            _numbers(one["children"], 2, np.int64).reshape(-1, 2),
            _numbers(one["leaves"], 2),
            _whole(one["root"]),
            _whole(one["target"]),
        )
        for one in document["trees"]
    )
    for tree in trees:
        if not len(tree.features) == len(tree.thresholds) == len(tree.children):
            raise ValueError("a tree has unlike numbers of features, thresholds and children")
    ensemble = Ensemble(features, trees, _numbers(document["base"], 1), False, Link(document["link"]))
    check(ensemble)
    return ensemble


def _linear(document: Mapping[str, Any], features: int) -> Linear:
    weights, added = _numbers(document["coefficients"], 2), _numbers(document["intercepts"], 1)
    model = Linear(weights, added, Link(document["link"]), bool(document.get("decides", False)))
    check_linear(model)
    return model


def _centres(document: Mapping[str, Any], features: int) -> Linear:
    model = nearest(_numbers(document["centres"], 2))
    check_linear(model)
    return model


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any], int], Model]]] = {
    "trees": _trees,
    "linear": _linear,
    "centres": _centres,
}


def _known(document: Any, features: int) -> Known | None:
    if document is None:
        return None
    x, decisions = _numbers(document["x"], 2).astype(np.float32), np.array(document["decisions"], np.float64)
    if x.shape[1] != features or len(decisions) != len(x) or not np.isfinite(decisions).all():
        raise ValueError("the examples have another shape than the model")
    return Known(x, decisions)


def _numbers(values: Any, rank: int, kind: type = np.float64) -> NDArray[Any]:
    found = np.array(values)
    if not found.size:
        return np.zeros((0,) * rank, kind)
    if found.ndim != rank or found.dtype.kind not in ("iu" if kind is np.int64 else "iuf"):
        raise ValueError(f"expected numbers, {'in rows' if rank == 2 else 'in a row'}")
    return found.astype(kind)


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("expected a whole number")
    return value
