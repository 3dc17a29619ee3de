"""What TensorFlow cannot train must not be proposed: a depthwise convolution has one stride for both axes."""

from __future__ import annotations

import pytest

from mlforge.errors import ArchitectureError
from mlforge.records.architecture import Architecture, Conv, DepthwiseConv, Head, Layer, SeparableConv, Shape, validate


def network(shape: Shape, layer: Layer) -> Architecture:
    return Architecture(shape, (layer,), 2, Head.SOFTMAX)


@pytest.mark.parametrize("layer", [DepthwiseConv((3, 3), (2, 1)), SeparableConv(4, (3, 3), (1, 2))], ids=str)
def test_unequal_strides_are_refused(layer: Layer) -> None:
    with pytest.raises(ArchitectureError, match=r"layers\[0\]: a depthwise stride of"):
        validate(network((8, 8, 2), layer))


def test_they_mean_nothing_along_an_axis_of_one_step() -> None:
    assert validate(network((8, 1, 2), DepthwiseConv((3, 1), (2, 1)))) == (4, 1, 2)
    assert validate(network((1, 8, 2), SeparableConv(4, (1, 3), (1, 2)))) == (1, 4, 4)


def test_plain_convolutions_may_have_them() -> None:
    assert validate(network((8, 8, 2), Conv(4, (3, 3), (2, 1)))) == (4, 8, 4)
