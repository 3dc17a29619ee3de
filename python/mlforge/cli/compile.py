"""Compiles a model, or the locked model of an app with its features, to C; quantises float models first. `west build`
runs it."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from mlforge.cli.common import add_arena, add_json, add_prefer, few_bits, print_json, write_arena
from mlforge.cli.main import Status
from mlforge.cli.streaming import add_stream, print_obstacles, streaming_facts
from mlforge.records.exactness import exactness

if TYPE_CHECKING:
    from mlforge.app.tflm_arenas import Machine
    from mlforge.compiler import CompiledModel, TflmModel

    Compiled: TypeAlias = CompiledModel | TflmModel


def configure(parser: argparse.ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "model",
        metavar="MODEL",
        nargs="?",
        type=Path,
        help="an int8 .tflite model; or a float .tflite, .keras, .onnx or .pt2 one, or a file of trees",
    )
    source.add_argument(
        "--app", metavar="APP", type=Path, help="the locked model of the app in this directory, and its features"
    )
    parser.add_argument("-o", "--output", metavar="DIR", type=Path, required=True, help="where to write the C files")
    parser.add_argument(
        "--name", metavar="N", default="", help="the prefix of all symbols (default: from the file, or the contract)"
    )
    parser.add_argument(
        "--representative",
        metavar="F.npz",
        type=Path,
        help="representative inputs `x` [N, ...], to quantise a float model",
    )
    parser.add_argument(
        "--isa",
        choices=("generic", "thumb1", "dsp", "mve"),
        default="generic",
        help="the processor's instructions to choose kernels for (default: generic)",
    )
    parser.add_argument(
        "--engine",
        choices=("static", "tflm", "tflm-cmsis-nn"),
        help="the engine on the device (default: the contract's; for a model, static)",
    )
    parser.add_argument(
        "--arch", metavar="A", default="arm", help="Zephyr's CONFIG_ARCH, for the arena of tflm (default: arm)"
    )
    parser.add_argument(
        "--bundle", metavar="BOARD", default="", help="also write the bundle block of the app, for this Zephyr board"
    )
    parser.add_argument(
        "--devicetree",
        metavar="F",
        type=Path,
        help="refuse sensors of this devicetree_generated.h that are others than the app's model was trained on",
    )
    add_stream(parser)
    add_prefer(parser)
    parser.add_argument("--stamp", metavar="F", type=Path, help="touch this file when done (for build systems)")
    parser.add_argument(
        "--depfile", metavar="F", type=Path, help="write what the stamp depends on, as a Makefile rule (needs --stamp)"
    )
    add_arena(parser)
    add_json(parser)


def execute(arguments: argparse.Namespace) -> Status:
    from mlforge.app.build_step import write_files
    from mlforge.errors import ForgeError

    if arguments.stream and arguments.app:
        raise ForgeError("--stream needs a model: an application's contract says how it runs")
    if (arguments.prefer != "speed" or arguments.weight_bits is not None) and arguments.app:
        raise ForgeError(
            f"--prefer {arguments.prefer} needs a model: an application's figures are those of kernels for speed"
        )
    for option in ("bundle", "devicetree"):
        if getattr(arguments, option) and not arguments.app:
            raise ForgeError(f"--{option} needs --app: a model alone has no contract")
    compiled, files, inputs = _compile_app(arguments) if arguments.app else _compile_model(arguments)
    changed = write_files(arguments.output, files)
    write_arena(arguments, compiled)
    _finish(arguments, inputs)
    facts = _facts(compiled)
    if arguments.json:
        print_json({**facts, "files": sorted(files), "changed": sorted(path.name for path in changed)})
        return Status.DONE
    print(
        f"{facts['name']}: arena {facts['arena_bytes']} bytes ({_origin(compiled)}), "
        f"weights {facts['weight_bytes']} bytes, {len(facts['operators'])} operators, {facts['macs']} MACs"
    )
    print_obstacles(compiled)
    return Status.DONE


def _compile_model(arguments: argparse.Namespace) -> tuple[Compiled, dict[str, str], tuple[Path, ...]]:
    from mlforge.app.float_model import int8_model
    from mlforge.app.tflm_arenas import arena_file, known_size, read_sizes
    from mlforge.cli.models import read_model_file
    from mlforge.compiler import Prefer, compile_graph, compile_tflm, read_tflite
    from mlforge.errors import ForgeError

    model: Path = arguments.model
    given: Path | None = arguments.representative
    data = int8_model(model, read_model_file(model, sources=True), given, arguments.output / "quantised")
    inputs, name = (model, given) if given else (model,), arguments.name or _identifier(model.stem)
    data = few_bits(arguments, data)
    machine = _machine(arguments, "static")
    if machine.engine.interprets and arguments.stream:
        raise ForgeError("--stream needs the static engine: TensorFlow Lite Micro runs whole windows")
    if machine.engine.interprets and arguments.prefer != "speed":
        raise ForgeError(
            f"--prefer {arguments.prefer} needs the static engine: TensorFlow Lite Micro has its own kernels"
        )
    if not machine.engine.interprets:
        compiled = compile_graph(read_tflite(data), name, machine.isa, arguments.stream, Prefer(arguments.prefer))
        return compiled, dict(compiled.program.sources), inputs
    arena_bytes = known_size(read_sizes(model, data), machine, model, model)
    interpreted = compile_tflm(data, name, arena_bytes, machine.engine)
    return interpreted, dict(interpreted.program.sources), (*inputs, arena_file(model))


def _machine(arguments: argparse.Namespace, engine: str) -> Machine:
    from mlforge.app.tflm_arenas import Machine
    from mlforge.compiler import Isa
    from mlforge.records.program import Engine

    return Machine(Engine(arguments.engine or engine), arguments.arch, Isa(arguments.isa))


def _compile_app(arguments: argparse.Namespace) -> tuple[Compiled, dict[str, str], tuple[Path, ...]]:
    from mlforge.app.build_step import app_sources
    from mlforge.contract.load import load_contract
    from mlforge.errors import ForgeError

    if arguments.representative:
        raise ForgeError("--representative needs a float model: the locked model of an application is int8")
    machine = _machine(arguments, arguments.engine or load_contract(arguments.app).engine)
    built = app_sources(arguments.app, arguments.name, machine)
    if built.stale:
        print(
            f"warning: {built.inputs[0]} has changed since its model was locked; "
            "`west mlforge optimise` searches again",
            file=sys.stderr,
        )
    inputs = built.inputs
    if arguments.devicetree:
        from mlforge.app.sensors import refuse_other_sensors

        refuse_other_sensors(built.contract, arguments.devicetree)
        inputs = (*inputs, arguments.devicetree)
    if not arguments.bundle:
        return built.compiled, dict(built.files), inputs
    from mlforge.cli.bundling import bundle_sources

    files, of_bundle = bundle_sources(built, arguments.bundle)
    return built.compiled, {**built.files, **files}, (*inputs, *of_bundle)


def _finish(arguments: argparse.Namespace, inputs: tuple[Path, ...]) -> None:
    from mlforge.app.build_step import depfile
    from mlforge.errors import ForgeError
    from mlforge.toolchain.files import write_atomically

    if arguments.depfile and not arguments.stamp:
        raise ForgeError("--depfile needs --stamp: a rule must have a target")
    try:
        if arguments.depfile:
            write_atomically(arguments.depfile, depfile(arguments.stamp, inputs).encode())
        if arguments.stamp:
            arguments.stamp.touch()
    except OSError as error:
        raise ForgeError(f"{error.filename} cannot be written: {error.strerror}") from error


def _origin(compiled: Compiled) -> str:
    bound = compiled.lower_bound_bytes
    return "found by running" if bound is None else f"lower bound {bound}"


def _facts(compiled: Compiled) -> dict[str, Any]:
    operators = compiled.program.operators
    return {
        "name": compiled.program.name,
        **exactness(compiled.program),
        "arena_bytes": compiled.program.arena_bytes,
        "state_bytes": compiled.program.state_bytes,
        "lower_bound_bytes": compiled.lower_bound_bytes,
        "input_bytes": compiled.program.input_bytes,
        "output_bytes": compiled.program.output_bytes,
        "weight_bytes": sum(operator.weight_bytes for operator in operators),
        "macs": sum(operator.macs for operator in operators),
        **streaming_facts(compiled),
        "operators": [
            {"kind": one.kind, "name": one.name, "macs": one.macs, "weight_bytes": one.weight_bytes}
            for one in operators
        ],
    }


def _identifier(stem: str) -> str:
    """A C identifier for a file name."""
    name = re.sub(r"\W", "_", stem, flags=re.ASCII)
    return name if re.match(r"[A-Za-z]", name) else f"model_{name}"
