"""One epoch of training as one graph, with AdamW on a single vector of all weights. Worker process only.

AdamW is Loshchilov and Hutter's (arXiv 1711.05101) as Keras computes it: the same constants, the same order. Written
out, it is ten operators for a network instead of thirty for each of its variables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from mlforge.training.plain import Network
from mlforge.training.request import Floats

Losses: TypeAlias = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]  # targets and outputs to the loss of each example
_FIRST: Final = 0.9  # Adam's decay rates and the least divisor, as Keras has them
_SECOND: Final = 0.999
_EPSILON: Final = 1e-7
_NOT_DECAYED: Final = ("bias", "gamma", "beta")


class State(NamedTuple):
    """What an epoch changes. The vectors hold all trainable variables, in their order."""

    weights: tf.Tensor
    first: tf.Tensor  # moments
    second: tf.Tensor
    steps: tf.Tensor  # that were made, int32
    statistics: tuple[tf.Tensor, ...]


RunEpoch: TypeAlias = Callable[[Floats, NDArray[Any], Floats, Floats, State], tuple[tf.Tensor, State]]


class Shuttle:
    """Carries a network's variables to a State and back."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._shapes = [tuple(variable.shape) for variable in network.trainable]
        self._sizes = [prod(shape) for shape in self._shapes]

    def state(self) -> State:
        weights = np.concatenate([np.asarray(one, np.float32).ravel() for one in self._network.trainable])
        flat = tf.constant(weights)
        statistics = tuple(tf.constant(np.asarray(one)) for one in self._network.statistics)
        return State(flat, tf.zeros_like(flat), tf.zeros_like(flat), tf.constant(0), statistics)

    def split(self, weights: tf.Tensor) -> list[tf.Tensor]:
        parts = tf.split(weights, self._sizes)
        return [tf.reshape(part, shape) for part, shape in zip(parts, self._shapes, strict=True)]

    def put_back(self, state: State) -> None:
        parts = np.split(state.weights.numpy(), np.cumsum(self._sizes)[:-1])
        for variable, part, shape in zip(self._network.trainable, parts, self._shapes, strict=True):
            variable.assign(part.reshape(shape))
        for variable, value in zip(self._network.statistics, state.statistics, strict=True):
            variable.assign(value)

    def decayed(self) -> Floats:
        """1 where a weight decays, else 0."""
        kinds = [one.name not in _NOT_DECAYED for one in self._network.trainable]
        return np.repeat(np.array(kinds, np.float32), self._sizes)


def epoch_function(
    network: Network, losses: Losses, weight_decay: float, seed: int, batch: int, steps: int
) -> RunEpoch:
    """From shuffled inputs, targets, example weights, the rate of each step, and a State: the mean loss, and the State
    afterwards."""
    shuttle = Shuttle(network)
    decay = tf.constant(shuttle.decayed() * np.float32(weight_decay)) if weight_decay else None

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def run(x: tf.Tensor, y: tf.Tensor, counts: tf.Tensor, rates: tf.Tensor, state: State) -> tuple[tf.Tensor, State]:
        def step(number: tf.Tensor, total: tf.Tensor, before: State) -> tuple[tf.Tensor, tf.Tensor, State]:
            part = [_rows(one, number, batch) for one in (x, y, counts)]
            with tf.GradientTape() as tape:
                tape.watch(before.weights)
                key = tf.stack([tf.constant(seed, tf.int32), before.steps])
                outputs, statistics = network(shuttle.split(before.weights), before.statistics, part[0], key)
                loss = tf.reduce_mean(part[2] * losses(part[1], outputs))
            gradient = tape.gradient(loss, before.weights)
            after = _adamw(before, gradient, rates[number], decay)._replace(statistics=tuple(statistics))
            return number + 1, total + loss, after

        start = (tf.constant(0), tf.constant(0.0), state)
        _, total, after = tf.while_loop(lambda number, *_: number < steps, step, start, parallel_iterations=1)
        return total / steps, after

    result: RunEpoch = run
    return result


def inference_function(network: Network, input_shape: Sequence[int]) -> Callable[[State, Floats], tf.Tensor]:
    """Outputs for a batch of any size."""
    shuttle = Shuttle(network)

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def run(weights: tf.Tensor, statistics: tuple[tf.Tensor, ...], x: tf.Tensor) -> tf.Tensor:
        return network(shuttle.split(weights), statistics, x, None)[0]

    start = shuttle.state()
    concrete = run.get_concrete_function(
        start.weights, start.statistics, tf.TensorSpec((None, *input_shape), tf.float32)
    )
    return lambda state, x: concrete(state.weights, state.statistics, tf.constant(x))


def _rows(values: tf.Tensor, number: tf.Tensor, batch: int) -> tf.Tensor:
    """The n-th batch, of known shape."""
    rest = values.shape[1:]
    begin = tf.concat([[number * batch], tf.zeros(len(rest), tf.int32)], axis=0)
    return tf.slice(values, begin, [batch, *rest])


def _adamw(state: State, gradient: tf.Tensor, rate: tf.Tensor, decay: tf.Tensor | None) -> State:
    weights = state.weights if decay is None else state.weights - state.weights * decay * rate
    steps = state.steps + 1
    count = tf.cast(steps, tf.float32)
    pace = rate * tf.sqrt(1.0 - tf.pow(_SECOND, count)) / (1.0 - tf.pow(_FIRST, count))
    first = state.first + (gradient - state.first) * (1.0 - _FIRST)
    second = state.second + (tf.square(gradient) - state.second) * (1.0 - _SECOND)
    weights -= first * pace / (tf.sqrt(second) + _EPSILON)
    return state._replace(weights=weights, first=first, second=second, steps=steps)
