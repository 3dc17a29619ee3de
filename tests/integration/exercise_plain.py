"""Run as a process of its own: networks as plain operators, and AdamW on one vector, against Keras's own.

Reads one architecture's JSON a line from stdin and prints for each a line of JSON: the largest differences of outputs,
relative to the largest output; of the weights after some steps, relative to how far they moved; and of the statistics,
relative to the largest.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from mlforge.training import worker

BATCH, STEPS, RATE, DECAY = 16, 4, 1e-2, 1e-2


def main() -> None:
    worker._environment("build/keras")
    import keras
    import numpy as np
    import tensorflow as tf

    from mlforge.records.architecture import Architecture
    from mlforge.training.build import build
    from mlforge.training.epoch import Shuttle, epoch_function
    from mlforge.training.fit import make_deterministic, predict
    from mlforge.training.plain import network_of

    def apart(one: Any, other: Any, scale: Any) -> float:
        return float(np.abs(np.asarray(one) - np.asarray(other)).max() / np.abs(np.asarray(scale)).max())

    def losses(targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        return tf.reduce_mean(tf.square(outputs - targets), axis=1)

    make_deterministic(1)
    random = np.random.default_rng(1)
    for line in sys.stdin:
        architecture = Architecture.from_json(line)
        model, twin = (build(architecture, seed=1) for _ in range(2))
        twin.set_weights(model.get_weights())
        x = random.standard_normal((BATCH * STEPS, *architecture.input_shape)).astype(np.float32)
        y = random.random((len(x), architecture.outputs)).astype(np.float32)
        network = network_of(model)
        start = Shuttle(network).state()
        expected = twin(x[:BATCH], training=False)
        found = {"inference": apart(predict(model, x[:BATCH]), expected, expected)}
        run = epoch_function(network, losses, DECAY, 1, BATCH, STEPS)
        rates = np.full(STEPS, RATE, np.float32)
        _, state = run(x, y, np.ones(len(x), np.float32), rates, start)
        optimizer = keras.optimizers.AdamW(RATE, weight_decay=DECAY)
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        optimizer.build(twin.trainable_variables)
        for step in range(STEPS):
            rows = slice(step * BATCH, (step + 1) * BATCH)
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(losses(y[rows], twin(x[rows], training=True)))
            gradients = tape.gradient(loss, twin.trainable_variables)
            optimizer.apply_gradients(zip(gradients, twin.trainable_variables, strict=True))
        theirs = Shuttle(network_of(twin)).state()
        found["weights"] = apart(state.weights, theirs.weights, np.asarray(theirs.weights) - np.asarray(start.weights))
        pairs = list(zip(state.statistics, theirs.statistics, strict=True))
        found["statistics"] = max((apart(one, other, other) for one, other in pairs), default=0.0)
        Shuttle(network).put_back(state)
        expected = model(x[:BATCH], training=False)
        found["put back"] = apart(predict(model, x[:BATCH]), expected, expected)
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
