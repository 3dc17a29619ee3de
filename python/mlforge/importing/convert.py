"""A model of ONNX or PyTorch as a float `.tflite`, by a converter in an environment of its own."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mlforge.errors import ModelError, ToolError
from mlforge.toolchain.environment import ONNX, TORCH, Environment, python_of
from mlforge.toolchain.process import run

_INSIDE: Final = Path(__file__).parent / "inside"
_TIMEOUT_S: Final = 1800.0
_REFUSED: Final = 3  # the exit status of the programs inside


@dataclass(frozen=True, slots=True)
class SourceOperator:
    """An operator of the source, and how far the converted model's result is from its own: the root mean square of the
    difference, as a share of that of the values."""

    kind: str
    name: str
    error: float


@dataclass(frozen=True, slots=True, eq=False)
class Conversion:
    """`tflite` is float, batch 1. `outputs` [N, ...] are the source's. `input_order`: the axes of an example of the
    source in the order in which the converted model takes them. `error`: as of SourceOperator, at the output."""

    tflite: bytes
    outputs: NDArray[np.float32]
    input_order: tuple[int, ...]
    framework: str
    converter: str
    error: float
    operators: tuple[SourceOperator, ...]


def from_onnx(model: Path, x: NDArray[np.float32]) -> Conversion:
    """Of an ONNX file; `x` is float32 [N, *shape] in the source's layout. Raises ModelError, ToolError."""
    with tempfile.TemporaryDirectory(prefix="mlforge-import-") as scratch:
        return _converted(model, model, x, Path(scratch))


def from_torch(model: Path, x: NDArray[np.float32], factory: str = "", weights: Path | None = None) -> Conversion:
    """Of an exported program (.pt2), or of the module that `factory` in the Python file `model` returns.

    The file is the user's own code and is executed; weights are read without executing anything.

    Raises:
        ModelError: PyTorch or the converter refuses it.
        ToolError: an environment cannot be had, or a tool failed.
    """
    with tempfile.TemporaryDirectory(prefix="mlforge-import-") as name:
        scratch = Path(name)
        extra = [factory, *([str(weights.resolve())] if weights else [])] if factory else []
        _run(TORCH, "torch_to_onnx.py", model, model, x, scratch, extra)
        outputs, version = _outputs(scratch), (scratch / "version.txt").read_text(encoding="utf-8")
        found = _converted(model, scratch / "model.onnx", x, scratch)
        drift = float(np.abs(found.outputs.reshape(len(x), -1) - outputs.reshape(len(x), -1)).max(initial=0.0))
        if drift > 1e-3 * max(1e-6, float(np.abs(outputs).max(initial=0.0))):
            raise ModelError(
                f"{model}: PyTorch's export to ONNX computes something else than the module, by up to {drift:.3g}",
                hint="the module may depend on its mode, on random numbers, or on the shape of its input",
            )
        return replace(found, outputs=outputs, framework=version, converter=f"torch.onnx, {found.converter}")


def _converted(told: Path, model: Path, x: NDArray[np.float32], scratch: Path) -> Conversion:
    _run(ONNX, "onnx_to_tflite.py", told, model, x, scratch, [])
    report = json.loads((scratch / "report.json").read_text(encoding="utf-8"))
    return Conversion(
        tflite=(scratch / "float.tflite").read_bytes(),
        outputs=_outputs(scratch),
        input_order=tuple(report["input_order"]),
        framework=report["runtime"],
        converter=report["converter"],
        error=float(report["error"]),
        operators=tuple(SourceOperator(one["kind"], one["name"], one["error"]) for one in report["operators"]),
    )


def _run(
    environment: Environment,
    program: str,
    told: Path,
    model: Path,
    x: NDArray[np.float32],
    scratch: Path,
    extra: list[str],
) -> None:
    """Raises ModelError with `told`, the file that the user named, where the program inside refuses it."""
    python = python_of(environment)
    inputs = scratch / "inputs.npz"
    np.savez(inputs, x=x)
    command: list[str | Path] = [python, _INSIDE / program, model.resolve(), inputs, scratch, *extra]
    done = run(command, timeout_s=_TIMEOUT_S, cwd=scratch)
    refusal = scratch / "refusal.txt"
    if done.status == _REFUSED and refusal.is_file():
        raise ModelError(f"{told}: {refusal.read_text(encoding='utf-8')}")
    if done.status:
        raise ToolError(f"{told}: the converter ended with status {done.status}", log=done.output)


def _outputs(scratch: Path) -> NDArray[np.float32]:
    with np.load(scratch / "source.npz") as arrays:
        return np.asarray(arrays["output"], np.float32)
