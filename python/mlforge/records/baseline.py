"""`Baseline`: what a model that learns next to nothing reaches on the same features and splits."""

from __future__ import annotations

from dataclasses import dataclass

from mlforge.records.quality import Figure, Split


@dataclass(frozen=True, slots=True)
class Baseline:
    """In floats, on the host. `change` is the value of the int8 model less this one's, with its standard error in
    pairs; None where no model was judged on the split, or its error is unknown."""

    name: str
    split: Split
    figure: Figure  # in the metric that candidates are compared by
    others: tuple[Figure, ...] = ()
    change: float | None = None
    change_error: float | None = None

    @property
    def gain(self) -> float | None:
        """By how much the model is better; negative where it is worse."""
        if self.change is None:
            return None
        return self.change if self.figure.metric.higher_is_better else -self.change

    @property
    def beaten(self) -> bool:
        """Whether the model is better by more than one standard error; by anything at all where that is unknown."""
        return self.gain is not None and self.gain > (self.change_error or 0.0)
