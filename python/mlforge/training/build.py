"""An Architecture as a Keras model. Runs in the worker process only.

The layers are chosen so that the converter yields exactly the operators that the compiler's lowering of the same
architecture yields: `Conv2D` even for 1-D signals, a pool over the whole extent for global pooling (the converter drops
the reshape behind it), and activations that fuse into the operator before them.
"""

from __future__ import annotations

from typing import Any

import keras

from mlforge.records.architecture import (
    Activation,
    Architecture,
    AveragePool,
    Conv,
    Dense,
    DepthwiseConv,
    Dropout,
    GlobalAveragePool,
    Head,
    Layer,
    MaxPool,
    Pair,
    Residual,
    SeparableConv,
    validate,
)

Tensor = Any  # keras.KerasTensor, which has no static types


def build(architecture: Architecture, seed: int = 0) -> keras.Model:
    """The untrained float model, float32 [N, *input_shape] to [N, outputs]; a softmax head is part of it.

    Raises:
        ArchitectureError: the architecture cannot be built.
    """
    validate(architecture)
    inputs = keras.Input(architecture.input_shape, name="input")
    x: Tensor = inputs
    for index, layer in enumerate(architecture.layers):
        x = _layer(layer, x, f"l{index}", seed + index)
    x = keras.layers.Dense(architecture.outputs, name="outputs")(_flat(x, "outputs_flat"))
    if architecture.head is Head.SOFTMAX:
        x = keras.layers.Softmax(name="softmax")(x)
    return keras.Model(inputs, x, name="network")


def _layer(layer: Layer, x: Tensor, name: str, seed: int) -> Tensor:
    match layer:
        case Conv() | DepthwiseConv() | SeparableConv():
            return _convolution(layer, x, name)
        case Dense():
            dense = keras.layers.Dense(layer.units, name=f"{name}_dense")(_flat(x, f"{name}_flat"))
            return _activation(layer.activation, dense, name)
        case MaxPool():
            pool = keras.layers.MaxPooling2D(layer.size, layer.stride, layer.padding.value, name=f"{name}_pool")
            return pool(x)
        case AveragePool():
            mean = keras.layers.AveragePooling2D(layer.size, layer.stride, layer.padding.value, name=f"{name}_pool")
            return mean(x)
        case GlobalAveragePool():
            whole = keras.layers.AveragePooling2D(tuple(x.shape[1:3]), name=f"{name}_pool")
            return _flat(whole(x), f"{name}_flat")
        case Dropout():
            return keras.layers.Dropout(layer.rate, seed=seed, name=f"{name}_dropout")(x)
        case Residual():
            inner = x
            for index, step in enumerate(layer.body):
                inner = _convolution(step, inner, f"{name}_{index}")
            return _activation(layer.activation, keras.layers.Add(name=f"{name}_add")([x, inner]), name)


def _convolution(layer: Conv | DepthwiseConv | SeparableConv, x: Tensor, name: str) -> Tensor:
    bias = not layer.batch_norm
    padding = layer.padding.value
    if isinstance(layer, Conv):
        x = keras.layers.Conv2D(layer.filters, layer.kernel, layer.stride, padding, use_bias=bias, name=f"{name}_conv")(
            x
        )
        return _finish(layer, x, name)
    multiplier = layer.multiplier if isinstance(layer, DepthwiseConv) else 1
    stride = _depthwise_stride(layer.stride, tuple(x.shape[1:3]))
    x = keras.layers.DepthwiseConv2D(
        layer.kernel, stride, padding, multiplier, use_bias=bias, name=f"{name}_depthwise"
    )(x)
    if isinstance(layer, DepthwiseConv):
        return _finish(layer, x, name)
    x = _finish(layer, x, f"{name}_depthwise")
    x = keras.layers.Conv2D(layer.filters, 1, padding=padding, use_bias=bias, name=f"{name}_pointwise")(x)
    return _finish(layer, x, f"{name}_pointwise")


def _finish(layer: Conv | DepthwiseConv | SeparableConv, x: Tensor, name: str) -> Tensor:
    if layer.batch_norm:
        x = keras.layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
    return _activation(layer.activation, x, name)


def _activation(activation: Activation, x: Tensor, name: str) -> Tensor:
    match activation:
        case Activation.NONE:
            return x
        case Activation.RELU:
            return keras.layers.ReLU(name=f"{name}_relu")(x)
        case Activation.RELU6:
            return keras.layers.ReLU(max_value=6, name=f"{name}_relu6")(x)


def _flat(x: Tensor, name: str) -> Tensor:
    return x if len(x.shape) == 2 else keras.layers.Flatten(name=name)(x)


def _depthwise_stride(stride: Pair, size: tuple[int, ...]) -> Pair:
    """TensorFlow's depthwise convolution wants one stride for both axes; along an axis of one step any will do."""
    if size[1] == 1:
        return stride[0], stride[0]
    if size[0] == 1:
        return stride[1], stride[1]
    return stride
