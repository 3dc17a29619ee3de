"""The jobs that start from a trained network, done: other ways to int8, and fewer channels. Worker process only."""

from __future__ import annotations

import time
from dataclasses import replace

import keras
import numpy as np

from mlforge.contract import Task
from mlforge.errors import TrainingError
from mlforge.records.attempt import Method
from mlforge.training.archive import loaded, saved
from mlforge.training.calibrate import calibrated
from mlforge.training.equalise import equalised
from mlforge.training.fit import Fitted, fit, make_deterministic, predict
from mlforge.training.fold import fold, folded_architecture
from mlforge.training.methods import (
    FEWEST_EPOCHS,
    SHRINKING_EPOCHS,
    SHRINKING_RATE,
    TUNING_EPOCHS,
    TUNING_RATE,
    Requantisation,
    Shrinking,
    Variant,
)
from mlforge.training.quantise import quantise, representative
from mlforge.training.request import Recipe, TrainingRequest, TrainingResult
from mlforge.training.shrink import cut
from mlforge.training.targets import unit_of
from mlforge.training.topology import topology


def requantised(job: Requantisation) -> tuple[Variant, ...]:
    """Each method in the order asked for; what one answers does not depend on the others."""
    make_deterministic(job.request.recipe.seed)
    return tuple(_variant_or_why_not(job, method) for method in job.methods)


def shrunk(job: Shrinking) -> TrainingResult:
    """The network with fewer channels, trained again, quantised. Raises TrainingError where that training diverged."""
    start, recipe = time.monotonic(), job.request.recipe
    make_deterministic(recipe.seed)
    model = cut(job.request.architecture, loaded(job.keras), job.share, recipe.seed)
    built = time.monotonic()
    fitted = _continued(model, job.request, _shorter(recipe, SHRINKING_EPOCHS, SHRINKING_RATE))
    outputs = predict(model, job.request.x_validate)
    trained = time.monotonic()
    tflite = quantise(model, representative(job.request))
    return TrainingResult(
        tflite=tflite,
        keras=saved(model),
        validation_outputs=outputs,
        epochs_run=len(fitted.history),
        best_epoch=fitted.best_epoch,
        history=fitted.history,
        seconds={"build": built - start, "fit": trained - built, "quantise": time.monotonic() - trained},
    )


def _variant_or_why_not(job: Requantisation, method: Method) -> Variant:
    start = time.monotonic()
    try:
        return _variant(job, method)
    except TrainingError as error:
        nothing = np.zeros((0, job.request.architecture.outputs), np.float32)
        return Variant(method, b"", b"", nothing, time.monotonic() - start, error.message)


def _variant(job: Requantisation, method: Method) -> Variant:
    start, request = time.monotonic(), job.request
    keras.utils.set_random_seed(request.recipe.seed)
    model = loaded(job.keras)
    if method is not Method.PTQ:
        model = fold(request.architecture, model)
        _equalise(request, model)
    tuned = _shorter(request.recipe, TUNING_EPOCHS, TUNING_RATE)
    if method is Method.QAT:
        tflite = _trained_for_int8(model, request, tuned)
    elif method is Method.CALIBRATED:
        tflite = _calibrated(model, request)
    else:
        if method is Method.FINETUNE:
            _continued(model, request, tuned)
        tflite = quantise(model, representative(request))
    outputs = predict(model, request.x_validate)
    return Variant(method, tflite, saved(model), outputs, time.monotonic() - start)


def _equalise(request: TrainingRequest, model: keras.Model) -> None:
    network = topology(folded_architecture(request.architecture))
    weights = {linear.name: tuple(model.get_layer(linear.name).get_weights()) for linear in network.linears}
    for name, pair in equalised(network, weights).items():
        model.get_layer(name).set_weights(list(pair))


def _trained_for_int8(model: keras.Model, request: TrainingRequest, recipe: Recipe) -> bytes:
    """Trains `model` under fake quantisation; it ends with the weights, the answer has the learnt ranges, too."""
    _to_unit_of_training(model, request)
    fake = calibrated(model, request)
    fit(fake, replace(request, recipe=recipe))
    if request.task is Task.REGRESSION:
        fake.widen_outputs(unit_of(request))
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(fake.get_layer(layer.name).get_weights())
    fake.rounds = False
    return quantise(fake, None, request.architecture.input_shape)


def _calibrated(model: keras.Model, request: TrainingRequest) -> bytes:
    """The same weights with the ranges that lose least."""
    weights = model.get_weights()
    _to_unit_of_training(model, request)
    fake = calibrated(model, request)
    model.set_weights(weights)
    fake.get_layer("outputs").set_weights(model.get_layer("outputs").get_weights())
    if request.task is Task.REGRESSION:
        fake.widen_outputs(unit_of(request))
    fake.rounds = False
    return quantise(fake, None, request.architecture.input_shape)


def _continued(model: keras.Model, request: TrainingRequest, recipe: Recipe) -> Fitted:
    _to_unit_of_training(model, request)
    return fit(model, replace(request, recipe=recipe))


def _to_unit_of_training(model: keras.Model, request: TrainingRequest) -> None:
    """A trained network answers in the labels' unit; `fit` begins and ends with that."""
    outputs = model.get_layer("outputs")
    outputs.set_weights(unit_of(request).learnt(*outputs.get_weights()))


def _shorter(recipe: Recipe, epochs: float, rate: float) -> Recipe:
    return replace(
        recipe,
        epochs=min(recipe.epochs, max(FEWEST_EPOCHS, round(recipe.epochs * epochs))),
        learning_rate=recipe.learning_rate * rate,
    )
