"""The larger network that teaches smaller ones: chosen by the shape of the input alone. Imports no TensorFlow."""

from __future__ import annotations

from typing import Final

from mlforge.records.architecture import (
    Activation,
    Architecture,
    Conv,
    Dense,
    Dropout,
    GlobalAveragePool,
    Layer,
    MaxPool,
    Pair,
    Residual,
)

_WIDTHS: Final = (64, 96)
_UNITS: Final = (256, 128)
_FEWEST: Final = 4  # steps along an axis that pooling leaves
_DROPOUT: Final = 0.2


def teacher_of(student: Architecture) -> Architecture:
    """For signals and pictures residual convolutions, several times as wide as a search proposes; else wide dense
    layers. The same for all students of one study."""
    layers = (
        _dense() if len(student.input_shape) == 1 else _convolutional(student.input_shape[0], student.input_shape[1])
    )
    return Architecture(student.input_shape, tuple(layers), student.outputs, student.head)


def _dense() -> list[Layer]:
    return [layer for units in _UNITS for layer in (Dense(units), Dropout(_DROPOUT))]


def _convolutional(height: int, width: int) -> list[Layer]:
    def pair(size: int) -> Pair:
        return (size, size) if width > 1 else (size, 1)

    layers: list[Layer] = []
    shortest = height if width == 1 else min(height, width)
    for filters in _WIDTHS:
        layers.append(Conv(filters, pair(5 if width == 1 else 3)))
        if shortest >= 2 * _FEWEST:
            layers.append(MaxPool(pair(2), pair(2)))
            shortest //= 2
        inner = Conv(filters, pair(3)), Conv(filters, pair(3), activation=Activation.NONE)
        layers.append(Residual(inner))
    return [*layers, GlobalAveragePool(), Dropout(_DROPOUT), Dense(_UNITS[1])]
