"""`Lock`: what `mlforge.lock.yaml` beside `prj.conf` says of the model that won, enough to build it again untrained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from mlforge.records.architecture import Architecture, Convolution, Layer
from mlforge.records.attempt import Attempt, TensorRange
from mlforge.records.baseline import Baseline
from mlforge.records.cost import Cost
from mlforge.records.events import EventQuality
from mlforge.records.folds import CrossValidation
from mlforge.records.quality import Quality, Split, Stage
from mlforge.records.robustness import Robustness
from mlforge.records.serial import OMIT_IF_DEFAULT, new_converter, structure
from mlforge.records.threshold import Threshold
from mlforge.records.verdict import Verdict

LOCK_FORMAT: Final = 2
READABLE_FORMATS: Final = (1, 2)  # what format 2 added has defaults: a lock of format 1 still builds its model


@dataclass(frozen=True, slots=True)
class ModelFile:
    path: str  # relative to the app, with forward slashes
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class StudyFacts:
    proposer: str
    seed: int
    trials: int
    trained: int
    rejected: int
    failed: int
    winner: int  # the number of the winning Trial
    test_opened_for: tuple[int, ...]  # every Trial that ever saw the test split; more than one makes it less honest
    tied: tuple[int, ...]  # Trials that the validation data cannot tell from the best; the winner is the cheapest
    training_seconds: float
    training_seconds_saved: float  # estimated: rejected trials times the median training time
    best: int | None = None  # the Trial of the best quality on validation data; None in locks of format 1
    test_models: int = 0  # that ever saw these test data, over all studies in one database; 0: not counted
    stopped: int = 0  # trainings that fell behind and were not finished; none in older locks
    unproven: tuple[int, ...] = ()  # worse than the best, but not with 95 % confidence, all comparisons together


@dataclass(frozen=True, slots=True)
class Lock:
    """`verdict` holds the final figures: cost with the trained weights, quality on the test split, on the target.

    `features` is the fitted pipeline as JSON values; `contract_sha256` and `data_sha256` are hashes over content, not
    over formatting; `tools` maps each tool to its version. `attempts` are the ways in which this model was made, or
    was tried to be made, and `ranges` tells how its tensors use int8 on validation data.
    """

    format: int
    name: str
    model: ModelFile
    contract_sha256: str
    data_sha256: str
    features: Mapping[str, Any]
    classes: tuple[str, ...]
    architecture: Architecture
    study: StudyFacts
    cost: Cost
    qualities: tuple[Quality, ...]
    verdict: Verdict
    tools: Mapping[str, str]
    attempts: tuple[Attempt, ...] = ()
    ranges: tuple[TensorRange, ...] = ()
    robustness: tuple[Robustness, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    confirmed: Cost | None = None  # measured in the Zephyr application; `verdict` then holds these sizes and times
    reference: ModelFile | None = None  # what a bundle carries beside the model; none in older locks
    events: tuple[EventQuality, ...] = ()  # of the validation and the test streams, where the contract judges events
    decision_rule: float | None = None  # false accepts an hour, by which `enter` of the events was found
    arenas: Mapping[str, int] = field(default_factory=dict)  # of TFLM, by machine: see app/tflm_arenas.py
    baselines: tuple[Baseline, ...] = ()  # on validation and test data; none in older locks
    # Where groups were held out in turn: `verdict` then holds its sealed figures.
    folds: CrossValidation | None = field(default=None, metadata=OMIT_IF_DEFAULT)

    def to_dict(self) -> dict[str, Any]:
        """JSON values, in the order of the fields."""
        values: dict[str, Any] = _CONVERTER.unstructure(self)
        for name in ("arenas", "events", "decision_rule"):
            if not getattr(self, name):
                del values[name]
        return values

    @property
    def final(self) -> Quality | None:
        """What goals are held against: int8 on the target, on groups that nothing saw; None in a lock without it."""
        measured = self.folds.sealed if self.folds else self.qualities
        wanted = (Stage.INT8_TARGET, Split.TEST)
        return next((quality for quality in measured if (quality.stage, quality.split) == wanted), None)

    @classmethod
    def from_dict(cls, values: Any) -> Lock:
        """Raises ValueError where the values are no Lock."""
        return structure(_CONVERTER, values, cls)


_CONVERTER: Final = new_converter(Convolution, Layer)
