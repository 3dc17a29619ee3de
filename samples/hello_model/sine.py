"""The data of this sample: points of a sine. No recordings, no downloads."""

import numpy as np

POINTS = 2000


def points() -> dict[str, object]:
    """`x` [N][1] in 0 .. 2 pi, and `y` [N], its sine with a little noise."""
    random = np.random.default_rng(1)
    x = random.uniform(0.0, 2.0 * np.pi, (POINTS, 1)).astype(np.float32)
    return {"x": list(x), "y": (np.sin(x[:, 0]) + random.normal(0.0, 0.02, POINTS)).astype(np.float32)}
