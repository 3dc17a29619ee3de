"""A trained Keras model as a full-int8 TensorFlow Lite model. Worker process only."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from mlforge.contract import Task
from mlforge.records.architecture import Shape
from mlforge.training.request import Floats, Labels, TrainingRequest


def quantise(model: keras.Model, representative: Floats | None, shape: Shape | None = None) -> bytes:
    """The int8 model: int8 in and out, batch 1, per-channel convolutions, per-tensor dense layers.

    `representative` is float32 [N, *input_shape]; its activations set the ranges (post-training quantisation). None is
    for a model that holds its own (`qat.FakeQuantised`), whose input has the given `shape`. The weights enter the
    converter as constants of a function with a fixed batch, since from a Keras model it would work out the batch at run
    time (SHAPE, STRIDED_SLICE and PACK before each reshape). Zephyr's TensorFlow Lite Micro refuses dense layers that
    are quantised per channel.
    """
    shape = (1, *(representative.shape[1:] if representative is not None else shape or ()))
    converter = _converter(model, shape)

    def examples(chosen: Floats) -> Iterator[list[Floats]]:
        for example in chosen:
            yield [example[None]]

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if representative is not None:
        converter.representative_dataset = partial(examples, representative)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    return bytes(converter.convert())


def unquantised(model: keras.Model, shape: tuple[int, ...]) -> bytes:
    """The float model of batch 1 that `quantise` begins with, for inputs of a shape without the batch."""
    return bytes(_converter(model, (1, *shape)).convert())


def _converter(model: keras.Model, shape: tuple[int, ...]) -> tf.lite.TFLiteConverter:
    trained = [tf.constant(variable.numpy()) for variable in model.trainable_variables]
    fixed = [tf.constant(variable.numpy()) for variable in model.non_trainable_variables]

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.float32, name="input")])  # type: ignore[untyped-decorator]
    def network(x: tf.Tensor) -> tf.Tensor:
        return model.stateless_call(trained, fixed, x, training=False)[0]

    return tf.lite.TFLiteConverter.from_concrete_functions([network.get_concrete_function()])


def representative(request: TrainingRequest) -> Floats:
    """A seeded sample of the training examples; for classification as many of each class, while they last."""
    random = np.random.default_rng([request.recipe.seed, 0x9A17])
    order = random.permutation(len(request.x_train))
    count = min(request.recipe.representative_count, len(order))
    if request.task is Task.CLASSIFICATION:
        order = order[_interleaved(request.y_train[order])]
    return request.x_train[np.sort(order[:count])]


def _interleaved(labels: Labels) -> NDArray[np.int64]:
    """Indices such that the n-th of each class come before the (n+1)-th of any."""
    turn = np.zeros(len(labels), np.int64)
    for label in np.unique(labels):
        where = labels == label
        turn[where] = np.arange(int(where.sum()))
    return np.argsort(turn, kind="stable")
