"""A user's float model as a full-int8 TensorFlow Lite model. Worker process only."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import tensorflow as tf
from tensorflow.lite.python.convert import mlir_quantize
from tensorflow.lite.python.optimize import calibrator

from mlforge.errors import ModelError
from mlforge.training.archive import loaded
from mlforge.training.fit import make_deterministic
from mlforge.training.floats import Comparison, Format, Quantisation
from mlforge.training.quantise import quantise, unquantised
from mlforge.training.request import Floats
from mlforge.training.rewrite_floats import rewritten


def quantised(job: Quantisation) -> bytes:
    """The int8 model. Raises ModelError where the model is not one of the kind that `Quantisation` says."""
    make_deterministic(0)
    return _of_keras(job) if job.format is Format.KERAS else _of_tflite(job)


def float_tflite(job: Comparison) -> bytes:
    """The float model that is quantised. Raises ModelError."""
    return rewritten(job.model) if job.format is Format.TFLITE else unquantised(keras_model(job.model), job.x.shape[1:])


def keras_model(archive: bytes) -> keras.Model:
    """A user's network with one input and one output. Raises ModelError."""
    model = _loaded(archive)
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ModelError(f"{len(model.inputs)} inputs and {len(model.outputs)} outputs: expected one each")
    return model


def _of_keras(job: Quantisation) -> bytes:
    model = keras_model(job.model)
    _check_shape(tuple(model.inputs[0].shape[1:]), job.x)
    return quantise(model, job.x)


def _loaded(archive: bytes) -> keras.Model:
    try:
        model = loaded(archive)
    except Exception as error:  # whatever Keras makes of an archive that is none of its own
        raise ModelError(f"Keras cannot load the model: {str(error).strip().splitlines()[0][:300]}") from error
    if not isinstance(model, keras.Model) or not model.built:
        raise ModelError("the archive holds no model that has been built")
    return model


def _of_tflite(job: Quantisation) -> bytes:
    """By the two steps that TFLiteConverter takes itself once it has the float model (tensorflow/lite/python/lite.py,
    `_quantize`), so that a Keras model quantises to the same bytes by either way."""
    try:
        interpreter = tf.lite.Interpreter(model_content=job.model)
        inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    except (ValueError, RuntimeError) as error:
        raise ModelError(
            f"TensorFlow Lite cannot load the model: {str(error).strip().splitlines()[0][:300]}"
        ) from error
    if len(inputs) != 1 or len(outputs) != 1:
        raise ModelError(f"{len(inputs)} inputs and {len(outputs)} outputs: expected one each")
    _check_shape(tuple(int(size) for size in inputs[0]["shape"][1:]), job.x)

    def examples() -> Iterator[list[Floats]]:
        for example in job.x:
            yield [example[None]]

    ready = rewritten(job.model)
    watched = calibrator.Calibrator(calibrator.add_intermediate_tensors(ready))
    return bytes(
        mlir_quantize(
            watched.calibrate(examples),
            input_data_type=tf.int8,
            output_data_type=tf.int8,
            disable_per_channel_for_dense_layers=True,
        )
    )


def _check_shape(wanted: tuple[int | None, ...], x: Floats) -> None:
    if None in wanted:
        raise ModelError(f"the model takes any of the shapes {list(wanted)}: expected a fixed one")
    if wanted != x.shape[1:]:
        raise ModelError(f"the model takes {list(wanted)}, the representative examples are {list(x.shape[1:])}")
