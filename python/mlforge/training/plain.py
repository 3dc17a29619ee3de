"""A Keras network as plain TensorFlow operators on weights that are given. Worker process only.

A search trains many small networks, so the time until a graph runs counts as much as the time that it takes. Keras's
layers trace four times as many operators for the same arithmetic, and their variables cannot lie in one vector.

Signals `(length, 1, channels)` are computed as pictures of one row: the CPU kernels work along rows, and the bytes are
the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, Protocol

import keras
import tensorflow as tf

from mlforge.errors import TrainingError

Tensors = Sequence[tf.Tensor]


class Network(Protocol):
    """A float network as a function of its weights."""

    @property
    def trainable(self) -> Sequence[Any]:
        """The Keras variables that are learnt."""

    @property
    def statistics(self) -> Sequence[Any]:
        """The Keras variables that are only averaged: means and variances of batch norms."""

    def __call__(
        self, weights: Tensors, statistics: Tensors, x: tf.Tensor, seed: tf.Tensor | None
    ) -> tuple[tf.Tensor, Tensors]:
        """Outputs [N, outputs] for `x` [N, *input_shape], and the statistics afterwards.

        Args:
            seed: of this step's dropout, int32 [2]; None in inference.
        """


def network_of(model: keras.Model) -> Network:
    """`PlainNetwork` for what `build.build` builds; any other model runs its own layers."""
    from keras.src.models.functional import Functional

    return PlainNetwork(model) if isinstance(model, Functional) else KerasNetwork(model)


class KerasNetwork:
    """A model that has a `call` of its own (`qat.FakeQuantised`), without dropout."""

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self.trainable = model.trainable_variables
        self.statistics = model.non_trainable_variables

    def __call__(
        self, weights: Tensors, statistics: Tensors, x: tf.Tensor, seed: tf.Tensor | None
    ) -> tuple[tf.Tensor, Tensors]:
        outputs, after = self._model.stateless_call(list(weights), list(statistics), x, training=seed is not None)
        return outputs, tuple(after)


class PlainNetwork:
    """A functional model of the layers that `build` uses."""

    def __init__(self, model: keras.Model) -> None:
        self._layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
        self._input = model.input
        self._is_signal = len(model.input.shape) == 4 and model.input.shape[2] == 1
        self.trainable = model.trainable_variables
        self.statistics = [
            variable
            for layer in self._layers
            if isinstance(layer, keras.layers.BatchNormalization)
            for variable in (layer.moving_mean, layer.moving_variance)
        ]

    def __call__(
        self, weights: Tensors, statistics: Tensors, x: tf.Tensor, seed: tf.Tensor | None
    ) -> tuple[tf.Tensor, Tensors]:
        run = _Run(self._is_signal, self._known(weights, statistics), seed)
        values = {self._input._keras_history.operation.name: run.laid(x)}
        for layer in self._layers:
            sources = layer.input if isinstance(layer.input, list) else [layer.input]
            values[layer.name] = run.layer(layer, [values[one._keras_history.operation.name] for one in sources])
        after = [run.after.get(id(variable), old) for variable, old in zip(self.statistics, statistics, strict=True)]
        return values[self._layers[-1].name], tuple(after)

    def _known(self, weights: Tensors, statistics: Tensors) -> dict[int, tf.Tensor]:
        variables = [*self.trainable, *self.statistics]
        return {id(one): value for one, value in zip(variables, [*weights, *statistics], strict=True)}


class _Run:
    """One pass through a network: its weights by variable, and what its batch norms average on the way."""

    def __init__(self, is_signal: bool, weights: dict[int, tf.Tensor], seed: tf.Tensor | None) -> None:
        self.is_signal = is_signal
        self.weights = weights
        self.seed = seed
        self.after: dict[int, tf.Tensor] = {}

    def laid(self, x: tf.Tensor) -> tf.Tensor:
        """A batch of signals as pictures of one row; of pictures as it is."""
        return tf.reshape(x, [-1, 1, x.shape[1], x.shape[3]]) if self.is_signal else x

    def pair(self, sizes: Sequence[int]) -> list[int]:
        """Height and width, as the batch lies."""
        return list(sizes)[::-1] if self.is_signal else list(sizes)

    def of(self, variable: Any) -> tf.Tensor:
        return self.weights[id(variable)]

    def layer(self, layer: keras.layers.Layer, sources: Tensors) -> tf.Tensor:
        x = sources[0]
        match layer:
            case keras.layers.Conv2D() | keras.layers.DepthwiseConv2D():
                return self.convolution(layer, x)
            case keras.layers.Dense():
                return tf.nn.bias_add(tf.matmul(x, self.of(layer.kernel)), self.of(layer.bias))
            case keras.layers.BatchNormalization():
                return self.norm(layer, x)
            case keras.layers.ReLU():
                return tf.nn.relu(x) if layer.max_value is None else tf.nn.relu6(x)
            case keras.layers.MaxPooling2D():
                return tf.nn.max_pool2d(x, self.pair(layer.pool_size), self.pair(layer.strides), layer.padding.upper())
            case keras.layers.AveragePooling2D():
                return self.mean(layer, x)
            case keras.layers.Flatten():
                return tf.reshape(x, [-1, prod(x.shape[1:])])
            case keras.layers.Dropout():
                return self.dropout(layer, x)
            case keras.layers.Add():
                return tf.add_n(list(sources))
            case keras.layers.Softmax():
                return tf.nn.softmax(x)
        raise TrainingError(f"the layer {layer.name} is a {type(layer).__name__}, which cannot be trained")

    def convolution(self, layer: Any, x: tf.Tensor) -> tf.Tensor:
        kernel, strides, padding = self.of(layer.kernel), self.pair(layer.strides), layer.padding.upper()
        if self.is_signal:
            kernel = tf.reshape(kernel, [*self.pair(kernel.shape[:2]), *kernel.shape[2:]])
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            x = tf.nn.depthwise_conv2d(x, kernel, [1, *strides, 1], padding)
        else:
            x = tf.nn.conv2d(x, kernel, strides, padding)
        return tf.nn.bias_add(x, self.of(layer.bias)) if layer.use_bias else x

    def norm(self, layer: Any, x: tf.Tensor) -> tf.Tensor:
        """Keras's batch norm averages the variance of the batch as it is; the fused kernel's is that of a sample."""
        gamma, beta = self.of(layer.gamma), self.of(layer.beta)
        mean, variance = self.of(layer.moving_mean), self.of(layer.moving_variance)
        if self.seed is None:
            factor = gamma * tf.math.rsqrt(variance + layer.epsilon)
            return tf.nn.bias_add(x * factor, beta - mean * factor)
        x, now_mean, now_variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x, scale=gamma, offset=beta, mean=[], variance=[], epsilon=layer.epsilon, is_training=True
        )
        count = prod(x.shape[:3])
        for variable, before, now in (
            (layer.moving_mean, mean, now_mean),
            (layer.moving_variance, variance, now_variance * ((count - 1) / count)),
        ):
            self.after[id(variable)] = before * layer.momentum + tf.stop_gradient(now) * (1 - layer.momentum)
        return x

    def mean(self, layer: Any, x: tf.Tensor) -> tf.Tensor:
        size = self.pair(layer.pool_size)
        if size == list(x.shape[1:3]):
            return tf.reduce_mean(x, [1, 2], keepdims=True)
        return tf.nn.avg_pool2d(x, size, self.pair(layer.strides), layer.padding.upper())

    def dropout(self, layer: Any, x: tf.Tensor) -> tf.Tensor:
        if self.seed is None or not layer.rate:
            return x
        return tf.nn.experimental.stateless_dropout(x, layer.rate, self.seed + tf.constant([layer.seed or 0, 0]))
