"""The Contract: what a user asked for, parsed and validated. Plain frozen data; it knows neither YAML nor files.

Optional limits are None where the contract does not set them. A limit written `auto` is None too and is named in
`Limits.auto`: its number comes from the app's own build, which only a caller with that build can resolve.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from mlforge.contract.power import PowerSpec
from mlforge.contract.products import ZephyrBoard
from mlforge.contract.stages import FrontEnd, SignalSpec, StageSpec
from mlforge.contract.streams import DecisionSpec, EventsSpec, StreamSpec
from mlforge.errors import ArchitectureError
from mlforge.records.program import Engine, Prefer
from mlforge.records.quality import Metric
from mlforge.records.waits import NO_WAITS, FlashWaits


class Task(StrEnum):
    CLASSIFICATION = "classification"
    REGRESSION = "regression"
    ANOMALY = "anomaly"


class Execution(StrEnum):
    """What the device computes for each result; the result is the same."""

    WHOLE = "whole"  # the network on the whole window
    STREAM = "stream"  # what the newest columns change; a network that cannot is refused
    AUTO = "auto"  # as a stream where that saves work


class LoaderKind(StrEnum):
    """Where examples come from; the argument is a path beside the contract, or `module:function`."""

    SEGLEARN_WATCH = "seglearn-watch"
    CSV = "csv"
    WAV = "wav"
    NPZ = "npz"
    PYTHON = "python"


class Confirm(StrEnum):
    """Whether winners are measured in the Zephyr application before they win."""

    AUTO = "auto"  # where a workspace and the application are there
    ZEPHYR = "zephyr"
    NONE = "none"


class Proposer(StrEnum):
    RANDOM = "random"
    BAYESIAN = "bayesian"
    TPE = "tpe"
    NSGA2 = "nsga2"
    AGENT = "agent"


class Quantisation(StrEnum):
    """Ways to int8 that are tried beside plain post-training quantisation."""

    AUTO = "auto"  # all, where the plain one loses more than the tolerance
    PTQ = "ptq"  # none
    EQUALISED = "equalised"
    CALIBRATED = "calibrated"
    FINETUNE = "finetune"
    QAT = "qat"
    ALL = "all"


class Provider(StrEnum):
    """How to speak to a language model."""

    OPENAI = "openai"  # chat completions, at any endpoint that offers them
    ANTHROPIC = "anthropic"


class Pruner(StrEnum):
    HALVING = "halving"  # those that fall behind half of the earlier ones
    NONE = "none"


# What goals may be on. The first one is what is searched by where no goal is on one of SEARCHED.
METRICS: Final[Mapping[Task, tuple[Metric, ...]]] = {
    Task.CLASSIFICATION: (
        Metric.ACCURACY,
        Metric.BALANCED_ACCURACY,
        Metric.F1,
        Metric.RECALL,
        Metric.PRECISION,
        Metric.FALSE_ALARMS,
    ),
    Task.REGRESSION: (Metric.MSE, Metric.MAE, Metric.R2, Metric.LARGEST_ERROR),
    Task.ANOMALY: (Metric.AUC, Metric.DETECTION),
}
# Metrics of all examples, of which each example changes a little: candidates can be told apart by them.
SEARCHED: Final = frozenset(
    {Metric.ACCURACY, Metric.BALANCED_ACCURACY, Metric.F1, Metric.MSE, Metric.MAE, Metric.R2, Metric.AUC}
)
# Of single classes. A goal without a class is on the class that does worst.
OF_A_CLASS: Final = frozenset({Metric.RECALL, Metric.PRECISION, Metric.FALSE_ALARMS})


@dataclass(frozen=True, slots=True)
class SplitSpec:
    """Shares of the groups (people, machines; single recordings where `group` is empty) that are held out. With
    `folds`, each fold of the groups is held out in turn, and a share is that of one fold."""

    group: str
    validate: float
    test: float
    seed: int
    folds: int = 0  # 0: no cross-validation


@dataclass(frozen=True, slots=True)
class AugmentSpec:
    """Random changes to each training example, drawn anew in each epoch. All are off by default.

    Magnitudes are in units of the features as the model sees them (standardised: one standard deviation).
    """

    noise: float = 0.0  # standard deviation of what is added to each value
    gain: float = 0.0  # standard deviation of the logarithm of a factor per example and channel
    shift: int = 0  # at most so many steps along the first axis, circularly, either way
    rotation_degrees: float = 0.0  # standard deviation of the turn of each three-axis sensor (channels 0-2, 3-5, ...)
    offset: float = 0.0  # standard deviation of what is added to all values of an example's channel
    dropout: float = 0.0  # chance of each step along the first axis to be lost; the one before it stands in
    channel_dropout: float = 0.0  # chance of each channel of an example to be lost: it reads 0 throughout

    @property
    def off(self) -> bool:
        return not any(
            (self.noise, self.gain, self.shift, self.rotation_degrees, self.offset, self.dropout, self.channel_dropout)
        )


# Kinds of findings that refuse data, unless `data.allow` names them.
ALLOWABLE: Final = ("duplicates", "constant")


@dataclass(frozen=True, slots=True)
class DataSpec:
    loader: LoaderKind
    argument: str  # empty where the loader takes none
    split: SplitSpec
    strata: tuple[str, ...]
    classes: tuple[str, ...] = ()  # the labels allowed, in the order of the model's outputs; empty takes what is there
    augment: AugmentSpec = AugmentSpec()
    signal: SignalSpec | None = None  # None where the contract does not name it
    allow: tuple[str, ...] = ()  # kinds of errors in the data that do not stop a study; of ALLOWABLE


@dataclass(frozen=True, slots=True)
class Limits:
    """Hard limits on what model, features and runtime add to the image; latency is the worst case seen."""

    flash_bytes: int | None
    ram_bytes: int | None
    stack_bytes: int | None
    latency_us: float | None
    energy_uj: float | None = None  # of one inference, features included
    current_ua: float | None = None  # on average, sleep included
    temperature_rise_k: float | None = None  # of the chip over its surroundings, on average
    cpu: float | None = None  # share of the clock that features and inferences take at the signal's rate
    auto: frozenset[str] = frozenset()  # of "flash", "ram"
    blocking_us: float | None = None  # the longest time that the app's image locks interrupts
    deadlines_us: Mapping[str, float] = field(default_factory=dict)  # by the app's threads: from ready to waiting again
    # Where `ram` is auto: what the app's inference service takes. The limit is without it, the app's image has it.
    service_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Goal:
    """One metric to reach, int8 on the target: at least `value`, or at most where less is better. `label` is the class
    that it is about, or the share of false alarms at which anomalies are to be detected; empty for all, or for the
    class that does worst (OF_A_CLASS). `worst` asks it of each stratum in `data.strata`, so of the worst one."""

    metric: Metric
    value: float
    worst: bool = False
    label: str = ""

    @property
    def key(self) -> str:
        """Under `goals` in the contract."""
        if self.worst:
            return "worst"
        return f"{self.metric}.{self.label}" if self.label and self.metric is not Metric.DETECTION else str(self.metric)

    @property
    def name(self) -> str:
        """Of its check: `accuracy`, `worst accuracy`, `recall of fall`, `detection at 0.05 false alarms`."""
        if self.metric is Metric.DETECTION:
            return f"{self.metric} at {self.label} false alarms"
        return f"{'worst ' if self.worst else ''}{self.metric}{f' of {self.label}' if self.label else ''}"


@dataclass(frozen=True, slots=True)
class RobustnessSpec:
    """Magnitudes at which the winner is tried on disturbed recordings. Noise and offset are in deviations of the raw
    channel over the training split, gain and dropout are shares."""

    noise: tuple[float, ...] = (0.1, 0.3)
    gain: tuple[float, ...] = (0.1, 0.3)
    offset: tuple[float, ...] = (0.1, 0.3)
    dropout: tuple[float, ...] = (0.05, 0.2)


@dataclass(frozen=True, slots=True)
class AgentSpec:
    """A language model that proposes, and what it may take of a study in all. `endpoint` is a checked URL. Prices are
    per million tokens, in the currency of `money`."""

    model: str
    provider: Provider
    endpoint: str
    every: int  # of so many trials, the first is the agent's, the others are TPE's
    costs: int  # architectures costed on its behalf, besides those that it proposes
    tokens: int
    time_us: float  # waiting for answers
    timeout_us: float  # for one answer
    money: float | None
    price_in: float
    price_out: float


class Family(StrEnum):
    """Kinds of models that a search compares."""

    NETWORKS = "networks"
    TREES = "trees"


@dataclass(frozen=True, slots=True)
class SearchSpec:
    proposer: Proposer
    trials: int
    seed: int
    epochs: int  # at most; training stops earlier when validation no longer improves
    workers: int
    pruner: Pruner  # which trainings are stopped before their end
    time_us: float | None  # wall clock after which no new trial starts
    agent: AgentSpec | None = None
    families: tuple[Family, ...] | None = None  # None: as suits the input
    seeds: int = 1  # of each finalist's trainings, before one wins


@dataclass(frozen=True, slots=True)
class TrainingSpec:
    """How trained networks become int8 models. `tolerance` is a loss of quality that does not matter: of accuracy or
    auc as it is, of mse as a share of its goal."""

    quantisation: Quantisation = Quantisation.AUTO
    tolerance: float = 0.02
    prune: float = 0.0  # share of the channels that a second, smaller network does without; 0 makes none
    distil: bool = False  # also train with a larger network as a teacher
    reuse: bool = False  # begin with the weights of the best earlier trial, where layers agree


@dataclass(frozen=True, slots=True)
class TargetSpec:
    board: str  # the emulated board that measures, by Zephyr's name, or "host"
    clock_hz: int
    product: str = ""  # the Zephyr board of the product, where limits of `auto` come from; empty for `board`
    confirm: Confirm = Confirm.AUTO
    ram_kept_free_bytes: int = 0  # occupied while a winner is confirmed
    load: float = 0.0  # the share of the processor that other work takes then
    waits: FlashWaits = NO_WAITS  # of the product's flash at its clock
    zephyr_board: ZephyrBoard | None = None  # what the contract calls its board, where that is not emulated itself


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """A rule for a threshold: the least one that at most this share of normal examples, of validation data, exceeds."""

    share: float = 0.05


@dataclass(frozen=True, slots=True)
class DecisionsSpec:
    """How scores become decisions, of `bundle.thresholds`. `common` is for all classes that `classes` does not name;
    None decides as if there were no thresholds. An anomaly begins above the threshold `anomaly`, and ends at `leave`
    (None: there, too). `hysteresis` is in windows in a row."""

    version: str
    hysteresis: int = 1
    common: DecisionSpec | None = None
    leave: float | None = None
    classes: Mapping[str, DecisionSpec] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CalibrationSpec:
    """`gain * (raw - offset)` is what the features get, channel by channel: each tuple has one number for every
    channel, or one for all. Offsets are in the sensor's units. With a period, devices calibrate themselves so often,
    and change offset and gain by at most their bounds."""

    version: str
    period_us: float | None = None
    offset: tuple[float, ...] = (0.0,)
    gain: tuple[float, ...] = (1.0,)
    offset_bound: tuple[float, ...] = (0.0,)
    gain_bound: tuple[float, ...] = (0.0,)


@dataclass(frozen=True, slots=True)
class BundleSpec:
    """`version` is that of the release and its firmware; the parts have versions of their own. `thresholds` are those
    of the application by name, and `anomaly`."""

    version: str
    model: str
    thresholds: Mapping[str, float | FalseAlarms]
    decisions: DecisionsSpec
    calibration: CalibrationSpec


@dataclass(frozen=True, slots=True)
class Contract:
    """`digest` is the SHA-256 of the parsed content without `bundle`: what a model is searched for. Comments, spacing
    and key order do not change it."""

    path: Path = field(compare=False)
    name: str
    task: Task
    data: DataSpec
    front_ends: tuple[FrontEnd, ...]  # the first is the default; more where `features` leaves choices to the search
    limits: Limits
    goals: tuple[Goal, ...]
    search: SearchSpec
    training: TrainingSpec
    target: TargetSpec
    engine: Engine
    bundle: BundleSpec
    digest: str
    lines: Mapping[str, int] = field(compare=False, repr=False)  # dotted key to 1-based line, of what the file says
    robustness: RobustnessSpec = RobustnessSpec()
    power: PowerSpec | None = None
    decision: StreamSpec | None = None  # None where scores are all that a model gives
    events: EventsSpec | None = None  # None where no stream is judged
    execution: Execution = Execution.WHOLE
    prefer: Prefer = Prefer.SPEED  # RAM also where a limit on RAM is broken by the fastest kernels alone
    weight_bits: int = 0  # of weights where a limit on flash is broken without; 0: they stay as they are

    @property
    def metric(self) -> Metric:
        """What candidates are searched and compared by: the first goal on all examples, else the task's own metric; for
        goals on single classes alone the balanced accuracy, in which rare classes count as much."""
        named = (goal.metric for goal in self.goals if goal.metric in SEARCHED and not goal.label)
        of_classes = self.task is Task.CLASSIFICATION
        return next(named, Metric.BALANCED_ACCURACY if of_classes else METRICS[self.task][0])

    @property
    def measures(self) -> tuple[tuple[Metric, str], ...]:
        """What goals ask for beside the metric of the search: each a metric, and the class or share it is about."""
        return tuple(
            (goal.metric, goal.label)
            for goal in self.goals
            if not goal.worst and not (goal.metric in OF_A_CLASS and not goal.label)
        )

    @property
    def features(self) -> tuple[StageSpec, ...]:
        """The stages of the first front end."""
        return self.front_ends[0].stages

    def front_end(self, name: str) -> FrontEnd:
        """The front end of that name, "" for the first. Raises ArchitectureError where there is none."""
        for one in self.front_ends:
            if name in ("", one.name):
                return one
        raise ArchitectureError("front_end", f"{name!r} is no front end of the contract")

    def line(self, *keys: str) -> int:
        """Of the first of them that the file has; 0 for none."""
        return next((self.lines[key] for key in keys if key in self.lines), 0)

    @property
    def app_dir(self) -> Path:
        """The directory of the contract: the Zephyr app, and what relative paths start from."""
        return self.path.parent
