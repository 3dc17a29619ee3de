"""How far diabetes progressed within a year, by ten measurements of 442 patients (Efron et al., Annals of Statistics
32, 2004), as scikit-learn brings them along.

Reads the files in the installed package and imports nothing of it, so `pip install --no-deps` is enough.
"""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np


def patients() -> dict[str, Any]:
    """`x`: float32 [10] each: age, sex, body mass index, blood pressure, six of the blood serum; `y`: the score."""
    spec = find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the patients come with scikit-learn: pip install --no-deps 'mlforge-zephyr[bench]'")
    folder = Path(spec.origin).parent / "datasets" / "data"
    with gzip.open(folder / "diabetes_data_raw.csv.gz", "rt") as file:
        x = np.loadtxt(file, dtype=np.float32)
    with gzip.open(folder / "diabetes_target.csv.gz", "rt") as file:
        y = np.loadtxt(file, dtype=np.float32)
    return {"x": list(x), "y": y}
