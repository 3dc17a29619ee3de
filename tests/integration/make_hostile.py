"""Run as a process of its own: a trained network rescaled so that it computes the same and int8 cannot hold it.

Reads a `.keras` archive, multiplies channels of the depthwise layer and units of the dense one by factors that spread
over three decades, and divides by them where they are read. Arguments: the archive to read, the one to write.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.update(CUDA_VISIBLE_DEVICES="-1", TF_CPP_MIN_LOG_LEVEL="3")


def main(source: Path, target: Path) -> None:
    import numpy as np

    from mlforge.training.archive import loaded, saved

    model = loaded(source.read_bytes())
    random = np.random.default_rng(6)

    def scaled(name: str, factors: np.ndarray, at: tuple[int, ...]) -> None:
        layer = model.get_layer(name)
        weights = layer.get_weights()
        layer.set_weights([each * factors if index in at else each for index, each in enumerate(weights)])

    spread = random.permutation(np.geomspace(1, 1e3, model.get_layer("l1_depthwise").kernel.shape[2]))
    scaled("l1_norm", spread, at=(0, 1))  # gamma and beta
    scaled("l2_conv", (1 / spread)[:, None], at=(0,))
    spread = random.permutation(np.geomspace(1, 1e3, model.get_layer("l4_dense").kernel.shape[1]))
    scaled("l4_dense", spread, at=(0, 1))
    scaled("outputs", (1 / spread)[:, None], at=(0,))
    target.write_bytes(saved(model))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
