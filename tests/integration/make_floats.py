"""Writes float models of the kinds that users bring into the directory sys.argv[1]. Run as a process of its own."""

import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

directory = Path(sys.argv[1])
keras.utils.set_random_seed(1)
model = keras.Sequential(
    [
        keras.Input((16, 1, 2)),
        keras.layers.Conv2D(6, (3, 1), padding="same", activation="relu"),
        keras.layers.MaxPool2D((2, 1)),
        keras.layers.Flatten(),
        keras.layers.Dense(3, activation="softmax"),
    ]
)
model.save(directory / "net.keras")
(directory / "net.tflite").write_bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())
x = np.random.default_rng(0).normal(size=(60, 16, 1, 2)).astype(np.float32)
np.savez(directory / "x.npz", x=x)
np.save(directory / "expected.npy", model.predict(x, verbose=0))
