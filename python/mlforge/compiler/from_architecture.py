"""An Architecture as an int8 graph with random weights: what its trained model will cost, before it is trained.

The graph has the operators, shapes, weights and order that TensorFlow's converter makes of the same architecture: batch
norm folded, activations fused, dropout gone, a pool over the whole extent for global pooling. Only the numbers differ,
and the cost does not depend on them: the quantisation keeps activations away from saturation, so that the arithmetic
takes the same paths.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod, sqrt
from typing import Final

import numpy as np

from mlforge.compiler.fixed_point import Activation as Fused
from mlforge.compiler.fixed_point import float32
from mlforge.compiler.graph import Attributes, DType, Graph, Node, Quantization, Shape, Tensor, validate
from mlforge.compiler.ops.add import AddAttributes
from mlforge.compiler.ops.fully_connected import FullyConnectedAttributes
from mlforge.compiler.ops.shared.free_view import ReshapeAttributes
from mlforge.compiler.ops.shared.pooling import PoolAttributes
from mlforge.compiler.ops.shared.window import Padding as WindowPadding
from mlforge.compiler.ops.shared.window import WindowAttributes
from mlforge.compiler.ops.softmax import SoftmaxAttributes
from mlforge.compiler.random_trees import random_trees
from mlforge.errors import ArchitectureError
from mlforge.records.architecture import (
    Activation,
    Architecture,
    AveragePool,
    Conv,
    Convolution,
    Dense,
    DepthwiseConv,
    Dropout,
    GlobalAveragePool,
    Head,
    Layer,
    MaxPool,
    Padding,
    Pair,
    Residual,
    SeparableConv,
    Trees,
    output_shape,
)
from mlforge.records.architecture import validate as validate_architecture

_SCALE: Final = float32(0.01)  # of activations; a trained RELU6 fills int8, too
_GAIN: Final = 0.01  # spread of a result over spread of weights times activations, both some tens of steps
_FUSED: Final = {Activation.NONE: Fused.NONE, Activation.RELU: Fused.RELU, Activation.RELU6: Fused.RELU6}
_PADDING: Final = {Padding.SAME: WindowPadding.SAME, Padding.VALID: WindowPadding.VALID}


def lower_architecture(architecture: Architecture, seed: int) -> Graph:
    """The int8 graph of an architecture, its weights drawn with `seed`. Takes milliseconds.

    Raises:
        ArchitectureError: the architecture cannot be built.
    """
    validate_architecture(architecture)
    if architecture.trees:
        return random_trees(architecture, architecture.trees, seed)
    builder = _Builder(seed)
    tensor = builder.activation("input", architecture.input_shape, zero_point=-3)
    inputs = (tensor,)
    for index, layer in enumerate(architecture.layers):
        tensor = builder.layer(layer, tensor, f"l{index}")
    tensor = builder.dense(tensor, architecture.outputs, Activation.NONE, "outputs")
    if architecture.head is Head.SOFTMAX:
        tensor = builder.softmax(tensor)
    graph = Graph(tuple(builder.tensors), tuple(builder.nodes), inputs, (tensor,))
    validate(graph)
    return graph


class _Builder:
    """Collects tensors and nodes; every method takes and returns the index of an activation."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.tensors: list[Tensor] = []
        self.nodes: list[Node] = []

    def layer(self, layer: Layer, source: int, name: str) -> int:
        match layer:
            case Conv() | DepthwiseConv() | SeparableConv():
                return self.convolution(layer, source, name)
            case Dense():
                return self.dense(source, layer.units, layer.activation, name)
            case MaxPool():
                return self.pool("MAX_POOL_2D", source, layer.size, layer.stride, layer.padding, name)
            case AveragePool():
                return self.pool("AVERAGE_POOL_2D", source, layer.size, layer.stride, layer.padding, name)
            case GlobalAveragePool():
                height, width, _ = self.shape(source)
                return self.pool("AVERAGE_POOL_2D", source, (height, width), (height, width), Padding.VALID, name)
            case Dropout():
                return source
            case Residual():
                return self.residual(layer, source, name)
            case Trees():
                raise ArchitectureError(name, "trees stand alone: no other layer may be beside them")

    def convolution(self, layer: Convolution, source: int, name: str) -> int:
        match layer:
            case Conv():
                return self.conv(layer, source, name)
            case DepthwiseConv():
                return self.depthwise(layer, source, name)
            case SeparableConv():
                first = DepthwiseConv(layer.kernel, layer.stride, layer.padding, layer.activation)
                between = self.depthwise(first, source, f"{name}_depthwise")
                second = Conv(layer.filters, (1, 1), (1, 1), layer.padding, layer.activation)
                return self.conv(second, between, f"{name}_pointwise")

    def conv(self, layer: Conv, source: int, name: str) -> int:
        shape = self.shape(source)
        weights = self.weights((layer.filters, *layer.kernel, shape[2]), axis=0, name=name)
        result = self.activation(name, output_shape(layer, shape), zero_point=_zero_point(layer.activation))
        return self.node("CONV_2D", (source, *weights), result, _window(layer))

    def depthwise(self, layer: DepthwiseConv, source: int, name: str) -> int:
        shape = self.shape(source)
        weights = self.weights((1, *layer.kernel, shape[2] * layer.multiplier), axis=3, name=name)
        result = self.activation(name, output_shape(layer, shape), zero_point=_zero_point(layer.activation))
        return self.node("DEPTHWISE_CONV_2D", (source, *weights), result, _window(layer))

    def dense(self, source: int, units: int, activation: Activation, name: str) -> int:
        source = self.flat(source, name)
        weights = self.weights((units, prod(self.shape(source))), axis=None, name=name)
        result = self.activation(name, (units,), zero_point=_zero_point(activation))
        return self.node("FULLY_CONNECTED", (source, *weights), result, FullyConnectedAttributes(_FUSED[activation]))

    def pool(self, kind: str, source: int, size: Pair, stride: Pair, padding: Padding, name: str) -> int:
        shape = output_shape(MaxPool(size, stride, padding), self.shape(source))
        result = self.like(source, name, shape)
        return self.node(kind, (source,), result, PoolAttributes(stride, _PADDING[padding], size=size))

    def flat(self, source: int, name: str) -> int:
        """A vector. The converter drops a reshape before a dense layer where only the channels are more than one."""
        shape = self.shape(source)
        if prod(shape) == shape[-1]:
            return source
        result = self.like(source, f"{name}_flat", (prod(shape),))
        return self.node("RESHAPE", (source,), result, ReshapeAttributes())

    def residual(self, layer: Residual, source: int, name: str) -> int:
        inner = source
        for index, step in enumerate(layer.body):
            inner = self.convolution(step, inner, f"{name}_{index}")
        result = self.activation(name, self.shape(source), zero_point=_zero_point(layer.activation), scale=2 * _SCALE)
        return self.node("ADD", (source, inner), result, AddAttributes(_FUSED[layer.activation]))

    def softmax(self, source: int) -> int:
        result = self.activation("softmax", self.shape(source), zero_point=-128, scale=1 / 256)
        return self.node("SOFTMAX", (source,), result, SoftmaxAttributes())

    def node(self, kind: str, inputs: tuple[int, ...], output: int, attributes: Attributes) -> int:
        self.nodes.append(Node(kind, inputs, (output,), attributes))
        return output

    def shape(self, tensor: int) -> Shape:
        """Without the batch."""
        return self.tensors[tensor].shape[1:]

    def like(self, source: int, name: str, shape: Sequence[int]) -> int:
        """An activation with the quantisation of `source`."""
        return self.tensor(Tensor(name, (1, *shape), DType.INT8, self.tensors[source].quantization))

    def activation(self, name: str, shape: Sequence[int], *, zero_point: int, scale: float = _SCALE) -> int:
        return self.tensor(Tensor(name, (1, *shape), DType.INT8, Quantization((float32(scale),), (zero_point,))))

    def weights(self, shape: Shape, axis: int | None, name: str) -> tuple[int, int]:
        """Weights and bias; scales along `axis`, or one for all."""
        channels = shape[-1] if axis == 3 else shape[0]
        gain = _GAIN / sqrt(prod(shape) / channels)
        spread = self.random.uniform(0.8, 1.25, channels if axis is not None else 1)
        scales = tuple(float32(gain * factor) for factor in spread)
        zeros = (0,) * len(scales)
        data = self.random.integers(-127, 128, shape, np.int8)
        weights = Tensor(f"{name}/weights", shape, DType.INT8, Quantization(scales, zeros, axis or 0), data)
        bias_scales = tuple(float32(_SCALE * scale) for scale in scales)
        bias_data = self.random.integers(-1000, 1001, channels, np.int32)
        bias = Tensor(f"{name}/bias", (channels,), DType.INT32, Quantization(bias_scales, zeros), bias_data)
        return self.tensor(weights), self.tensor(bias)

    def tensor(self, tensor: Tensor) -> int:
        self.tensors.append(tensor)
        return len(self.tensors) - 1


def _window(layer: Conv | DepthwiseConv) -> WindowAttributes:
    return WindowAttributes(layer.stride, _PADDING[layer.padding], activation=_FUSED[layer.activation])


def _zero_point(activation: Activation) -> int:
    return 4 if activation is Activation.NONE else -128
