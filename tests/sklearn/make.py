"""Makes the model files beside it, with the results of scikit-learn and ONNX Runtime.

    pip install scikit-learn skl2onnx onnxruntime
    python tests/sklearn/make.py

The files are kept, so that tests need none of these packages. They are of scikit-learn 1.9, skl2onnx 1.20 and ONNX
Runtime 1.32. Results are of ONNX Runtime where there is an ONNX file, and else of scikit-learn.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from sklearn import cluster, datasets, ensemble, linear_model, neighbors, pipeline, preprocessing, tree

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "python" / "mlforge" / "importing" / "inside"))

import sklearn_to_json  # noqa: E402

iris = datasets.load_iris(return_X_y=True)
two = iris[0], iris[1] == 2
values = datasets.load_diabetes(return_X_y=True, scaled=False)
standard, spread = preprocessing.StandardScaler, preprocessing.MinMaxScaler
MODELS: dict[str, tuple[Any, Any]] = {
    "forest": (ensemble.RandomForestClassifier(3, max_depth=3, random_state=0), iris),
    "forest_two": (
        pipeline.make_pipeline(standard(), ensemble.ExtraTreesClassifier(3, max_depth=4, random_state=0)),
        two,
    ),
    "forest_values": (ensemble.RandomForestRegressor(3, max_depth=4, random_state=0), values),
    "tree": (tree.DecisionTreeClassifier(max_depth=3, random_state=0), iris),
    "boosted": (ensemble.GradientBoostingClassifier(n_estimators=3, max_depth=2, random_state=0), iris),
    "boosted_two": (ensemble.GradientBoostingClassifier(n_estimators=3, max_depth=2, random_state=0), two),
    "boosted_values": (ensemble.GradientBoostingRegressor(n_estimators=4, max_depth=2, random_state=0), values),
    "histograms_two": (ensemble.HistGradientBoostingClassifier(max_iter=3, max_leaf_nodes=5), two),
    "histograms_values": (ensemble.HistGradientBoostingRegressor(max_iter=3, max_leaf_nodes=5), values),
    "logistic": (pipeline.make_pipeline(standard(), linear_model.LogisticRegression()), iris),
    "logistic_two": (pipeline.make_pipeline(spread(), linear_model.LogisticRegression()), two),
    "ridge_classes": (pipeline.make_pipeline(standard(), linear_model.RidgeClassifier()), iris),
    "line": (pipeline.make_pipeline(standard(), linear_model.Ridge()), values),
    "centroids": (pipeline.make_pipeline(standard(), neighbors.NearestCentroid()), iris),
    "clusters": (pipeline.make_pipeline(standard(), cluster.KMeans(3, n_init=2, random_state=0)), iris),
}


def main() -> None:
    warnings.simplefilter("ignore")
    results: dict[str, Any] = {}
    for name, (model, (given, y)) in MODELS.items():
        x = given[::5].astype(np.float32)
        model.fit(given, y)
        sklearn_to_json.save(model, str(HERE / f"{name}.json"), x)
        results[f"{name}_x"] = x
        if hasattr(model, "predict_proba"):
            results[name] = model.predict_proba(x.astype(float))
        elif name in ("line", "forest_values", "boosted_values", "histograms_values"):
            results[name] = model.predict(x.astype(float)).reshape(len(x), -1)
        try:
            probable = {"zipmap": False} if hasattr(model, "predict_proba") else None
            converted = to_onnx(model, x[:1], options=probable).SerializeToString()
            *_, last = onnxruntime.InferenceSession(converted).run(None, {"X": x})
        except Exception as error:  # of converters that lack a model, or are of another version
            print(name, "is no ONNX model:", str(error)[:60])
            continue
        if name != "clusters":
            (HERE / f"{name}.onnx").write_bytes(converted)
            results[f"{name}_onnx"] = last
    np.savez_compressed(HERE / "results.npz", **results)


if __name__ == "__main__":
    main()
