"""`Task`: what kind of answer a model gives. It decides the head, the loss and which search spaces apply."""

from __future__ import annotations

from enum import StrEnum


class Task(StrEnum):
    CLASSIFICATION = "classification"  # softmax over classes; labels are class indices
    REGRESSION = "regression"  # linear outputs; labels are values
    ANOMALY = "anomaly"  # an autoencoder trained on normal data; the score is its reconstruction error
