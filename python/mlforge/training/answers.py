"""What a float model answers, whatever it is kept as: a Keras archive or a `.tflite`. Worker process only."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import tensorflow as tf

from mlforge.training.archive import loaded
from mlforge.training.fit import predict
from mlforge.training.request import Floats

Answers: TypeAlias = Callable[[Floats], Floats]


def answers_of(model: bytes) -> Answers:
    """From float32 [N, *input_shape] to [N, outputs]. A `.tflite` takes the same numbers in the shape that it has."""
    if model[4:8] == b"TFL3":
        return _of_tflite(model)
    network = loaded(model)
    shape = network.inputs[0].shape[1:]
    return lambda x: predict(network, np.ascontiguousarray(x.reshape(len(x), *shape)))


def _of_tflite(model: bytes) -> Answers:
    interpreter = tf.lite.Interpreter(model_content=model, num_threads=1)
    interpreter.allocate_tensors()
    entry, exit_ = interpreter.get_input_details()[0], interpreter.get_output_details()[0]

    def answers(x: Floats) -> Floats:
        found = []
        for example in x:
            interpreter.set_tensor(entry["index"], example.reshape(entry["shape"]))
            interpreter.invoke()
            found.append(interpreter.get_tensor(exit_["index"]).reshape(-1).copy())
        return np.asarray(found, np.float32)

    return answers
