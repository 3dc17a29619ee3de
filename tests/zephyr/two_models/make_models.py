"""Makes the models of this test and their golden vectors, with random weights.

Run it as `python -m tests.zephyr.two_models.make_models`.

The vectors are what the engine computes on the host, which other tests hold against TensorFlow Lite Micro's arithmetic.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mlforge.compiler.emitter import compile_graph
from mlforge.compiler.from_architecture import lower_architecture
from mlforge.compiler.tflite_reader import read_tflite
from mlforge.records.architecture import (
    Architecture,
    AveragePool,
    Conv,
    Dense,
    GlobalAveragePool,
    Head,
    MaxPool,
    Residual,
    SeparableConv,
)
from mlforge.targets.host import HostTarget
from tests.unit.compiler.tflite_writer import write_tflite

HERE = Path(__file__).parent
VECTORS = 4
ARCHITECTURES = {
    "gesture": Architecture(
        (32, 1, 3),
        (
            Conv(8, (5, 1), (2, 1)),
            Residual((Conv(8, (3, 1)), Conv(8, (3, 1)))),
            SeparableConv(12, (3, 1), (2, 1)),
            MaxPool((2, 1), (2, 1)),
            GlobalAveragePool(),
        ),
        4,
        Head.SOFTMAX,
    ),
    "vibration": Architecture((12, 12, 1), (Conv(4, (3, 3)), AveragePool((2, 2), (2, 2)), Dense(10)), 2, Head.LINEAR),
}


def main() -> None:
    host = HostTarget()
    for seed, (name, architecture) in enumerate(ARCHITECTURES.items()):
        tflite = write_tflite(lower_architecture(architecture, seed))
        (HERE / "models" / f"{name}.tflite").write_bytes(tflite)
        program = compile_graph(read_tflite(tflite), name).program
        inputs = np.random.default_rng(seed).integers(-128, 128, (VECTORS, program.input_bytes)).astype(np.int8)
        outputs = host.infer(host.build(program), inputs).outputs
        rows = [f"{{{{{_numbers(one)}}}, {{{_numbers(two)}}}}},\n" for one, two in zip(inputs, outputs, strict=True)]
        (HERE / "src" / f"{name}.inc").write_text("".join(rows), encoding="ascii")


def _numbers(values: np.ndarray) -> str:
    return ", ".join(map(str, values.tolist()))


if __name__ == "__main__":
    main()
