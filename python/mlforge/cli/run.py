"""Compiles, builds, runs and measures one int8 .tflite model on a target.

With --vectors, an .npz file holding `input` (batch first, of the model's type: int8, int16, int32 or float32), those
are run; if it also holds `output`, the outputs must be the same bytes. Several inputs are `input_0`, `input_1` and so
on, outputs likewise. Exit status: 0 done, 1 an error or outputs that differ.

With several engines (`--engine static,tflm --target zephyr:BOARD`), the command compares their figures and their
outputs.
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
    add_prefer,
    add_target,
    console,
    few_bits,
    print_json,
    use_hardware_map,
    write_arena,
)
from mlforge.cli.engines import engines, mismatches, same_outputs
from mlforge.cli.main import Status
from mlforge.cli.streaming import add_stream, streaming_facts
from mlforge.records.exactness import exactness
from mlforge.records.program import Engine

if TYPE_CHECKING:
    from mlforge.app.run_model import ModelRun


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
    parser.add_argument(
        "--engine",
        metavar="E,...",
        type=engines,
        default=(Engine.STATIC,),
        help=f"the engine: {', '.join(Engine)}, or several of them (default: static)",
    )
    parser.add_argument("--vectors", type=Path, metavar="F.npz", help="inputs to run, and outputs to compare with")
    parser.add_argument(
        "--save-outputs", type=Path, metavar="F.npy", help="write the outputs [N, ...]; several as F.npz"
    )
    add_arena(parser)
    add_stream(parser)
    add_prefer(parser)
    parser.add_argument(
        "--flash-wait-states",
        metavar="N",
        type=int,
        choices=range(16),
        default=0,
        help="cycles that an access to the flash takes more than one, where no cache helps (default: 0)",
    )
    parser.add_argument("--prefetch", action="store_true", help="the flash fetches the next line while one runs")
    parser.add_argument("--clock", default="120 MHz", help="the clock to compute the latency with (default: 120 MHz)")
    add_json(parser)


def execute(arguments: argparse.Namespace) -> Status:
    from mlforge.app.run_model import run_model
    from mlforge.app.vectors import read_vectors, save_outputs
    from mlforge.app.zephyr_app import application_in
    from mlforge.cli.models import model_name, read_model_file
    from mlforge.compiler import Prefer
    from mlforge.contract.units import parse_clock
    from mlforge.errors import ForgeError
    from mlforge.records.waits import FlashWaits
    from mlforge.study.optimise import usable_target

    use_hardware_map(arguments)
    if arguments.app and not arguments.target.startswith(("zephyr:", "board:")):
        raise ForgeError("--app: only targets zephyr:BOARD and board:NAME measure in an application")
    try:
        clock_hz = parse_clock(arguments.clock)
    except ValueError as error:
        raise ForgeError(f"--clock: {error}") from error
    vectors = read_vectors(arguments.vectors) if arguments.vectors else None
    if arguments.stream and (arguments.app or any(engine.interprets for engine in arguments.engine)):
        raise ForgeError("--stream needs the static engine, and a model without an application")
    if (arguments.prefer != "speed" or arguments.weight_bits is not None) and (
        arguments.app or any(engine.interprets for engine in arguments.engine)
    ):
        raise ForgeError(f"--prefer {arguments.prefer} needs the static engine, and a model without an application")
    app, features = application_in(arguments.app) if arguments.app else (None, None)
    name = app.model if app and app.model else model_name(arguments.model)
    target = usable_target(arguments.target, app)
    data = few_bits(arguments, read_model_file(arguments.model))
    waits = FlashWaits(arguments.flash_wait_states, arguments.prefetch)
    runs = {
        engine: run_model(
            data, name, target, clock_hz, vectors, features, engine, arguments.stream, Prefer(arguments.prefer), waits
        )
        for engine in arguments.engine
    }
    first = runs[arguments.engine[0]]
    write_arena(arguments, first.compiled)
    if arguments.save_outputs:
        save_outputs(arguments.save_outputs, first.outputs)
    _show(arguments, runs)
    return Status.ERROR if any(run.mismatches for run in runs.values()) else Status.DONE


def _show(arguments: argparse.Namespace, runs: dict[Engine, ModelRun]) -> None:
    documents = {engine: _document(arguments, run) for engine, run in runs.items()}
    if arguments.json and len(runs) == 1:
        print_json(documents[arguments.engine[0]])
    elif arguments.json:
        print_json(
            {
                "model": str(arguments.model),
                "target": arguments.target,
                "engines": {str(engine): document for engine, document in documents.items()},
                "same_outputs": same_outputs(runs),
                "mismatches": mismatches(runs),
            }
        )
    elif len(runs) == 1:
        _print(arguments, runs[arguments.engine[0]])
    else:
        _print_side_by_side(arguments, runs)


def _print_side_by_side(arguments: argparse.Namespace, runs: dict[Engine, ModelRun]) -> None:
    from mlforge.report.engines import EngineColumn, engines_table, operators_by_engine

    screen = console()
    columns = [
        EngineColumn(
            str(engine), run.cost, run.compiled.program.arena_bytes, run.image.flash_bytes, run.image.ram_bytes
        )
        for engine, run in runs.items()
        if run.cost and run.image
    ]
    if columns:
        screen.print(engines_table(columns, title=f"{arguments.model.name} on {arguments.target}"))
        screen.print(operators_by_engine(columns))
    apart = mismatches(runs)
    if same_outputs(runs):
        screen.print(f"outputs: the same {apart['values']} values from all engines, byte for byte")
    else:
        screen.print(
            f"outputs: {apart['differing']} of {apart['values']} values differ, by at most {apart['largest']:g}"
        )


def _document(arguments: argparse.Namespace, result: ModelRun) -> dict[str, Any]:
    program, cost = result.compiled.program, result.cost
    document: dict[str, Any] = {
        "model": str(arguments.model),
        "target": arguments.target,
        "engine": str(program.engine),
        **exactness(program),
        "arena_bytes": program.arena_bytes,
        "state_bytes": program.state_bytes,
        "arena_lower_bound_bytes": result.compiled.lower_bound_bytes,
        "inferences": len(result.outputs[0]),
        "mismatches": result.mismatches,
        "operators": [dataclasses.asdict(operator) for operator in program.operators],
        **streaming_facts(result.compiled),
    }
    if cost is not None:
        found = dataclasses.asdict(cost)
        document |= found if cost.operators else {key: found[key] for key in found if key != "operators"}
        document |= {"flash_bytes": cost.flash.total, "ram_bytes": cost.ram.total}
    if result.image is not None:
        document |= {"image_flash_bytes": result.image.flash_bytes, "image_ram_bytes": result.image.ram_bytes}
    return document


def _print(arguments: argparse.Namespace, result: ModelRun) -> None:
    from mlforge.report import terminal

    screen = console()
    if result.cost is not None:
        if result.cost.operators:  # a board does not count
            screen.print(terminal.operators_table(result.cost, title=f"{arguments.model.name} on {arguments.target}"))
        screen.print(terminal.cost_table(result.cost))
    bound = result.compiled.lower_bound_bytes
    origin = "found by running" if bound is None else f"lower bound of this order of operators: {bound}"
    screen.print(f"arena: {result.compiled.program.arena_bytes} bytes ({origin})")
    if result.mismatches is not None:
        count = len(result.outputs[0])
        screen.print(f"outputs: {count - result.mismatches} of {count} as expected, byte for byte")
