"""Where the MLPerf Tiny models are: not part of this repository, found by MLFORGE_MODELS or beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

MODELS = Path(os.environ.get("MLFORGE_MODELS") or Path(__file__).parents[3] / "shared" / "models") / "mlperf_tiny"
