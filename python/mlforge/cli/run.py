"""Compiles, builds, runs and measures one int8 .tflite model on a target.

With --vectors, an .npz file holding `input` (batch first, of the model's type: int8, int16, int32 or float32), those
are run; where it holds `output` too, the outputs must be the same bytes. Where a model has several, they are `input_0`,
`input_1`, `output_0` and so on. Exit status: 0 done, 1 an error or outputs that differ.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlforge.cli.common import (
    add_arena,
    add_hardware_map,
    add_json,
    add_target,
    console,
    print_json,
    use_hardware_map,
    write_arena,
)
from mlforge.cli.main import Status

if TYPE_CHECKING:
    from mlforge.study.run_model import ModelRun


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL.tflite", type=Path)
    add_target(parser, default="mps2/an386")
    parser.add_argument(
        "--app",
        metavar="APP",
        type=Path,
        help="with zephyr:BOARD and board:NAME: the Zephyr application to measure in (default: an empty one)",
    )
    add_hardware_map(parser)
    parser.add_argument("--vectors", type=Path, metavar="F.npz", help="inputs to run, and outputs to compare with")
    parser.add_argument(
        "--save-outputs", type=Path, metavar="F.npy", help="write the outputs [N, ...]; several as F.npz"
    )
    add_arena(parser)
    parser.add_argument("--clock", default="120 MHz", help="for latency: cycles over this clock (default: 120 MHz)")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> Status:
    from mlforge.cli.models import model_name, read_model_file
    from mlforge.contract.units import parse_frequency
    from mlforge.errors import ForgeError
    from mlforge.study.application import application_in
    from mlforge.study.optimise import usable_target
    from mlforge.study.run_model import run_model
    from mlforge.study.vectors import read_vectors, save_outputs

    use_hardware_map(arguments)
    if arguments.app and not arguments.target.startswith(("zephyr:", "board:")):
        raise ForgeError("--app: only targets zephyr:BOARD and board:NAME measure in an application")
    try:
        clock_hz = parse_frequency(arguments.clock)
    except ValueError as error:
        raise ForgeError(f"--clock: {error}") from error
    data = read_model_file(arguments.model)
    vectors = read_vectors(arguments.vectors) if arguments.vectors else None
    app, features = application_in(arguments.app) if arguments.app else (None, None)
    name = app.model if app and app.model else model_name(arguments.model)
    result = run_model(data, name, usable_target(arguments.target, app), clock_hz, vectors, features)
    write_arena(arguments, result.compiled)
    if arguments.save_outputs:
        save_outputs(arguments.save_outputs, result.outputs)
    if arguments.json:
        print_json(_document(arguments, result))
    else:
        _print(arguments, result)
    return Status.ERROR if result.mismatches else Status.DONE


def _document(arguments: argparse.Namespace, result: ModelRun) -> dict[str, Any]:
    program, cost = result.compiled.program, result.cost
    document: dict[str, Any] = {
        "model": str(arguments.model),
        "target": arguments.target,
        "arena_bytes": program.arena_bytes,
        "state_bytes": program.state_bytes,
        "arena_lower_bound_bytes": result.compiled.lower_bound_bytes,
        "inferences": len(result.outputs[0]),
        "mismatches": result.mismatches,
        "operators": [dataclasses.asdict(operator) for operator in program.operators],
    }
    if cost is not None:
        found = dataclasses.asdict(cost)
        document |= found if cost.operators else {key: found[key] for key in found if key != "operators"}
        document |= {"flash_bytes": cost.flash.total, "ram_bytes": cost.ram.total}
    return document


def _print(arguments: argparse.Namespace, result: ModelRun) -> None:
    from mlforge.report import terminal

    screen = console()
    if result.cost is not None:
        if result.cost.operators:  # a board does not count
            screen.print(terminal.operators_table(result.cost, title=f"{arguments.model.name} on {arguments.target}"))
        screen.print(terminal.cost_table(result.cost))
    bound = result.compiled.lower_bound_bytes
    screen.print(
        f"arena: {result.compiled.program.arena_bytes} bytes (lower bound of this order of operators: {bound})"
    )
    if result.mismatches is not None:
        count = len(result.outputs[0])
        screen.print(f"outputs: {count - result.mismatches} of {count} as expected, byte for byte")
