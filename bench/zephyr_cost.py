"""How long another candidate takes on Zephyr, from its C files to parsed numbers, once the build directory is there.

    .venv/bin/python bench/zephyr_cost.py [COUNT] [BOARD]

Needs a Zephyr workspace. Builds random networks of growing width into an empty application; the first one, which
configures the build, is not counted. Timings are of this machine and noisy; the medians are what counts.
"""

from __future__ import annotations

import sys
import time
from statistics import median

import numpy as np

from mlforge.compiler.emitter import compile_graph
from mlforge.compiler.from_architecture import lower_architecture
from mlforge.compiler.isa import Isa
from mlforge.measure.cost import measure_cost
from mlforge.records.architecture import Architecture, Conv, GlobalAveragePool, Head
from mlforge.study.optimise import usable_target


def main(count: int, board: str) -> None:
    target = usable_target(f"zephyr:{board}")
    inputs = np.zeros((3, 128 * 6), np.int8)
    builds, whole = [], []
    for number in range(-1, count):
        layers = (Conv(8 + number, (3, 1), (2, 1)), Conv(16, (3, 1), (2, 1)), GlobalAveragePool())
        graph = lower_architecture(Architecture((128, 1, 6), layers, 4, Head.SOFTMAX), number + 1)
        program = compile_graph(graph, "candidate", Isa(target.isa)).program
        start = time.monotonic()
        firmware = target.build(program)
        built = time.monotonic()
        measure_cost(target, firmware, inputs, 80_000_000)
        if number >= 0:
            builds.append(built - start)
            whole.append(time.monotonic() - start)
    print(f"another candidate on {target.name}, {count} of them")
    for stage, values in (("build", builds), ("whole", whole)):
        print(f"  {stage:<20} median {median(values):6.3f} s   max {max(values):6.3f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, sys.argv[2] if len(sys.argv) > 2 else "mps2/an386")
