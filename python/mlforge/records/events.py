"""`EventQuality`: how well a model's decisions find the events of long recordings."""

from __future__ import annotations

from dataclasses import dataclass

from mlforge.records.quality import Split


@dataclass(frozen=True, slots=True)
class Operating:
    """What one threshold does: `enter` is an int8 score."""

    enter: int
    recall: float
    false_accepts_per_hour: float


@dataclass(frozen=True, slots=True)
class EventQuality:
    """Of the streams of one split. `hits` of the `events` were recognised, `false_accepts` recognised without being
    there, in `hours` of signal. `enter` is the int8 score by which it was decided, where a rule or one number for all
    classes says so; `curve` what other scores would do, by falling `enter`."""

    split: Split
    events: int
    hits: int
    false_accepts: int
    hours: float
    enter: int | None = None
    curve: tuple[Operating, ...] = ()

    @property
    def recall(self) -> float:
        """The share of events that were recognised; 1 where there are none."""
        return self.hits / self.events if self.events else 1.0

    @property
    def precision(self) -> float:
        """The share of what was recognised that is there; 1 where nothing was recognised, which recall tells."""
        found = self.hits + self.false_accepts
        return self.hits / found if found else 1.0

    @property
    def f1(self) -> float:
        """2 hits / (2 hits + false accepts + misses)."""
        both = self.hits + self.false_accepts + self.events
        return 2 * self.hits / both if both else 1.0

    @property
    def false_accepts_per_hour(self) -> float:
        return self.false_accepts / self.hours if self.hours else 0.0
