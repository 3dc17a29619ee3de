"""The data of this sample: one shoulder exercise is normal, whatever else the arm does is not."""

from typing import Any

import numpy as np

from mlforge.data.seglearn_watch import load_seglearn_watch

NORMAL = "PEN"  # the pendulum: the arm hangs and swings in circles


def recordings() -> dict[str, Any]:
    """`x`: signals [frames, 6], g and rad/s at 50 Hz; `y`: normal, or the exercise's name; `subject`: who wears the
    watch."""
    watch = load_seglearn_watch()
    labels = np.where(watch.labels == NORMAL, "normal", watch.labels)
    return {"x": watch.signals, "y": labels, "subject": watch.columns["subject"]}
