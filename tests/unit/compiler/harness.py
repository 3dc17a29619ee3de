"""Builds compiled models with the host compiler and runs them, many at a time."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.emitter import CompiledModel
from mlforge.toolchain.sources import runtime_includes
from tests.unit.compiler.kernel_library import kernel_library

HERE = Path(__file__).parent
FLAGS = ("-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror")
SANITIZE = ("-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")

Arrays = Sequence[NDArray[np.generic]]  # one for each input or output, vectors first


def run_models(
    directory: Path, models: Mapping[str, tuple[CompiledModel, Arrays]], flags: Sequence[str] = ("-O1",)
) -> dict[str, list[NDArray[np.generic]]]:
    """The outputs of each model for its inputs. All have the same number of vectors."""
    vectors = {len(inputs[0]) for _, inputs in models.values()}
    assert len(vectors) == 1
    build(directory, [model for model, _ in models.values()], (*flags, f"-DVECTORS={vectors.copy().pop()}"))
    given = b"".join(
        array[vector].tobytes() for _, inputs in models.values() for vector in range(len(inputs[0])) for array in inputs
    )
    done = subprocess.run([directory / "batch"], input=given, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()[:2000]
    return _split(done.stdout, models)


def build(directory: Path, models: Sequence[CompiledModel], flags: Sequence[str]) -> None:
    """`directory`/batch, from models with different names."""
    lines = []
    for model in models:
        for name, text in model.program.sources.items():
            (directory / name).write_text(text)
        lines.append(f'#include "{model.program.name}_model.c"')
    lines.append("#define MODELS " + ", ".join(f"&{model.program.model_symbol}" for model in models))
    (directory / "models.h").write_text("\n".join(lines) + "\n")
    compiler = [os.environ.get("CC", "cc")]
    kernels = kernel_library(compiler, (*FLAGS, *(flag for flag in flags if not flag.startswith("-D"))))
    includes = [f"-I{place}" for place in (directory, *runtime_includes())]
    command: list[str | Path] = [
        *compiler,
        *FLAGS,
        *flags,
        *includes,
        HERE / "batch.c",
        kernels,
        "-o",
        directory / "batch",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[:4000]


def _split(data: bytes, models: Mapping[str, tuple[CompiledModel, Arrays]]) -> dict[str, list[NDArray[np.generic]]]:
    results, position = {}, 0
    for name, (model, inputs) in models.items():
        size = model.program.output_bytes
        rows = np.frombuffer(data, np.int8, size * len(inputs[0]), position).reshape(len(inputs[0]), size)
        position += rows.nbytes
        ends = np.cumsum([tensor.size_bytes for tensor in model.outputs])[:-1]
        parts = np.split(rows, ends, axis=1)
        results[name] = [
            np.ascontiguousarray(part).view(tensor.dtype.value).reshape(-1, *tensor.shape)
            for part, tensor in zip(parts, model.outputs, strict=True)
        ]
    assert position == len(data)
    return results
