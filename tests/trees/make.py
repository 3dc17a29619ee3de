"""Makes the model files beside it, with the results of the libraries that they are from.

    pip install xgboost-cpu lightgbm scikit-learn
    python tests/trees/make.py

The files are kept, so that tests need none of these packages. They are of XGBoost 3.2 and LightGBM 4.7.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import xgboost
from sklearn.datasets import load_diabetes, load_iris

HERE = Path(__file__).parent


def main() -> None:
    warnings.simplefilter("ignore")
    iris, kinds = load_iris(return_X_y=True)
    sick, progress = load_diabetes(return_X_y=True, scaled=False)
    data = {"classes": (iris, kinds), "binary": (iris, kinds == 2), "values": (sick, progress)}
    results: dict[str, Any] = {}
    for name, (given, y) in data.items():
        x = given[::3].astype(np.float32)
        boosted = (xgboost.XGBRegressor if name == "values" else xgboost.XGBClassifier)(
            n_estimators=4, max_depth=3, booster="dart" if name == "binary" else "gbtree", rate_drop=0.3
        )
        boosted.fit(given, y)
        for ending in ("json", "ubj"):
            boosted.save_model(HERE / f"xgboost_{name}.{ending}")
        forest = {"boosting_type": "rf", "bagging_freq": 1, "bagging_fraction": 0.7} if name == "binary" else {}
        light = (lightgbm.LGBMRegressor if name == "values" else lightgbm.LGBMClassifier)(
            n_estimators=4, num_leaves=8, verbose=-1, **forest
        )
        light.fit(given, y)
        light.booster_.save_model(HERE / f"lightgbm_{name}.txt")
        results[f"{name}_x"] = x
        for library, model in (("xgboost", boosted), ("lightgbm", light)):
            results[f"{library}_{name}"] = model.predict(x) if name == "values" else model.predict_proba(x)
    np.savez_compressed(HERE / "results.npz", **results)


if __name__ == "__main__":
    main()
