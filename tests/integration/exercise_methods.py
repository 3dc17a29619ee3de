"""Run as a process of its own: folds, equalises, fakes the quantisation of and cuts networks with random weights.

Reads one architecture's JSON a line from stdin; writes `N.tflite`, made from learnt ranges, into the directory that is
the only argument, and prints for each a line of JSON: how far outputs move that should not move, relative to the
largest output, and how many layers are where the topology says.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3")

SHARE = 0.4


def main(place: Path) -> None:
    import numpy as np

    from mlforge.records.architecture import Architecture
    from mlforge.training.archive import loaded, saved
    from mlforge.training.bounds import least_error
    from mlforge.training.build import build
    from mlforge.training.equalise import equalised
    from mlforge.training.fit import make_deterministic, predict
    from mlforge.training.fold import fold, folded_architecture
    from mlforge.training.qat import FakeQuantised
    from mlforge.training.quantise import quantise
    from mlforge.training.shrink import cut
    from mlforge.training.topology import topology

    make_deterministic(1)
    random = np.random.default_rng(1)
    for number, line in enumerate(sys.stdin):
        architecture = Architecture.from_json(line)
        model = build(architecture, seed=1)
        for weight in model.weights:
            low = 0.1 if weight.name == "moving_variance" else -0.5
            weight.assign(random.uniform(low, 0.5, weight.shape))
        x = random.standard_normal((30, *architecture.input_shape)).astype(np.float32)
        before = predict(model, x)

        def moved(after: Any, reference: Any = before) -> float:
            return float(np.abs(after - reference).max() / np.abs(reference).max())

        folded = fold(architecture, model)
        found = {"folded": moved(predict(folded, x)), "saved": moved(predict(loaded(saved(model)), x))}
        network = topology(folded_architecture(architecture))
        weights = {one.name: tuple(folded.get_layer(one.name).get_weights()) for one in network.linears}
        for name, pair in equalised(network, weights).items():
            folded.get_layer(name).set_weights(list(pair))
        found["equalised"] = moved(predict(folded, x))
        fake = FakeQuantised(folded, x, least_error)
        found["fake"] = moved(predict(fake, x))
        fake.rounds = False
        (place / f"{number}.tflite").write_bytes(quantise(fake, None, architecture.input_shape))
        silence(architecture, model, random)
        smaller = cut(architecture, model, SHARE, seed=1)
        found["cut"] = moved(predict(smaller, x), predict(model, x))
        found["weights"] = int(smaller.count_params())
        print(json.dumps(found), flush=True)


def silence(architecture: Any, model: Any, random: Any) -> None:
    """Makes random units of each set mute, as many as pruning may remove, so that removing them changes nothing."""
    from mlforge.training.shrink_plan import kept_sizes
    from mlforge.training.topology import topology

    network = topology(architecture)
    kept = {units: random.permutation(network.sizes[units])[:count] for units, count in
            kept_sizes(network, SHARE).items()}  # fmt: skip
    for one in network.linears:
        heard = [unit in kept[one.target.units] for unit in one.target_units]
        layers = [model.get_layer(name) for name in (one.name, one.norm) if name]
        for layer in layers:
            for weight in layer.weights:
                if weight.name in ("gamma", "beta", "bias", "kernel"):
                    value = weight.numpy()
                    mask = heard if weight.name != "kernel" or value.ndim != 4 else None
                    if mask is not None:
                        weight.assign(value * mask)
                    elif one.kind != "depthwise":
                        weight.assign(value * heard)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
