"""What the winner saw and answered, for the bundle that will carry it: a baseline of drift, and a self-test.

Inputs are described over the training split, answers over the validation split: a model is too sure of what it has been
trained on. The test split stays out of it. Of anomalies only the normal examples count: they are what devices see.

The histogram of scores has, for classification, 16 bins of 16 of the 256 values that the largest int8 output can have;
for regression likewise of the first output; for anomalies 32, where an error falls into the bin of the number of bits
of its Q16.16 value, at most 31. All three cost a device a shift or a count of leading zeros.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.app.model import Model, dequantised, int8_inputs
from mlforge.contract.contract import Task
from mlforge.records.golden_vectors import ANOMALY_BINS, CLASSIFICATION_BINS, GoldenVectors
from mlforge.study.evaluate import Evaluator
from mlforge.study.workbench import run_int8

SELF_TEST_VECTORS: Final = 4
SELF_TEST_BYTES: Final = 8192  # of vectors in flash; a model whose single vector is larger still gets one
_Q8, _Q16 = 256, 65536


def reference(evaluator: Evaluator, model: Model) -> GoldenVectors:
    """Raises BuildError, RunError where the host cannot run the model."""
    prepared, channels = evaluator.prepared, model.pipeline.channels
    seen = int8_inputs(model, prepared.train).reshape(-1, channels).astype(np.float64)
    inputs = int8_inputs(model, prepared.validate)
    program = model.compiled_for(evaluator.host.isa).program
    outputs = run_int8(evaluator.host, program, inputs)
    normal = prepared.validate.y == 0 if evaluator.task is Task.ANOMALY else np.ones(len(inputs), bool)
    chosen = _chosen(len(inputs), inputs.shape[1] + outputs.shape[1])
    # One run each: a model that remembers has then forgotten what came before.
    answers = [run_int8(evaluator.host, program, inputs[index : index + 1]) for index in chosen]
    return GoldenVectors(
        mean=np.rint(seen.mean(axis=0) * _Q8).astype(np.int32),
        deviation=np.rint(seen.std(axis=0) * _Q8).astype(np.uint32),
        class_shares=_class_shares(evaluator.task, outputs),
        score_shares=score_shares(evaluator.task, model, inputs[normal], outputs[normal]),
        inputs=inputs[chosen],
        outputs=np.concatenate(answers),
    )


def score_shares(task: Task, model: Model, inputs: NDArray[np.int8], outputs: NDArray[np.int8]) -> NDArray[np.uint16]:
    """The histogram of the scores of int8 inputs and outputs, [N, bytes] each."""
    if task is Task.ANOMALY:
        return _shares(np.minimum(_bits(_errors(model, inputs, outputs)), ANOMALY_BINS - 1), ANOMALY_BINS)
    scores = outputs.max(axis=1) if task is Task.CLASSIFICATION else outputs[:, 0]
    return _shares((scores.astype(np.int64) + 128) * CLASSIFICATION_BINS // 256, CLASSIFICATION_BINS)


def _class_shares(task: Task, outputs: NDArray[np.int8]) -> NDArray[np.uint16]:
    if task is not Task.CLASSIFICATION:
        return np.zeros(0, np.uint16)
    return _shares(outputs.argmax(axis=1), outputs.shape[1])


def _errors(model: Model, inputs: NDArray[np.int8], outputs: NDArray[np.int8]) -> NDArray[np.int64]:
    """Mean squared reconstruction errors of int8 inputs, Q16.16 in the features' units."""
    tensor = model.compiled.inputs[0]
    features = (inputs.astype(np.float64) - tensor.zero_point) * tensor.scale
    squares = np.square(features - dequantised(model, outputs).astype(np.float64)).mean(axis=1)
    errors: NDArray[np.int64] = np.minimum(np.floor(squares * _Q16), 2.0**32 - 1).astype(np.int64)
    return errors


def _bits(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many bits each value has; 0 for 0."""
    return np.array([int(value).bit_length() for value in values], np.int64)


def _shares(bins: NDArray[Any], count: int) -> NDArray[np.uint16]:
    counts = np.bincount(bins, minlength=count).astype(np.float64)
    shares: NDArray[np.uint16] = np.rint(counts / max(counts.sum(), 1) * (_Q16 - 1)).astype(np.uint16)
    return shares


def _chosen(examples: int, vector_bytes: int) -> NDArray[np.int64]:
    """Examples spread evenly over all of them."""
    count = min(examples, max(1, min(SELF_TEST_VECTORS, SELF_TEST_BYTES // vector_bytes)))
    return np.arange(count) * examples // count
