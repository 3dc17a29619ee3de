"""Runs models with the interpreter of one wheel. A process of its own: the interpreter may end it.

Usage: serve.py WHEEL_DIRECTORY BATCH FIRST. BATCH has NNNNN.tflite and NNNNN.npz with the inputs `x0`, `x1`, …, vectors
first. For each, from FIRST on, NNNNN.out.npz with `y0`, `y1`, … or NNNNN.refused is written, and what the interpreter
says goes to NNNNN.log.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

ARENA_BYTES = 1 << 24
RESOURCE_VARIABLES = 64


def load(wheel: Path) -> Any:
    """The extension module alone: what stands around it in old wheels imports TensorFlow."""
    place = wheel / "tflite_micro" / "python" / "tflite_micro" / "_runtime.so"
    spec = importlib.util.spec_from_file_location("_runtime", place)
    if spec is None or spec.loader is None:
        raise ImportError(str(place))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(runtime: Any, model: bytes, inputs: list[np.ndarray]) -> dict[str, np.ndarray]:
    """All outputs, vectors first. State is kept from one vector to the next."""
    config = runtime.PythonInterpreterConfig.kAllocationRecording
    arena = ARENA_BYTES + 4 * len(model)
    more = (0,) if "alt_decompression" in str(runtime.InterpreterWrapper.__init__.__doc__) else ()
    try:
        interpreter = runtime.InterpreterWrapper(model, [], arena, RESOURCE_VARIABLES, config, *more)
    except TypeError:
        interpreter = runtime.InterpreterWrapper(model, [], arena, RESOURCE_VARIABLES, config, 0)
    results: dict[str, list[np.ndarray]] = {}
    outputs = outputs_of(model)
    for vector in range(len(inputs[0])):
        for index, array in enumerate(inputs):
            interpreter.SetInputTensor(array[vector], index)
        interpreter.Invoke()
        for index in range(outputs):
            results.setdefault(f"y{index}", []).append(interpreter.GetOutputTensor(index))
    return {name: np.stack(arrays) for name, arrays in results.items()}


def outputs_of(model: bytes) -> int:
    """How many outputs the first subgraph has."""
    from tflite.Model import Model

    return int(Model.GetRootAs(model, 0).Subgraphs(0).OutputsLength())


def main(wheel: Path, batch: Path, first: int) -> None:
    runtime = load(wheel)
    for path in sorted(batch.glob("*.tflite")):
        if int(path.stem) < first:
            continue
        with np.load(path.with_suffix(".npz")) as file:
            inputs = [file[f"x{index}"] for index in range(len(file.files))]
        log = os.open(path.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 2)
        os.close(log)
        try:
            np.savez(path.with_suffix(".out.npz"), allow_pickle=False, **run(runtime, path.read_bytes(), inputs))
        except (RuntimeError, ValueError) as error:
            path.with_suffix(".refused").write_text(str(error))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
