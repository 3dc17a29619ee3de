"""The digits that scikit-learn brings along (UCI, optical recognition of handwritten digits): 1,797 pictures of 8 by 8.

Reads the file in the installed package and imports nothing of it, so `pip install --no-deps` is enough.
"""

from __future__ import annotations

import gzip
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np


def pictures() -> dict[str, Any]:
    """`x`: float32 [8, 8, 1] each, 0 to 16; `y`: the digit, as text."""
    spec = find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the digits come with scikit-learn: pip install --no-deps 'mlforge-zephyr[bench]'")
    with gzip.open(Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz", "rt") as file:
        rows = np.loadtxt(file, delimiter=",", dtype=np.float32)
    return {"x": list(rows[:, :64].reshape(-1, 8, 8, 1)), "y": [str(int(label)) for label in rows[:, 64]]}
