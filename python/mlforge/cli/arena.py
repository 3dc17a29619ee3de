"""Finds the arena size that TensorFlow Lite Micro needs for a model, by running it on an emulated board.

The size goes into mlforge.lock.yaml where an application is given, else into MODEL.arena.yaml beside the model; `west
build` takes it from there. It holds for all boards with that kind of processor, so find it on an emulated one like
yours: qemu_cortex_m0, qemu_cortex_m3, mps2/an386 (Cortex-M4, M7, M33), mps3/corstone300/an547 (M55), qemu_riscv32.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from mlforge.cli.common import add_json, print_json
from mlforge.cli.main import Status

if TYPE_CHECKING:
    from mlforge.app.tflm_arena_search import FoundArena
    from mlforge.targets.zephyr import ZephyrTarget


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("subject", metavar="APP|MODEL.tflite", type=Path, help="an app with a locked model, or a model")
    parser.add_argument("--board", metavar="B", required=True, help="an emulated Zephyr board")
    parser.add_argument(
        "--engine", choices=("tflm", "tflm-cmsis-nn"), help="default: the contract's; for a model, tflm"
    )
    add_json(parser)


def execute(arguments: argparse.Namespace) -> Status:
    from mlforge.errors import ForgeError
    from mlforge.study.optimise import usable_target
    from mlforge.targets.zephyr import PREFIX, ZephyrTarget

    target = usable_target(f"{PREFIX}{arguments.board.removeprefix(PREFIX)}")
    if not isinstance(target, ZephyrTarget):
        raise ForgeError(f"{arguments.board} is not a Zephyr board")
    path, found = (_app if arguments.subject.is_dir() else _model)(arguments, target)
    if arguments.json:
        print_json({**dataclasses.asdict(found), "machine": str(found.machine), "file": str(path)})
    else:
        print(
            f"{found.machine}: arena {found.arena_bytes} bytes ({found.used_bytes} in use), run with it on "
            f"{target.name}; written to {path}"
        )
    return Status.DONE


def _app(arguments: argparse.Namespace, target: ZephyrTarget) -> tuple[Path, FoundArena]:
    import json

    from mlforge.app.lockfile import locked_model, read_lock, write_lock
    from mlforge.app.tflm_arena_search import find_arena
    from mlforge.contract.load import load_contract
    from mlforge.errors import ForgeError
    from mlforge.features.pipeline import Pipeline
    from mlforge.records.program import Engine

    app: Path = arguments.subject
    contract, lock = load_contract(app), read_lock(app)
    engine = Engine(arguments.engine) if arguments.engine else contract.engine
    if not engine.interprets:
        raise ForgeError(
            f"{contract.path}: engine: {engine}: its arena is known without running anything",
            hint="name another one with --engine tflm or tflm-cmsis-nn",
        )
    pipeline = Pipeline.from_json(json.dumps(lock.features))
    found = find_arena(locked_model(app, lock), lock.name, target, engine, pipeline)
    arenas = dict(sorted({**lock.arenas, str(found.machine): found.arena_bytes}.items()))
    return write_lock(app, dataclasses.replace(lock, arenas=arenas)), found


def _model(arguments: argparse.Namespace, target: ZephyrTarget) -> tuple[Path, FoundArena]:
    from mlforge.app.tflm_arena_search import find_arena
    from mlforge.app.tflm_arenas import write_size
    from mlforge.cli.models import model_name, read_model_file
    from mlforge.records.program import Engine

    model: Path = arguments.subject
    data = read_model_file(model)
    found = find_arena(data, model_name(model), target, Engine(arguments.engine or "tflm"))
    return write_size(model, data, found.machine, found.arena_bytes), found
