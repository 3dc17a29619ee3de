"""Search spaces: which architectures may be proposed, as functions of the choices of an Optuna trial.

Parameter names are what `optuna-dashboard` shows (`blocks`, `block1.filters`). A space knows shapes, never data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, cast

from mlforge.contract import Task
from mlforge.contract.contract import Execution, Family
from mlforge.errors import ArchitectureError
from mlforge.records.architecture import (
    Activation,
    Architecture,
    Conv,
    Dense,
    DepthwiseConv,
    Dropout,
    GlobalAveragePool,
    Growth,
    Head,
    Layer,
    MaxPool,
    Pair,
    Residual,
    SeparableConv,
    Shape,
    Trees,
)

Choice: TypeAlias = int | float | str | bool
FAMILY: Final = "family"  # the choice between networks and trees
CHAIN: Final = "chain"  # the setting that says which of several chains of stages

if TYPE_CHECKING:
    from optuna.trial import BaseTrial

_DROPOUT: Final = (0.0, 0.1, 0.2, 0.3)
_MAX_BLOCKS: Final = 6
_EXPANSION: Final = 2  # of the channels inside an inverted residual
_FEWEST_COLUMNS: Final = 4  # of a vector, for trees to be searched unasked
_MIN_EXTENT: Final = 4  # no further stride or pooling below so many steps


class Space(Protocol):
    def suggest(self, trial: BaseTrial) -> Architecture:
        """The architecture that the trial's choices describe. It may be invalid: the proposer validates it.

        Raises:
            ArchitectureError: the choices contradict each other.
        """


@dataclass(frozen=True, slots=True)
class ConvolutionSpace:
    """A stem and up to six blocks of convolutions, then a pooled or flattened head.

    Signals are `(length, 1, channels)` and get kernels `(k, 1)`; pictures get square ones. A block is a convolution, a
    depthwise separable one, or an inverted bottleneck (Sandler et al., CVPR 2018), which is a residual block of its own
    where it changes neither the channels nor the steps.
    """

    input_shape: Shape
    outputs: int
    head: Head

    def suggest(self, trial: BaseTrial) -> Architecture:
        kernels = [size for size in ([3, 5, 7, 9, 11, 15] if self._signal else [3, 5, 7]) if size <= 3 * self._shortest]
        stride = trial.suggest_categorical("stem.stride", self._stem_strides())
        filters = trial.suggest_int("stem.filters", 4, 64, step=4)
        kernel = self._pair(trial.suggest_categorical("stem.kernel", kernels))
        layers: list[Layer] = [Conv(filters, kernel, self._pair(stride))]
        extent = -(-self._shortest // stride)
        if trial.suggest_categorical("stem.pool", [False, True]) and extent >= 2 * _MIN_EXTENT:
            layers.append(MaxPool(self._pair(2), self._pair(2)))
            extent //= 2
        for number in range(1, trial.suggest_int("blocks", 1, _MAX_BLOCKS) + 1):
            block, extent = self._block(trial, f"block{number}", extent, filters)
            filters = _filters(block, filters)
            layers += block
        layers += self._top(trial)
        return Architecture(self.input_shape, tuple(layers), self.outputs, self.head)

    def _block(self, trial: BaseTrial, name: str, extent: int, channels: int) -> tuple[list[Layer], int]:
        """One block's layers, and the steps that are left along the shortest axis. A block that has few steps ignores
        a wish for fewer."""
        kind = trial.suggest_categorical(f"{name}.kind", ["conv", "separable", "inverted"])
        filters = trial.suggest_int(f"{name}.filters", 8, 128, step=8)
        kernel = self._pair(trial.suggest_categorical(f"{name}.kernel", [3, 5, 7, 9] if self._signal else [3, 5]))
        down = trial.suggest_categorical(f"{name}.downsample", ["none", "stride", "pool"])
        residual = trial.suggest_categorical(f"{name}.residual", [False, True])
        shrink = down != "none" and extent >= 2 * _MIN_EXTENT
        stride = self._pair(2 if shrink and down == "stride" else 1)
        layers = _convolutions(kind, filters, kernel, stride, channels)
        if shrink and down == "pool":
            layers.append(MaxPool(self._pair(2), self._pair(2)))
        if residual:
            layers.append(Residual((DepthwiseConv(kernel), Conv(filters, (1, 1), activation=Activation.NONE))))
        return layers, extent // 2 if shrink else extent

    def _top(self, trial: BaseTrial) -> list[Layer]:
        layers: list[Layer] = []
        if trial.suggest_categorical("pool", ["global", "flatten"]) == "global":
            layers.append(GlobalAveragePool())
        rate = trial.suggest_categorical("dropout", _DROPOUT)
        if rate:
            layers.append(Dropout(rate))
        units = trial.suggest_categorical("units", [0, 16, 32])
        if units:
            layers.append(Dense(units))
        return layers

    @property
    def _signal(self) -> bool:
        return self.input_shape[1] == 1

    def _pair(self, size: int) -> Pair:
        return (size, 1) if self._signal else (size, size)

    @property
    def _shortest(self) -> int:
        """Steps along the axis that is downsampled and has the fewest."""
        return self.input_shape[0] if self._signal else min(self.input_shape[:2])

    def _stem_strides(self) -> list[int]:
        """Up to a stride that leaves 16 steps of a signal, or 8 along both axes of a picture."""
        return [
            stride for stride in (1, 2, 4, 8) if stride == 1 or self._shortest // stride >= (16 if self._signal else 8)
        ]


def _convolutions(kind: str, filters: int, kernel: Pair, stride: Pair, channels: int) -> list[Layer]:
    match kind:
        case "conv":
            return [Conv(filters, kernel, stride)]
        case "separable":
            return [SeparableConv(filters, kernel, stride)]
    body = (
        Conv(_EXPANSION * channels, (1, 1)),
        DepthwiseConv(kernel, stride),
        Conv(filters, (1, 1), activation=Activation.NONE),
    )
    return [Residual(body, Activation.NONE)] if filters == channels and stride == (1, 1) else list(body)


def _filters(block: Sequence[Layer], before: int) -> int:
    """The channels that a block ends with."""
    return next((layer.filters for layer in reversed(block) if isinstance(layer, Conv | SeparableConv)), before)


@dataclass(frozen=True, slots=True)
class DenseSpace:
    """Up to four dense layers, for plain vectors."""

    input_shape: Shape
    outputs: int
    head: Head

    def suggest(self, trial: BaseTrial) -> Architecture:
        layers: list[Layer] = []
        for number in range(1, trial.suggest_int("layers", 1, 4) + 1):
            layers.append(Dense(trial.suggest_int(f"layer{number}.units", 4, 128, log=True)))
        rate = trial.suggest_categorical("dropout", _DROPOUT)
        if rate:
            layers.append(Dropout(rate))
        return Architecture(self.input_shape, tuple(layers), self.outputs, self.head)


@dataclass(frozen=True, slots=True)
class AutoencoderSpace:
    """Dense layers down to a bottleneck and up again; the network reconstructs its (flattened) input."""

    input_shape: Shape

    def suggest(self, trial: BaseTrial) -> Architecture:
        units = trial.suggest_int("units", 8, 128, log=True)
        depth = trial.suggest_int("depth", 1, 3)
        bottleneck = trial.suggest_int("bottleneck", 2, 32, log=True)
        side = [Dense(units) for _ in range(depth)]
        return Architecture(self.input_shape, (*side, Dense(bottleneck), *side), prod(self.input_shape), Head.LINEAR)


@dataclass(frozen=True, slots=True)
class TreesSpace:
    """Decision trees on the flattened input, boosted or as a forest."""

    input_shape: Shape
    outputs: int
    head: Head

    def suggest(self, trial: BaseTrial) -> Architecture:
        growth = Growth(trial.suggest_categorical("trees.growth", [one.value for one in Growth]))
        rounds = trial.suggest_int("trees.rounds", 4, 256, log=True)
        depth = trial.suggest_int("trees.depth", 2, 7)
        return Architecture(self.input_shape, (Trees(growth, rounds, depth),), self.outputs, self.head)


@dataclass(frozen=True, slots=True)
class FamiliesSpace:
    """Networks and trees for the same input: which of them is the first choice."""

    networks: Space
    trees: TreesSpace

    def suggest(self, trial: BaseTrial) -> Architecture:
        """Raises ArchitectureError as the space of networks does."""
        family = trial.suggest_categorical(FAMILY, [one.value for one in Family])
        return (self.trees if family == Family.TREES else self.networks).suggest(trial)


@dataclass(frozen=True, slots=True)
class FrontEndSpace:
    """A front end, and a network for the input that it makes: both are chosen together.

    `front_ends` maps names to settings. `space_of` gives the space of networks behind a front end, by its name.
    """

    front_ends: Mapping[str, Sequence[tuple[str, Choice]]]
    space_of: Callable[[str], Space]

    def suggest(self, trial: BaseTrial) -> Architecture:
        chosen: dict[str, Choice] = {}
        left = dict(self.front_ends)
        while undecided := next((key for settings in left.values() for key, _ in settings if key not in chosen), None):
            options = self._options(undecided)
            value = trial.suggest_categorical(f"features.{undecided}", options)
            chosen[undecided] = next(one for one in options if one == value)
            left = {name: settings for name, settings in left.items() if _agrees(settings, chosen)}
        if not left:
            raise ArchitectureError("front_end", f"no front end has {chosen}")
        name = next(iter(left))
        return replace(self.space_of(name).suggest(cast("BaseTrial", _Named(trial))), front_end=name)

    def _options(self, key: str) -> list[Choice]:
        """All values of a setting: the same for every trial, as samplers want it."""
        return list(dict.fromkeys(value for one in self.front_ends.values() for name, value in one if name == key))


@dataclass(frozen=True, slots=True)
class _Named:
    """A trial for networks behind different front ends: what has other options has another name, as Optuna wants it."""

    trial: BaseTrial

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        return self.trial.suggest_int(name, low, high, step=step, log=log)

    def suggest_categorical(self, name: str, choices: Sequence[Choice]) -> Any:
        return self.trial.suggest_categorical(named_by_options(name, choices), choices)


def named_by_options(name: str, options: Sequence[Choice | None]) -> str:
    """The name of a choice among whole numbers, such as "stem.stride of 1/2/4/8"; of others as it is."""
    whole = all(type(option) is int for option in options)
    return f"{name} of {'/'.join(map(str, options))}" if whole else name


def _agrees(settings: Sequence[tuple[str, Choice]], chosen: Mapping[str, Choice]) -> bool:
    """Whether a front end has these values, of the settings that it has."""
    mine = dict(settings)
    return all(mine[key] == value for key, value in chosen.items() if key in mine) and (
        CHAIN not in chosen or mine.get(CHAIN) == chosen[CHAIN]
    )


def families_for(
    task: Task, input_shape: Shape, outputs: int, execution: Execution, wanted: tuple[Family, ...] | None
) -> tuple[Family, ...]:
    """Which families are searched: those that are `wanted`; with None networks and, for plain vectors such as a table's
    columns or statistics of windows, trees. Trees give classes or one value, of a whole window; of a few columns alone
    they make steps where a network makes a curve."""
    if not can_be_trees(task, outputs) or execution is Execution.STREAM:
        return (Family.NETWORKS,)
    if wanted is not None:
        return wanted
    is_vector = prod(input_shape) == input_shape[-1] >= _FEWEST_COLUMNS
    return tuple(Family) if is_vector and execution is Execution.WHOLE else (Family.NETWORKS,)


def can_be_trees(task: Task, outputs: int) -> bool:
    return task is Task.CLASSIFICATION or (task is Task.REGRESSION and outputs == 1)


def with_families(networks: Space, families: tuple[Family, ...], input_shape: Shape, outputs: int, task: Task) -> Space:
    """What these families have for an input, given the space of networks for it."""
    trees = TreesSpace(input_shape, outputs, Head.SOFTMAX if task is Task.CLASSIFICATION else Head.LINEAR)
    if Family.TREES not in families:
        return networks
    return FamiliesSpace(networks, trees) if Family.NETWORKS in families else trees


def space_for(task: Task, input_shape: Shape, outputs: int) -> Space:
    """The space of networks for a task. `outputs` is the number of classes or of values; an autoencoder has as many as
    inputs."""
    if task is Task.ANOMALY:
        return AutoencoderSpace(input_shape)
    head = Head.SOFTMAX if task is Task.CLASSIFICATION else Head.LINEAR
    if prod(input_shape) == input_shape[-1]:  # a vector, or one step of a signal: nothing to slide a window over
        return DenseSpace(input_shape, outputs, head)
    return ConvolutionSpace(input_shape, outputs, head)
