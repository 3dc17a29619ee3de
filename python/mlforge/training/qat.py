"""Quantisation-aware training: fake quantisation of weights and activations, with learnt ranges. Worker process only.

Keras 3 has no such thing, so it is written out: behind each layer that the converter will give an output range of its
own stands a `Range`, and kernels go through the rounding that the converter will apply to them. Networks must have no
batch norms (`fold.fold`), else training would see other weights than the target.
"""

from __future__ import annotations

from typing import Any, Final

import keras
import numpy as np

from mlforge.training.bounds import NARROWEST, Criterion, seen
from mlforge.training.request import Floats
from mlforge.training.targets import Unit

Tensor = Any  # keras.KerasTensor or tf.Tensor, which have no static types

OUTPUTS_RANGE: Final = "outputs_range"
_WEIGHTED: Final = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Dense)


class Range(keras.layers.Layer):  # type: ignore[misc]
    """Rounds and clips to 256 steps between two bounds, learnt as the logarithms of their growth since the start.

    The gradient of a bound is TensorFlow's: it comes from the values that were clipped there. Zero stays inside.
    """

    def __init__(self, low: float, high: float, name: str) -> None:
        super().__init__(name=name)
        self.start = min(low, 0.0), max(high, 0.0, min(low, 0.0) + NARROWEST)
        self.growth = self.add_weight(shape=(2,), initializer="zeros", name="bias")  # as free of weight decay as biases

    def call(self, x: Tensor) -> Tensor:
        low, high = (start * keras.ops.exp(self.growth[at]) for at, start in enumerate(self.start))
        return keras.quantizers.fake_quant_with_min_max_vars(x, low, high)

    def bounds(self) -> tuple[float, float]:
        low, high = np.exp(np.asarray(self.growth, np.float64)) * self.start
        return float(low), float(high)

    def fix(self, low: float, high: float) -> None:
        self.start = low, high
        self.growth.assign(np.zeros(2))


class FakeQuantised(keras.Model):  # type: ignore[misc]
    """A network as its int8 model will compute it. `rounds` says whether kernels are rounded here, as for training, or
    left to the converter, which rounds them the same way."""

    def __init__(self, model: keras.Model, examples: Floats, criterion: Criterion) -> None:
        """Copies `model`, without dropout. The first bounds are what the criterion makes of `examples`, float32
        [N, *input_shape], and of what the layers make of these within the input's bounds."""
        super().__init__(name="fake_quantised")
        self.rounds = True
        self.input_range = Range(*criterion(seen(examples)), name="input_range")
        layers = _seen(model, np.clip(examples, *self.input_range.bounds()))
        self.inner = _copy(model, {name: criterion(seen(values)) for name, values in layers.items()})
        self.per_tensor = {id(layer.kernel) for layer in self.inner.layers if isinstance(layer, keras.layers.Dense)}
        self.depthwise = {
            id(layer.kernel) for layer in self.inner.layers if isinstance(layer, keras.layers.DepthwiseConv2D)
        }
        self(examples[:1])

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        x = self.input_range(x)
        if not self.rounds:
            return self.inner(x, training=training)
        kernels = [self._rounded(variable) for variable in self.inner.trainable_variables]
        return self.inner.stateless_call(kernels, self.inner.non_trainable_variables, x, training=training)[0]

    def get_layer(self, name: str | None = None, index: int | None = None) -> keras.layers.Layer:
        return self.inner.get_layer(name, index)

    def widen_outputs(self, unit: Unit) -> None:
        """Takes the range of the outputs from the unit of training to that of the labels."""
        outputs = self.inner.get_layer(OUTPUTS_RANGE)
        ends = [bound * unit.deviation + unit.mean for bound in outputs.bounds()]
        outputs.fix(min(0.0, float(np.min(ends))), max(0.0, float(np.max(ends))))

    def _rounded(self, variable: Any) -> Tensor:
        """Kernels to 255 steps around zero: one range for dense layers, one per output channel for convolutions."""
        if variable.name != "kernel":
            return variable
        kernel = keras.ops.convert_to_tensor(variable)
        if id(variable) in self.per_tensor:
            return _symmetric(keras.ops.reshape(kernel, (-1, 1)), kernel.shape)
        channels = kernel.shape[2] * kernel.shape[3] if id(variable) in self.depthwise else kernel.shape[3]
        return _symmetric(keras.ops.reshape(kernel, (-1, channels)), kernel.shape)


def _symmetric(columns: Tensor, shape: Any) -> Tensor:
    """Each column of [weights, columns] rounded within its own largest magnitude, back in `shape`."""
    largest = keras.ops.maximum(keras.ops.max(keras.ops.abs(columns), axis=0), NARROWEST)
    largest = keras.ops.stop_gradient(largest)
    rounded = keras.quantizers.fake_quant_with_min_max_vars(columns, -largest, largest, narrow_range=True, axis=-1)
    return keras.ops.reshape(rounded, shape)


def _copy(model: keras.Model, bounds: dict[str, tuple[float, float]]) -> keras.Model:
    """The same layers and weights with a `Range` behind each that `bounds` names, without dropout."""

    def call(layer: keras.layers.Layer, *arguments: Any, **options: Any) -> Tensor:
        if isinstance(layer, keras.layers.Dropout):
            return arguments[0]
        result = layer(*arguments, **options)
        return Range(*bounds[layer.name], name=f"{layer.name}_range")(result) if layer.name in bounds else result

    copy = keras.models.clone_model(model, call_function=call)
    for layer in copy.layers:
        if isinstance(layer, _WEIGHTED):
            layer.set_weights(model.get_layer(layer.name).get_weights())
    return copy


def _seen(model: keras.Model, examples: Floats) -> dict[str, Floats]:
    """By layer the activations that the converter gives a range: of layers with weights and of additions, behind the
    ReLU that is fused into them. Pools and reshapes have the range of what they read."""
    rectified = [layer for layer in model.layers if isinstance(layer, keras.layers.ReLU)]
    fused = {layer.input._keras_history.operation.name: layer for layer in rectified}
    layers = [
        fused.get(layer.name, layer) for layer in model.layers if isinstance(layer, (*_WEIGHTED, keras.layers.Add))
    ]
    values = keras.Model(model.input, [layer.output for layer in layers])(examples, training=False)
    return {layer.name: np.asarray(value) for layer, value in zip(layers, values, strict=True)}
