"""Trains and converts the networks of this folder, and asks the newest wheel for their golden bytes.

    .venv/bin/python -m tests.networks.make [NAME …]

The task is made up: to tell four kinds of waves in a window of 32 by 12 values. What matters is that weights, scales
and zero points are those of trained networks, and that each family brings its own operators.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from numpy.typing import NDArray

from mlforge.compiler import read_tflite
from mlforge.compiler.graph import Graph
from tests.networks import recurrent
from tests.oracle.sound import sound
from tests.oracle.wheel import Refusal, install
from tests.unit.compiler.tflite_writer import write_tflite

HERE = Path(__file__).parent
SHAPE = (32, 12, 1)
KINDS = 4
EXAMPLES = 512
VECTORS = 8
Floats = NDArray[np.float32]


def waves(seed: int, count: int) -> tuple[Floats, NDArray[np.int64]]:
    """Waves of four frequencies with random phase, loudness and noise."""
    numbers = np.random.default_rng(seed)
    kinds = numbers.integers(0, KINDS, count)
    time, band = np.arange(SHAPE[0])[:, None], np.arange(SHAPE[1])[None, :]
    phase, loudness = numbers.uniform(0, 6.3, (count, 1, 1)), numbers.uniform(0.5, 2, (count, 1, 1))
    signal = np.sin(time * (0.3 + 0.35 * kinds[:, None, None]) + phase + band * 0.2) * loudness
    return (signal + numbers.normal(0, 0.3, signal.shape))[..., None].astype(np.float32), kinds


def conv(x: Any, filters: int, size: Any, strides: Any = 1, activation: str | None = "relu", **more: Any) -> Any:
    x = layers.Conv2D(filters, size, strides, padding="same", use_bias=False, **more)(x)
    x = layers.BatchNormalization()(x)
    return layers.Activation(activation)(x) if activation else x


def separable(x: Any, filters: int, strides: Any = 1, activation: str = "relu") -> Any:
    x = layers.DepthwiseConv2D(3, strides, padding="same", use_bias=False)(x)
    x = layers.Activation(activation)(layers.BatchNormalization()(x))
    return conv(x, filters, 1, activation=activation)


def head(x: Any) -> Any:
    return layers.Dense(KINDS, activation="softmax")(layers.GlobalAveragePooling2D()(x))


def ds_cnn(x: Any) -> Any:
    """As for keyword spotting: a first convolution of 10 by 4, then separable ones."""
    x = conv(x, 16, (10, 4), (2, 2))
    for _ in range(2):
        x = separable(x, 16)
    return layers.Dense(KINDS, activation="softmax")(layers.Flatten()(layers.AveragePooling2D((8, 6))(x)))


def resnet(x: Any) -> Any:
    x = conv(x, 8, 3)
    for filters, strides in ((8, 1), (16, 2)):
        y = conv(conv(x, filters, 3, strides), filters, 3, activation=None)
        x = x if strides == 1 else conv(x, filters, 1, strides, activation=None)
        x = layers.Activation("relu")(layers.Add()([x, y]))
    return head(x)


def mobilenet(x: Any) -> Any:
    """Inverted residuals with ReLU6 and strides, and a depthwise multiplier of 8 in front, as micro_speech has it."""
    x = layers.DepthwiseConv2D(5, 2, padding="same", depth_multiplier=8, activation="relu")(x)
    for filters, strides in ((8, 1), (12, 2)):
        y = conv(x, 24, 1, activation="relu6")
        y = layers.DepthwiseConv2D(3, strides, padding="same", use_bias=False)(y)
        y = conv(layers.Activation("relu6")(layers.BatchNormalization()(y)), filters, 1, activation=None)
        x = layers.Add()([x, y]) if strides == 1 else y
    return head(x)


def autoencoder(x: Any) -> Any:
    x = layers.Flatten()(x)
    for units in (24, 8, 24):
        x = layers.Dense(units, activation="relu")(x)
    return layers.Dense(int(np.prod(SHAPE)))(x)


def tcn(x: Any) -> Any:
    """Dilated convolutions over time, residual, with the channels in the last axis."""
    x = layers.Reshape((SHAPE[0], 1, SHAPE[1]))(x)
    x = conv(x, 16, (1, 1))
    for dilation in (1, 2, 4):
        y = layers.ZeroPadding2D(((2 * dilation, 0), (0, 0)))(x)
        y = layers.Conv2D(16, (3, 1), dilation_rate=(dilation, 1), activation="relu")(y)
        x = layers.Add()([x, y])
    return head(x)


def attention(x: Any) -> Any:
    """Products of activations, as transformers have them."""
    x = layers.Dense(16, activation="relu")(layers.Reshape((SHAPE[0], SHAPE[1]))(x))
    scores = layers.Softmax()(layers.Dot(axes=(2, 2))([layers.Dense(16)(x), layers.Dense(16)(x)]))
    x = layers.Add()([x, layers.Dot(axes=(2, 1))([scores, layers.Dense(16)(x)])])
    return layers.Dense(KINDS, activation="softmax")(layers.GlobalAveragePooling1D()(x))


def grouped(x: Any) -> Any:
    x = conv(x, 16, 3, 2)
    x = conv(x, 16, 3, groups=4)
    return head(conv(x, 16, 3, 2, groups=2))


NETWORKS: dict[str, tuple[Callable[[Any], Any], bool]] = {
    "attention": (attention, False),
    "autoencoder": (autoencoder, False),
    "ds_cnn": (ds_cnn, False),
    "ds_cnn_16x8": (ds_cnn, True),
    "grouped": (grouped, False),
    "mobilenet": (mobilenet, False),
    "resnet": (resnet, False),
    "tcn": (tcn, False),
    "tcn_16x8": (tcn, True),
}


# No converter makes these of Keras' layers with a state: they are drawn, with weights as small as trained ones.
CONSTRUCTED: dict[str, Callable[[], Graph]] = {"lstm": recurrent.lstm, "svdf": recurrent.svdf}


def trained(build: Callable[[Any], Any]) -> Any:
    keras.utils.set_random_seed(1)
    tf.config.experimental.enable_op_determinism()
    source = keras.Input(SHAPE)
    model = keras.Model(source, build(source))
    x, y = waves(1, EXAMPLES)
    reconstructs = build is autoencoder
    loss = "mse" if reconstructs else "sparse_categorical_crossentropy"
    model.compile("adam", loss)
    wanted = x.reshape(EXAMPLES, -1) if reconstructs else y
    model.fit(x, wanted, batch_size=32, epochs=6, verbose=0)
    return model


def converted(model: Any, wide: bool) -> bytes:
    def examples() -> Iterator[list[Floats]]:
        for one in waves(2, 100)[0]:
            yield [one[None]]

    trained = [tf.constant(one) for one in model.trainable_variables]
    fixed = [tf.constant(one) for one in model.non_trainable_variables]

    @tf.function(input_signature=[tf.TensorSpec((1, *SHAPE), tf.float32)])  # type: ignore[untyped-decorator]
    def call(x: Any) -> Any:
        return model.stateless_call(trained, fixed, x, training=False)[0]

    converter = tf.lite.TFLiteConverter.from_concrete_functions([call.get_concrete_function()])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = examples
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    ops = tf.lite.OpsSet
    converter.target_spec.supported_ops = [
        ops.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8 if wide else ops.TFLITE_BUILTINS_INT8
    ]
    converter.inference_input_type = converter.inference_output_type = tf.int16 if wide else tf.int8
    return bytes(converter.convert())


def vectors_for(data: bytes) -> NDArray[np.generic]:
    """Waves in the model's quantisation."""
    graph = read_tflite(data)
    tensor = graph.tensors[graph.inputs[0]]
    if tensor.quantization is None:
        raise ValueError("an input without quantisation")
    info = np.iinfo(tensor.dtype.value)
    x = waves(3, VECTORS)[0].reshape(-1)[: VECTORS * tensor.elements].reshape(VECTORS, *tensor.shape)
    scaled = np.round(x / tensor.quantization.scale) + tensor.quantization.zero_point
    return scaled.clip(info.min, info.max).astype(tensor.dtype.value)


def data_of(name: str) -> bytes:
    if name in CONSTRUCTED:
        return write_tflite(sound(CONSTRUCTED[name]()))
    build, wide = NETWORKS[name]
    return converted(trained(build), wide)


def make(name: str) -> None:
    data = data_of(name)
    inputs = vectors_for(data)
    answer = install("newest.txt").answers([(data, [inputs])])[0]
    if isinstance(answer, Refusal):
        raise RuntimeError(f"{name}: {answer.reason}")
    (HERE / f"{name}.tflite").write_bytes(data)
    np.savez_compressed(HERE / f"{name}.npz", input=inputs, output=answer[0])
    kinds = sorted({node.kind for node in read_tflite(data).nodes})
    sys.stdout.write(f"{name}: {len(data)} bytes, {', '.join(kinds)}\n")


if __name__ == "__main__":
    for one in sys.argv[1:] or sorted({*NETWORKS, *CONSTRUCTED}):
        make(one)
