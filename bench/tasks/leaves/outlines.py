"""Six kinds of leaves, by how far the outline is from the centre (the UCR archive's "OSULeaf"), at half resolution."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

from ucr import series, stretched


def outlines() -> dict[str, Any]:
    """`x`: signals, float32 [214, 1]; `y`: the kind, 1 to 6."""
    signals, labels = series("OSULeaf")
    return {"x": [stretched(one, 214) for one in signals], "y": labels}
