"""Writes what a fitted model of scikit-learn computes as JSON, which `west mlforge import` reads as data.

    python sklearn_to_json.py MODEL.joblib MODEL.json [INPUTS.npz]

It runs in the environment that the model was trained in, and needs nothing but scikit-learn. Unpickling a file runs the
code in it: do so with files of your own alone. In a program, `save(model, "model.json", x)` does the same. `x`, or the
array `x` of INPUTS.npz, are examples whose results by scikit-learn are written, too, so that the import compares with
them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

FORMAT = 1


class Refused(Exception):
    """What the model does that a linear map or a sum of trees cannot."""


def save(model: Any, path: str, x: Any = None) -> None:
    """Writes the file. `x`: examples [N, features]. Raises Refused."""
    document = describe(model)
    if x is not None:
        given = np.asarray(x, np.float32)[:256]
        document["examples"] = {"x": given.tolist(), "decisions": decisions(model, given)}
    Path(path).write_text(json.dumps(document, allow_nan=False), encoding="utf-8")


def describe(model: Any) -> dict[str, Any]:
    """The document, without examples."""
    import sklearn

    scalers, estimator = parts(model)
    features = int((scalers[0] if scalers else estimator).n_features_in_)
    offset, factor = np.zeros(features), np.ones(features)
    for scaler in scalers:  # of one after the other: (x - offset) * factor
        shift, gain = affine(scaler, features)
        offset, factor = offset + shift / factor, factor * gain
    found = {**linear(estimator), **trees(estimator)}
    if not found:
        raise Refused(
            f"{name(estimator)} is not known: linear models, nearest centroids, k-means, trees and forests are"
        )
    return {
        "mlforge-sklearn": FORMAT,
        "scikit-learn": sklearn.__version__,
        "model": " + ".join(name(one) for one in [*scalers, estimator]),
        "features": features,
        "offset": offset.tolist(),
        "factor": factor.tolist(),
        **found,
    }


def name(thing: Any) -> str:
    return type(thing).__name__


def is_a(thing: Any, *names: str) -> bool:
    """By names, so that no class of another version is missed; subclasses may compute something else."""
    return name(thing) in names and type(thing).__module__.startswith("sklearn.")


def parts(model: Any) -> tuple[list[Any], Any]:
    """Scalers, and the estimator behind them."""
    if is_a(model, "GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV"):
        return parts(model.best_estimator_)
    if not is_a(model, "Pipeline"):
        return [], model
    steps = [
        step for _, step in model.steps if step is not None and not (isinstance(step, str) and step == "passthrough")
    ]
    scalers, estimator = parts(steps[-1])
    return [*steps[:-1], *scalers], estimator


def affine(scaler: Any, features: int) -> tuple[Any, Any]:
    """What a scaler subtracts from each feature, and then multiplies it by."""
    zeros, ones = np.zeros(features), np.ones(features)
    if is_a(scaler, "StandardScaler"):
        return (zeros if scaler.mean_ is None or not scaler.with_mean else scaler.mean_), (
            ones if scaler.scale_ is None else 1 / scaler.scale_
        )
    if is_a(scaler, "RobustScaler"):
        return (scaler.center_ if scaler.with_centering else zeros), (
            1 / scaler.scale_ if scaler.with_scaling else ones
        )
    if is_a(scaler, "MaxAbsScaler"):
        return zeros, 1 / scaler.scale_
    if is_a(scaler, "MinMaxScaler") and not scaler.clip:
        return -scaler.min_ / scaler.scale_, scaler.scale_
    raise Refused(f"{name(scaler)} in front of the model is not known: StandardScaler, RobustScaler, MinMaxScaler are")


LINEAR_CLASSES = [
    "LogisticRegression",
    "LogisticRegressionCV",
    "RidgeClassifier",
    "RidgeClassifierCV",
    "SGDClassifier",
    "Perceptron",
    "PassiveAggressiveClassifier",
    "LinearSVC",
    "LinearDiscriminantAnalysis",
]
LINEAR_VALUES = [
    "LinearRegression",
    "Ridge",
    "RidgeCV",
    "Lasso",
    "LassoCV",
    "LassoLars",
    "LassoLarsCV",
    "LassoLarsIC",
    "ElasticNet",
    "ElasticNetCV",
    "Lars",
    "LarsCV",
    "OrthogonalMatchingPursuit",
    "OrthogonalMatchingPursuitCV",
    "BayesianRidge",
    "ARDRegression",
    "HuberRegressor",
    "TheilSenRegressor",
    "QuantileRegressor",
    "SGDRegressor",
    "PassiveAggressiveRegressor",
    "LinearSVR",
    "MultiTaskLasso",
    "MultiTaskElasticNet",
]


def linear(estimator: Any) -> dict[str, Any]:
    """Coefficients and intercepts, or centres; empty of another kind."""
    if is_a(estimator, "KMeans", "MiniBatchKMeans", "BisectingKMeans"):
        if name(estimator) == "BisectingKMeans":
            raise Refused("BisectingKMeans goes down a tree of centres")
        return {"kind": "centres", "centres": rows(estimator.cluster_centers_)}
    if is_a(estimator, "NearestCentroid"):
        prior = np.asarray(getattr(estimator, "class_prior_", [1.0]))
        if estimator.metric != "euclidean" or not np.allclose(prior, prior[0]):
            raise Refused("NearestCentroid with another metric than euclidean, or with priors")
        return {"kind": "centres", "centres": rows(estimator.centroids_), **classes(estimator)}
    if is_a(estimator, *LINEAR_VALUES):
        weights = rows(estimator.coef_)
        added = np.broadcast_to(np.asarray(estimator.intercept_, float).reshape(-1), (len(weights),))
        return {"kind": "linear", "coefficients": weights, "intercepts": added.tolist(), "link": "none"}
    if not is_a(estimator, *LINEAR_CLASSES):
        return {}
    weights, added = np.atleast_2d(estimator.coef_), np.asarray(estimator.intercept_, float).reshape(-1)
    added = np.broadcast_to(added, (len(weights),))
    of_each = (
        is_a(estimator, "LogisticRegression", "LogisticRegressionCV")
        and len(weights) > 1
        and (getattr(estimator, "multi_class", "auto") == "ovr" or estimator.solver == "liblinear")
    )
    probable = (
        hasattr(estimator, "predict_proba")
        and not of_each
        and (len(weights) == 1 or not is_a(estimator, "SGDClassifier"))
    )
    if len(weights) == 1:  # two classes: softmax of [0, sum] is the sigmoid of the sum
        weights, added = np.concatenate([0 * weights, weights]), np.append(0.0, added)
    link = "softmax" if probable and getattr(estimator, "loss", "") != "modified_huber" else "none"
    return {
        "kind": "linear",
        "coefficients": rows(weights),
        "intercepts": added.tolist(),
        "link": link,
        "decides": True,
        **classes(estimator),
    }


def trees(estimator: Any) -> dict[str, Any]:
    """All trees, what their sums start at, and what becomes of the sums; empty of another kind."""
    if is_a(estimator, "DecisionTreeClassifier", "ExtraTreeClassifier"):
        return shares([estimator], estimator)
    if is_a(estimator, "RandomForestClassifier", "ExtraTreesClassifier"):
        return shares(estimator.estimators_, estimator)
    if is_a(estimator, "DecisionTreeRegressor", "ExtraTreeRegressor"):
        return means([estimator])
    if is_a(estimator, "RandomForestRegressor", "ExtraTreesRegressor"):
        return means(estimator.estimators_)
    if is_a(estimator, "GradientBoostingClassifier", "GradientBoostingRegressor"):
        return boosted(estimator)
    if is_a(estimator, "HistGradientBoostingClassifier", "HistGradientBoostingRegressor"):
        return by_histograms(estimator)
    return {}


def shares(members: Any, estimator: Any) -> dict[str, Any]:
    if getattr(estimator, "n_outputs_", 1) != 1:
        raise Refused("a classifier of several outputs")
    found = []
    for member in members:
        values = member.tree_.value[:, 0, :]
        found.append(tree(member.tree_, values / values.sum(axis=1, keepdims=True) / len(members), 0))
    return {
        "kind": "trees",
        "trees": found,
        "base": [0.0] * len(estimator.classes_),
        "link": "shares",
        **classes(estimator),
    }


def means(members: Any) -> dict[str, Any]:
    found = [tree(member.tree_, member.tree_.value[:, :, 0] / len(members), 0) for member in members]
    return {"kind": "trees", "trees": found, "base": [0.0] * members[0].tree_.n_outputs, "link": "none"}


def boosted(estimator: Any) -> dict[str, Any]:
    if estimator.init_ != "zero" and not is_a(estimator.init_, "DummyClassifier", "DummyRegressor"):
        raise Refused(f"boosting that begins with {name(estimator.init_)}")
    start = np.asarray(estimator._raw_predict_init(np.zeros((1, estimator.n_features_in_), np.float32)), float)[0]
    grid = np.asarray(estimator.estimators_)
    binary = name(estimator).endswith("Classifier") and grid.shape[1] == 1
    steep = 2.0 if binary and estimator.loss == "exponential" else 1.0
    rate = estimator.learning_rate * steep
    found = [tree(one.tree_, one.tree_.value[:, :, 0] * rate, k + binary) for row in grid for k, one in enumerate(row)]
    return sums(estimator, found, start * steep, binary)


def sums(estimator: Any, found: Any, start: Any, binary: bool) -> dict[str, Any]:
    base = [0.0, *map(float, start)] if binary else [float(value) for value in start]
    decides = name(estimator).endswith("Classifier")
    more = classes(estimator) if decides else {}
    return {"kind": "trees", "trees": found, "base": base, "link": "softmax" if decides else "none", **more}


def by_histograms(estimator: Any) -> dict[str, Any]:
    if estimator.loss in ("poisson", "gamma"):
        raise Refused(f"the loss {estimator.loss}, whose results are exponentials")
    start = np.asarray(estimator._baseline_prediction, float).reshape(-1)
    binary = name(estimator).endswith("Classifier") and len(estimator._predictors[0]) == 1
    if getattr(estimator, "_preprocessor", None) is not None:
        raise Refused("boosting that splits by categories")
    found = []
    for row in estimator._predictors:
        for k, one in enumerate(row):
            nodes = one.nodes
            if nodes["is_categorical"].any():
                raise Refused("boosting that splits by categories")
            leaf = nodes["is_leaf"].astype(bool)
            children = np.stack([nodes["left"], nodes["right"]], 1).astype(int)
            found.append(
                laid_out(
                    leaf, nodes["feature_idx"], nodes["num_threshold"], children, nodes["value"][:, None], k + binary
                )
            )
    return sums(estimator, found, start, binary)


def tree(inner: Any, values: Any, target: int) -> dict[str, Any]:
    children = np.stack([inner.children_left, inner.children_right], 1)
    return laid_out(children[:, 0] < 0, inner.feature, inner.threshold, children, values, target)


def laid_out(leaf: Any, features: Any, thresholds: Any, children: Any, values: Any, target: int) -> dict[str, Any]:
    """A place is a split where it is at least 0, and else the leaf `-1 - place`."""
    places = np.where(leaf, -np.cumsum(leaf), np.cumsum(~leaf) - 1)
    return {
        "target": int(target),
        "root": int(places[0]),
        "features": np.asarray(features)[~leaf].tolist(),
        "thresholds": np.asarray(thresholds, float)[~leaf].tolist(),
        "children": places[children[~leaf]].reshape(-1, 2).tolist(),
        "leaves": np.asarray(values, float)[leaf].tolist(),
    }


def rows(values: Any) -> Any:
    return np.atleast_2d(np.asarray(values, float)).tolist()


def classes(estimator: Any) -> dict[str, Any]:
    return {"classes": [str(label) for label in np.asarray(estimator.classes_).reshape(-1)]}


def decisions(model: Any, x: Any) -> Any:
    """What scikit-learn says: indices of classes or clusters, or values."""
    found = np.asarray(model.predict(x.astype(float)))
    known = getattr(model, "classes_", None)
    if known is not None:
        return np.searchsorted(known, found).tolist()
    return found.astype(float).reshape(len(x), -1).tolist() if found.dtype.kind == "f" else found.tolist()


def main() -> None:
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    import joblib

    x = None
    if len(sys.argv) == 4:
        with np.load(sys.argv[3], allow_pickle=False) as arrays:
            x = arrays["x"]
    try:
        save(joblib.load(sys.argv[1]), sys.argv[2], x)
    except Refused as error:
        sys.exit(f"{sys.argv[1]}: {error}")
    sys.stdout.write(f"{sys.argv[2]}\n")


if __name__ == "__main__":
    main()
