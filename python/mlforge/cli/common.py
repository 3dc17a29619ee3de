"""What the commands share: the --json switch, the APP argument, and a console."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from mlforge.compiler import CompiledModel, TflmModel


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document on stdout and nothing else there")


def add_app(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "app", metavar="APP", nargs="?", type=Path, default=Path(), help="the directory of mlforge.yaml (default: here)"
    )


def add_storage(parser: argparse.ArgumentParser) -> None:
    """The environment's URL is the default and is not shown: it may hold a password."""
    parser.add_argument(
        "--storage",
        metavar="URL",
        default="",
        help="the study's database, such as postgresql://user@server/mlforge, for many machines "
        "(default: $MLFORGE_STORAGE, else .mlforge/study.db beside the app)",
    )


def storage_of(arguments: argparse.Namespace) -> str:
    import os

    return str(arguments.storage or os.environ.get("MLFORGE_STORAGE", ""))


def add_target(parser: argparse.ArgumentParser, *, default: str | None) -> None:
    parser.add_argument(
        "--target",
        metavar="T",
        default=default,
        help="a board, zephyr:BOARD or host; `west mlforge targets` lists them "
        f"(default: {default or 'the contract’s board'})",
    )


def add_hardware_map(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--hardware-map",
        metavar="FILE",
        type=Path,
        help="twister's map of the boards that are plugged in, for targets board:NAME "
        "(default: MLFORGE_HARDWARE_MAP, else hardware-map.yml here)",
    )


def use_hardware_map(arguments: argparse.Namespace) -> None:
    """The option stands for the environment variable, wherever targets are named from here on."""
    import os

    if arguments.hardware_map is not None:
        os.environ["MLFORGE_HARDWARE_MAP"] = str(arguments.hardware_map)


def add_arena(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--arena", metavar="F.svg", type=Path, help="draw the arena's memory plan over time")


def write_arena(arguments: argparse.Namespace, compiled: CompiledModel | TflmModel) -> None:
    """Raises ForgeError where the picture cannot be drawn or written."""
    if arguments.arena is None:
        return
    from mlforge.compiler import CompiledModel
    from mlforge.compiler.timeline import render_timeline
    from mlforge.errors import ForgeError

    if not isinstance(compiled, CompiledModel):
        raise ForgeError("--arena: only the device knows the memory plan of TensorFlow Lite Micro")
    try:
        arguments.arena.write_text(render_timeline(compiled), encoding="utf-8")
    except OSError as error:
        raise ForgeError(f"cannot write {arguments.arena}: {error.strerror}") from error


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, sort_keys=True, allow_nan=False))


def bounded(kind: Callable[[str], float], least: float) -> Callable[[str], Any]:
    """An argparse type: a number of at least `least`."""

    def convert(text: str) -> float:
        value = kind(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{text}: expected at least {least:g}")
        return value

    convert.__name__ = kind.__name__
    return convert


def console() -> Console:
    """Stdout for people: without colour and with 100 columns where it is no terminal."""
    import sys

    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 100, highlight=False, soft_wrap=False)


def add_prefer(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--prefer",
        choices=("speed", "ram", "flash"),
        default="speed",
        help="what to save at the cost of cycles, with the same results: ram takes kernels of the smallest arena, "
        "flash keeps weights of few values in few bits (default: speed)",
    )
    parser.add_argument(
        "--compress", action="store_const", const="flash", dest="prefer", help="the same as --prefer flash"
    )
    parser.add_argument(
        "--weight-bits",
        metavar="N",
        type=int,
        help="move the weights to the nearest of 2^N values for each channel first (1 to 7): another model, whose "
        "accuracy is to be measured; implies --compress",
    )


def few_bits(arguments: argparse.Namespace, tflite: bytes) -> bytes:
    """The model as --weight-bits wants it. Raises ModelError."""
    if arguments.weight_bits is None:
        return tflite
    from mlforge.compiler.clustering import cluster_tflite

    arguments.prefer = "flash"
    return cluster_tflite(tflite, arguments.weight_bits)[0]
