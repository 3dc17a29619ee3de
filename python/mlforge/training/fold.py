"""Batch norms folded into the layers before them: the network that is quantised. Worker process only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras
import numpy as np

from mlforge.records.architecture import (
    Architecture,
    Conv,
    Convolution,
    DepthwiseConv,
    Dropout,
    Layer,
    Residual,
    SeparableConv,
)
from mlforge.training.build import build
from mlforge.training.topology import Kind, Linear, topology


def folded_architecture(architecture: Architecture) -> Architecture:
    """The same network without batch norms, and with dropout that drops nothing: what is tuned from here on is to be
    what the target computes. It costs the same there."""
    return replace(architecture, layers=tuple(_without_norm(layer) for layer in architecture.layers))


def fold(architecture: Architecture, model: keras.Model) -> keras.Model:
    """A new model of `folded_architecture(architecture)` that computes what `model` does in inference mode.

    The weights of a channel are multiplied by gamma / sqrt(variance + epsilon) (Jacob et al., CVPR 2018, equation 14).
    """
    folded = build(folded_architecture(architecture))
    for linear in topology(architecture).linears:
        kernel, bias = folded_weights(linear, model)
        folded.get_layer(linear.name).set_weights([kernel.astype(np.float32), bias.astype(np.float32)])
    return folded


def folded_weights(linear: Linear, model: keras.Model) -> tuple[Any, Any]:
    """Kernel and bias of a layer, float64, with the batch norm behind it."""
    kernel, *biases = (np.asarray(weight, np.float64) for weight in model.get_layer(linear.name).get_weights())
    bias = biases[0] if biases else np.zeros(linear.target.channels)
    if not linear.norm:
        return kernel, bias
    norm = model.get_layer(linear.norm)
    gamma, beta, mean, variance = (np.asarray(weight, np.float64) for weight in norm.get_weights())
    factor = gamma / np.sqrt(variance + norm.epsilon)
    shape = kernel.shape[2:] if linear.kind is Kind.DEPTHWISE else (1, -1)
    return kernel * factor.reshape(shape), (bias - mean) * factor + beta


def _without_norm(layer: Layer) -> Layer:
    match layer:
        case Conv() | DepthwiseConv() | SeparableConv():
            return _plain(layer)
        case Dropout():
            return Dropout(0.0)
        case Residual():
            return replace(layer, body=tuple(_plain(step) for step in layer.body))
        case _:
            return layer


def _plain(layer: Convolution) -> Convolution:
    return replace(layer, batch_norm=False)
