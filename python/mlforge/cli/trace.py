"""Draws what runs when on an emulated board, in instructions: the feature stages of one input, then the operators of
two inferences. The firmware is not changed for it: a plugin of QEMU watches.

Writes one HTML file, and with --perfetto a file for ui.perfetto.dev and chrome://tracing.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mlforge.cli.common import add_json, print_json
from mlforge.cli.main import Status


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "subject",
        metavar="APP|MODEL.tflite",
        nargs="?",
        type=Path,
        default=Path(),
        help="the directory of mlforge.yaml, to trace its locked model with its features (default: here), or a model",
    )
    parser.add_argument(
        "--target",
        metavar="T",
        default=None,
        help="a board that QEMU emulates without an operating system, such as mps2/an386; `west mlforge targets` lists "
        "them (default: the contract’s board)",
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="F.html", help="the picture (default: APP/.mlforge/trace.html, trace.html)"
    )
    parser.add_argument("--perfetto", type=Path, metavar="F.json", help="write the trace in Chrome's JSON format, too")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> Status:
    import dataclasses

    from mlforge.app.paths import memory_directory
    from mlforge.app.trace import trace_app, trace_model
    from mlforge.cli.models import model_name, read_model_file
    from mlforge.contract.load import load_contract
    from mlforge.report.timeline import chrome_json, render_timeline
    from mlforge.study.optimise import usable_target

    subject: Path = arguments.subject
    if subject.suffix == ".tflite":
        target = usable_target(arguments.target or "mps2/an386")
        timeline = trace_model(read_model_file(subject), model_name(subject), target)
        output = arguments.output or Path("trace.html")
    else:
        contract = load_contract(subject)
        timeline = trace_app(contract, usable_target(arguments.target or contract.target.board))
        output = arguments.output or memory_directory(contract.app_dir) / "trace.html"
    _write(output, render_timeline(timeline))
    if arguments.perfetto is not None:
        _write(arguments.perfetto, chrome_json(timeline))
    if arguments.json:
        print_json({"html": str(output), **dataclasses.asdict(timeline)})
    else:
        print(f"{output}: {len(timeline.slices)} stretches in {timeline.end} instructions on {timeline.target}")
    return Status.DONE


def _write(path: Path, text: str) -> None:
    """Raises ForgeError."""
    from mlforge.errors import ForgeError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ForgeError(f"cannot write {path}: {error.strerror}") from error
