"""One shoulder exercise is normal; the two that are hardest to tell from it are not."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlforge.data.seglearn_watch import load_seglearn_watch

NORMAL = "PEN"  # the pendulum: the arm hangs and swings in circles
LIKE_IT = ("ROW", "TRAP")  # rows and shrugs; a linear autoencoder tells the other exercises from it without trouble


def recordings() -> dict[str, Any]:
    """`x`: signals [frames, 6], g and rad/s at 50 Hz; `y`: normal, or the exercise's name; `subject`: who wears the
    watch."""
    watch = load_seglearn_watch()
    kept = np.flatnonzero(np.isin(watch.labels, (NORMAL, *LIKE_IT)))
    labels = np.where(watch.labels == NORMAL, "normal", watch.labels)
    signals = [watch.signals[int(index)] for index in kept]
    return {"x": signals, "y": labels[kept], "subject": np.asarray(watch.columns["subject"])[kept]}
