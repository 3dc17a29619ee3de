"""What compile and run say of streamed models."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlforge.compiler import CompiledModel, Hop, TflmModel

_EXPECTED = "hop=N or hop=N,axis=A: columns of the input along time, and which of its axes that is"


def add_stream(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--stream",
        metavar="hop=N[,axis=A]",
        type=_hop,
        help="run on a stream: each inference takes the N newest columns of the input along time, and gives what the "
        "model gives for the whole window that they complete (default axis: the first that is longer than 1)",
    )


def _hop(text: str) -> Hop:
    from mlforge.compiler import Hop

    given = dict(part.partition("=")[::2] for part in text.split(","))
    if not set(given) <= {"hop", "axis"} or "hop" not in given or not all(map(str.isdecimal, given.values())):
        raise argparse.ArgumentTypeError(f"{text!r}: expected {_EXPECTED}")
    return Hop(int(given["hop"]), int(given["axis"]) if "axis" in given else None)


def streaming_facts(compiled: CompiledModel | TflmModel) -> dict[str, Any]:
    """For JSON; nothing for a model that takes whole windows."""
    found = compiled.program.streaming
    if found is None:
        return {}
    return {"streaming": {**asdict(found), "obstacles": _obstacles(compiled)}}


def _obstacles(compiled: CompiledModel | TflmModel) -> list[str]:
    return list(map(str, getattr(compiled, "obstacles", ())))


def print_obstacles(compiled: CompiledModel | TflmModel) -> None:
    """Where the streamed part ends, on the error stream: nothing is wrong, but something may be gained."""
    for line in _obstacles(compiled):
        print(f"runs whole: {line}", file=sys.stderr)
