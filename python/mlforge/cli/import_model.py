"""Makes an int8 .tflite of a trained model: ONNX (.onnx), PyTorch (.pt2, or FILE.py:FACTORY with --weights), Keras
(.keras), a float .tflite, trees of XGBoost (.json, .ubj) and LightGBM (.txt), or trees and linear models of
scikit-learn (.json of sklearn_to_json.py, .onnx). The content of a file tells what kind it is.

Representative inputs set the ranges of the activations: an .npz file with `x` [N, ...] in the layout of the source, or
the training examples of an application's contract. Converters run in environments of their own, which the first import
installs. The command ends with a comparison of three stages: the source framework, the float model, the int8 model.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from mlforge.cli.common import add_json, print_json
from mlforge.cli.main import Status

if TYPE_CHECKING:
    from mlforge.app.import_model import Source
    from mlforge.app.import_report import ImportReport
    from mlforge.training.request import Floats


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a model file, or FILE.py:FACTORY for a torch.nn.Module")
    parser.add_argument("-o", "--output", metavar="F.tflite", type=Path, help="the result (default: MODEL_int8.tflite)")
    data = parser.add_mutually_exclusive_group(required=True)
    data.add_argument("--representative", metavar="F.npz", type=Path, help="representative inputs `x` [N, ...]")
    data.add_argument("--app", metavar="APP", type=Path, help="take them from the contract in this directory")
    parser.add_argument(
        "--weights", metavar="F", type=Path, help="with FILE.py:FACTORY: a checkpoint or a safetensors file"
    )
    add_json(parser)


def execute(arguments: argparse.Namespace) -> Status:
    from mlforge.app.import_model import import_model
    from mlforge.errors import ForgeError
    from mlforge.toolchain.files import write_atomically

    source = source_of(arguments.model, arguments.weights)
    output = arguments.output or source.path.with_name(f"{source.factory or source.path.stem}_int8.tflite")
    imported = import_model(source, _examples(arguments))
    try:
        write_atomically(output, imported.tflite)
    except OSError as error:
        raise ForgeError(f"{output} cannot be written: {error.strerror}") from error
    if arguments.json:
        print_json({**dataclasses.asdict(imported.report), "model": str(output), "bytes": len(imported.tflite)})
    else:
        print(f"{output}: {len(imported.tflite)} bytes, by {imported.report.converter}")
        for line in _lines(imported.report):
            print(line)
    return Status.DONE


def source_of(model: str, weights: Path | None) -> Source:
    """Of a model as the command line names it. Raises ForgeError."""
    from mlforge.app.import_model import Source
    from mlforge.errors import ForgeError

    path, colon, factory = model.rpartition(":")
    if not colon or not path.endswith(".py"):
        path, factory = model, ""
    if weights and not factory:
        raise ForgeError("--weights needs the network's code: FILE.py:FACTORY")
    return Source(Path(path), factory, weights)


def _examples(arguments: argparse.Namespace) -> Floats:
    from mlforge.app.float_model import examples
    from mlforge.app.representative import of_contract

    return of_contract(arguments.app) if arguments.app else examples(arguments.representative)


def _lines(report: ImportReport) -> list[str]:
    lines = []
    if report.input_order != tuple(sorted(report.input_order)):
        target = [report.source_shape[axis] for axis in report.input_order]
        lines.append(f"layout: the source takes {list(report.source_shape)}, the int8 model {target} (channels last)")
    lines.append(f"{'stage':<8}{'error':>10}{'same class':>12}   over {report.examples} examples")
    lines.append(f"{'source':<8}{'':>10}{'':>12}   {report.framework}")
    for stage, error, agreement in (
        ("float", report.float_error, report.float_agreement),
        ("int8", report.int8_error, report.int8_agreement),
    ):
        lines.append(f"{stage:<8}{error:>10.2g}{'' if agreement is None else f'{agreement:.1%}':>12}")
    if report.departure:
        one = report.departure
        lines.append(f"the first operator that departs: {one.kind} {one.name!r} ({one.stage}, error {one.error:.2g})")
    if report.engine:
        lines.append(f"MLForge's engine cannot compile it: {report.engine}")
    return lines
