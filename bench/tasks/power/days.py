"""Whether a day's demand for electricity in Italy, hour by hour, is a summer's or a winter's (the UCR archive's
"ItalyPowerDemand")."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

from ucr import series, stretched


def days() -> dict[str, Any]:
    """`x`: signals, float32 [24, 1]; `y`: 1 for October to March, 2 for April to September."""
    signals, labels = series("ItalyPowerDemand")
    return {"x": [stretched(one, 24) for one in signals], "y": labels}
