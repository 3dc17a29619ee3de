"""Run as a process of its own: converts architectures with random weights as training would, without training.

Reads one architecture's JSON a line from stdin; writes `N.tflite` into the directory that is the only argument.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3")


def main(place: Path) -> None:
    import numpy as np

    from mlforge.records.architecture import Architecture
    from mlforge.training.build import build
    from mlforge.training.fit import make_deterministic
    from mlforge.training.quantise import quantise

    make_deterministic(1)
    random = np.random.default_rng(1)
    for number, line in enumerate(sys.stdin):
        architecture = Architecture.from_json(line)
        model = build(architecture, seed=1)
        model.set_weights([random.uniform(0.1, 0.5, weight.shape) for weight in model.get_weights()])
        examples = random.standard_normal((20, *architecture.input_shape)).astype(np.float32)
        (place / f"{number}.tflite").write_bytes(quantise(model, examples))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
