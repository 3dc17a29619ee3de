"""Weights of an earlier network: which layers agree, and that nothing else is touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.records.architecture import Architecture, Conv, Dense, GlobalAveragePool, Head, Layer, MaxPool, Residual
from mlforge.training.inherit import agreeing, inherit, weights_of

STEM, POOL, BLOCK = Conv(8, (5, 1)), MaxPool((2, 1), (2, 1)), Residual((Conv(8, (3, 1)),))


def network(*layers: Layer, channels: int = 3) -> Architecture:
    return Architecture((32, 1, channels), layers, 4, Head.SOFTMAX)


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ((STEM, POOL, BLOCK, GlobalAveragePool(), Dense(16)), (0, 2, 4)),
        ((Conv(8, (7, 1)), POOL, BLOCK, GlobalAveragePool(), Dense(16)), (2, 4)),  # another kernel, as many channels
        ((STEM, BLOCK, POOL, GlobalAveragePool(), Dense(16)), (0, 4)),  # the same layer at another position is another
        ((STEM, POOL, BLOCK, Dense(16)), (0, 2)),  # nothing pooled: another number of values
        ((Conv(12, (5, 1)), POOL, Conv(8, (1, 1)), GlobalAveragePool(), Dense(16)), (4,)),
        ((STEM,), (0,)),
        ((Conv(8, (5, 1), stride=(2, 1)),), ()),
        ((), ()),
    ],
)
def test_layers_agree_by_position_kind_and_shape(layers: tuple[Layer, ...], expected: tuple[int, ...]) -> None:
    one = network(STEM, POOL, BLOCK, GlobalAveragePool(), Dense(16))
    assert agreeing(one, network(*layers)) == expected
    assert agreeing(network(*layers), one) == expected


def test_networks_with_other_inputs_share_nothing() -> None:
    assert agreeing(network(STEM), network(STEM, channels=6)) == ()


@dataclass
class FakeLayer:
    name: str
    weights: list[NDArray[Any]] = field(default_factory=list)

    def get_weights(self) -> list[NDArray[Any]]:
        return list(self.weights)

    def set_weights(self, weights: Sequence[NDArray[Any]]) -> None:
        self.weights = list(weights)


@dataclass
class FakeNetwork:
    layers: list[FakeLayer]


def test_only_layers_whose_tensors_all_agree_are_taken() -> None:
    old = FakeNetwork(
        [
            FakeLayer("l0_conv", [np.ones((5, 1, 3, 8))]),
            FakeLayer("l0_relu"),
            FakeLayer("l1_conv", [np.ones((3, 1, 8, 8)), np.ones(8)]),  # its norm is folded: it has a bias
            FakeLayer("l2_dense", [np.ones((8, 4)), np.ones(4)]),
            FakeLayer("outputs", [np.ones((4, 2)), np.ones(2)]),
        ]
    )
    new = FakeNetwork(
        [
            FakeLayer("l0_conv", [np.zeros((5, 1, 3, 8))]),
            FakeLayer("l0_relu"),
            FakeLayer("l1_conv", [np.zeros((3, 1, 8, 8))]),
            FakeLayer("l2_dense", [np.zeros((8, 6)), np.zeros(6)]),
            FakeLayer("l3_dense", [np.zeros((6, 4)), np.zeros(4)]),
            FakeLayer("outputs", [np.zeros((4, 2)), np.zeros(2)]),
        ]
    )
    assert inherit(new, weights_of(old)) == ("l0_conv", "outputs")
    assert [layer.name for layer in new.layers if layer.weights and layer.weights[0].any()] == ["l0_conv", "outputs"]
