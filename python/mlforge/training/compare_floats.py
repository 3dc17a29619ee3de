"""What a float model and its int8 model compute of the same examples, operator by operator. Worker process only."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from mlforge.training.floats import Comparison, Format, OperatorError, Stages
from mlforge.training.quantise_floats import float_tflite, keras_model
from mlforge.training.request import Floats

_EXAMPLES = 8  # whose inner tensors are compared


def compared(job: Comparison) -> Stages:
    """The outputs of all stages, and each int8 operator's distance from the float model. Raises ModelError."""
    keras = keras_model(job.model) if job.format is Format.KERAS else None
    floats = _interpreter(float_tflite(job))
    integers = _interpreter(job.int8)
    ours, tensors = _answers(floats, job.x)
    theirs, quantised = _answers(integers, job.x)
    source = ours if keras is None else np.asarray(keras(job.x, training=False), np.float32)
    return Stages(source, ours, theirs, tuple(_operators(integers, tensors, quantised)))


def _interpreter(tflite: bytes) -> tf.lite.Interpreter:
    interpreter = tf.lite.Interpreter(
        model_content=tflite,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF,
    )
    interpreter.allocate_tensors()
    return interpreter


def _answers(interpreter: tf.lite.Interpreter, x: Floats) -> tuple[Floats, dict[str, Floats]]:
    """The outputs [N, ...] as real numbers, and the first examples' inner tensors by name."""
    entry, exit_ = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    answers: list[Floats] = []
    found: dict[str, list[Floats]] = {}
    for position, example in enumerate(x):
        interpreter.reset_all_variables()
        interpreter.set_tensor(entry["index"], _integers(example[None], entry))
        interpreter.invoke()
        answers.append(_real(interpreter.get_tensor(exit_["index"])[0], exit_))
        if position < _EXAMPLES:
            for each in interpreter.get_tensor_details():
                if (value := _tensor(interpreter, each)) is not None:
                    found.setdefault(each["name"], []).append(value)
    whole = {name: np.stack(values) for name, values in found.items() if len({one.shape for one in values}) == 1}
    return np.stack(answers), whole


def _tensor(interpreter: tf.lite.Interpreter, details: dict[str, Any]) -> Floats | None:
    try:
        return _real(interpreter.get_tensor(details["index"]), details)
    except ValueError:  # it has no data: an optional input, or what a kernel works with
        return None


def _integers(values: Floats, details: dict[str, Any]) -> Any:
    scale, zero_point = details["quantization"]
    if details["dtype"] == np.float32 or not scale:
        return values.astype(details["dtype"])
    limits = np.iinfo(details["dtype"])
    return np.clip(np.round(values / scale) + zero_point, limits.min, limits.max).astype(details["dtype"])


def _real(values: Any, details: dict[str, Any]) -> Floats:
    scale, zero_point = details["quantization"]
    real = values.astype(np.float32)
    return np.asarray((real - zero_point) * np.float32(scale) if scale else real.copy(), np.float32)


def _operators(interpreter: tf.lite.Interpreter, ours: dict[str, Floats], theirs: dict[str, Floats]) -> list[Any]:
    """Those whose result has the same name and size in both models."""
    names = {each["index"]: each["name"] for each in interpreter.get_tensor_details()}
    found = []
    for position, operator in enumerate(interpreter._get_ops_details()):
        name = names.get(operator["outputs"][0], "") if len(operator["outputs"]) else ""
        if name in ours and name in theirs and ours[name].size == theirs[name].size:
            error = relative(ours[name], theirs[name])
            found.append(OperatorError(position, operator["op_name"], name, error))
    return found


def relative(ours: Floats, theirs: Floats) -> float:
    """The root mean square of the difference, as a share of that of `ours`."""
    left, right = ours.astype(np.float64).ravel(), theirs.astype(np.float64).ravel()
    size, error = float(np.sqrt(np.mean(left**2))), float(np.sqrt(np.mean((left - right) ** 2)))
    return error / size if size else error
