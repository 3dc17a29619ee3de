"""Draws what runs when on an emulated board, in instructions: the feature stages of one input, then the operators of
two inferences. With --target zephyr:BOARD, or of an image: the threads, interrupts, sensor frames and deadlines of the
application's own image, too. The firmware is not changed for it: a plugin of QEMU watches. Of a directory with a trace
that Zephyr made on a board: its threads and interrupts.

Writes one HTML file; with --perfetto a file for ui.perfetto.dev and chrome://tracing, with --ctf a directory for
babeltrace2 and Trace Compass.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mlforge.cli.common import add_json, bounded, print_json
from mlforge.cli.main import Status


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "subject",
        metavar="APP|MODEL.tflite|IMAGE.elf|TRACE",
        nargs="?",
        type=Path,
        default=Path(),
        help="the directory of mlforge.yaml, to trace its locked model with its features (default: here), a model, "
        "the image of a Zephyr application, or a directory with a trace that Zephyr made on a board",
    )
    parser.add_argument(
        "--target",
        metavar="T",
        default=None,
        help="a board that QEMU emulates without an operating system, such as mps2/an386; `west mlforge targets` lists "
        "them; zephyr:BOARD, also of an image, for the application in Zephyr (default: the contract’s board)",
    )
    parser.add_argument(
        "--seconds",
        type=bounded(float, 0.0001),
        default=0.05,
        help="how long an application in Zephyr computes, without sleep (default: 0.05)",
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="F.html", help="the picture (default: APP/.mlforge/trace.html, trace.html)"
    )
    parser.add_argument("--perfetto", type=Path, metavar="F.json", help="write the trace in Chrome's JSON format, too")
    parser.add_argument("--ctf", type=Path, metavar="DIR", help="write the trace in the Common Trace Format, too")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> Status:
    import dataclasses

    from mlforge.app.paths import memory_directory
    from mlforge.app.trace import trace_app, trace_built, trace_model, trace_own
    from mlforge.cli.models import model_name, read_model_file
    from mlforge.contract.load import load_contract
    from mlforge.report.ctf import ctf
    from mlforge.report.timeline import chrome_json, render_timeline
    from mlforge.study.optimise import usable_target
    from mlforge.targets.zephyr_ctf import METADATA, read_board_trace

    subject: Path = arguments.subject
    board = (arguments.target or "").removeprefix("zephyr:") if (arguments.target or "").startswith("zephyr:") else ""
    if subject.is_dir() and (subject / METADATA).is_file():
        timeline = read_board_trace(subject)
        output = arguments.output or Path("trace.html")
    elif subject.suffix == ".elf":
        timeline = trace_built(subject, board, arguments.seconds)
        output = arguments.output or Path("trace.html")
    elif board and subject.suffix != ".tflite":
        contract = load_contract(subject)
        timeline = trace_own(contract, board, arguments.seconds)
        output = arguments.output or memory_directory(contract.app_dir) / "trace.html"
    elif subject.suffix == ".tflite":
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
    if arguments.ctf is not None:
        for name, data in ctf(timeline).items():
            _write_into(arguments.ctf, name, data)
    if arguments.json:
        print_json({"html": str(output), **dataclasses.asdict(timeline)})
    else:
        print(f"{output}: {len(timeline.slices)} stretches in {timeline.end} {timeline.unit} on {timeline.target}")
    return Status.DONE


def _write_into(directory: Path, name: str, data: bytes) -> None:
    """Raises ForgeError."""
    from mlforge.errors import ForgeError

    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(data)
    except OSError as error:
        raise ForgeError(f"cannot write {directory / name}: {error.strerror}") from error


def _write(path: Path, text: str) -> None:
    """Raises ForgeError."""
    from mlforge.errors import ForgeError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ForgeError(f"cannot write {path}: {error.strerror}") from error
