"""Representative inputs out of a contract: what its front end makes of training recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.app.prepare import prepare
from mlforge.contract.load import load_contract

COUNT: Final = 200


def of_contract(app: Path) -> NDArray[np.float32]:
    """float32 [N, *input_shape], evenly over the training examples. Raises ContractError, DataError."""
    return evenly(prepare(load_contract(app)).train.x)


def evenly(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """At most COUNT of float32 [N, ...], in order."""
    chosen = np.unique(np.linspace(0, len(x) - 1, min(COUNT, len(x))).round().astype(np.int64))
    return np.ascontiguousarray(x[chosen], np.float32)
