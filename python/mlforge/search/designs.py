"""Designs that are known to do well on microcontrollers, in several widths: where a search begins.

DS-CNN is Zhang et al.'s (arXiv 1711.07128), ResNet-8 and the autoencoder are those of MLPerf Tiny (Banbury et al.,
arXiv 2106.07597), the temporal residual network is Choi et al.'s TC-ResNet (arXiv 1904.03814). Each is cut to what an
input has room for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from math import prod
from typing import Final

from mlforge.contract.contract import Execution
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
    validate,
)
from mlforge.search.space import (
    AutoencoderSpace,
    ConvolutionSpace,
    DenseSpace,
    FamiliesSpace,
    FrontEndSpace,
    Space,
    TreesSpace,
)
from mlforge.search.stream_space import StreamSpace, without_padding

_WIDTHS: Final = (8, 12, 16, 24, 32, 48, 64)
_UNITS: Final = (16, 32, 64, 128)
_BOTTLENECK: Final = 8
_DROPOUT: Final = 0.2
_TREES: Final = tuple(
    (growth, rounds, depth)
    for growth, sizes in ((Growth.BOOSTED, ((16, 3), (40, 3), (100, 3), (40, 5))), (Growth.FOREST, ((16, 6), (48, 7))))
    for rounds, depth in sizes
)
_FEWEST: Final = 8  # steps that are left when a design would halve them again


def designs_of(space: Space) -> tuple[Architecture, ...]:
    """Valid architectures for the inputs and outputs of a space, none twice; behind each of its front ends."""
    match space:
        case FrontEndSpace():
            ends = [(name, space.space_of(name)) for name in space.front_ends]
            found = [replace(one, front_end=name) for name, behind in ends for one in designs_of(behind)]
        case StreamSpace():
            found = [one for whole in designs_of(space.of) for one in _streamed(whole, space.execution)]
        case ConvolutionSpace():
            stacks = _convolutional(space.input_shape)
            found = [Architecture(space.input_shape, layers, space.outputs, space.head) for layers in stacks]
        case DenseSpace():
            found = [Architecture(space.input_shape, layers, space.outputs, space.head) for layers in _dense()]
        case FamiliesSpace():
            found = [*designs_of(space.networks), *designs_of(space.trees)]
        case TreesSpace():
            grown = [(Trees(*one),) for one in _TREES]
            found = [Architecture(space.input_shape, stack, space.outputs, space.head) for stack in grown]
        case AutoencoderSpace():
            count = prod(space.input_shape)
            found = [Architecture(space.input_shape, layers, count, Head.LINEAR) for layers in _autoencoders()]
        case _:
            found = []
    return tuple({one.id: one for one in found if _is_valid(one)}.values())


def _streamed(whole: Architecture, execution: Execution) -> tuple[Architecture, ...]:
    valid = without_padding(whole)
    return (valid, whole) if execution is Execution.AUTO else (valid,)


def _autoencoders() -> Iterator[tuple[Layer, ...]]:
    for units in _UNITS:
        side = tuple(Dense(units) for _ in range(2))
        yield (*side, Dense(_BOTTLENECK), *side)


def _dense() -> Iterator[tuple[Layer, ...]]:
    for units in _UNITS:
        yield (Dense(units),)
        yield Dense(units), Dense(units), Dropout(_DROPOUT)


def _convolutional(shape: Shape) -> Iterator[tuple[Layer, ...]]:
    for width in _WIDTHS:
        yield _ds_cnn(shape, width)
        yield _resnet(shape, width)
        yield _temporal(shape, width)


def _ds_cnn(shape: Shape, width: int) -> tuple[Layer, ...]:
    halved = _halvings(shape, 1)
    stem = Conv(width, _pair(shape, 9 if _is_signal(shape) else 5), _pair(shape, 2 if halved else 1))
    return stem, *(SeparableConv(width, _pair(shape, 3)) for _ in range(4)), GlobalAveragePool(), Dropout(_DROPOUT)


def _resnet(shape: Shape, width: int) -> tuple[Layer, ...]:
    """Three stages, each twice as wide and half as long as the one before."""
    kernel = _pair(shape, 3)
    layers: list[Layer] = [Conv(width, kernel)]
    halved = _halvings(shape, 2)
    for stage in range(3):
        filters = width << stage
        if stage:
            layers.append(Conv(filters, kernel, _pair(shape, 2 if stage <= halved else 1)))
        layers.append(Residual((Conv(filters, kernel), Conv(filters, kernel, activation=Activation.NONE))))
    return *layers, GlobalAveragePool()


def _temporal(shape: Shape, width: int) -> tuple[Layer, ...]:
    """Residual blocks of long depthwise kernels, with pooling between: a wide view for few weights."""
    kernel = _pair(shape, 9 if _is_signal(shape) else 3)
    widths = (width, width + width // 2, 2 * width)
    layers: list[Layer] = [Conv(width, _pair(shape, 3))]
    halved = _halvings(shape, 2)
    for stage, (before, filters) in enumerate(pairwise((width, *widths))):
        if filters != before:
            layers.append(SeparableConv(filters, kernel))
        layers.append(Residual((DepthwiseConv(kernel), Conv(filters, (1, 1), activation=Activation.NONE))))
        if stage < halved:
            layers.append(MaxPool(_pair(shape, 2), _pair(shape, 2)))
    return *layers, GlobalAveragePool(), Dropout(_DROPOUT)


def _is_signal(shape: Shape) -> bool:
    return shape[1] == 1


def _pair(shape: Shape, size: int) -> Pair:
    return (size, 1) if _is_signal(shape) else (size, size)


def _halvings(shape: Shape, wanted: int) -> int:
    """How often the shortest axis that is downsampled can be halved, at most `wanted` times."""
    shortest = shape[0] if _is_signal(shape) else min(shape[:2])
    return next((count for count in range(wanted, 0, -1) if shortest >> count >= _FEWEST // 2), 0)


def _is_valid(architecture: Architecture) -> bool:
    try:
        validate(architecture)
    except ArchitectureError:
        return False
    return True
