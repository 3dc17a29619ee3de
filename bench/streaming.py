"""Streaming execution against our own engine on whole windows: instructions of one hop, and RAM, on each core.

    .venv/bin/python bench/streaming.py             print the table, write build/bench/streaming.json
    .venv/bin/python bench/streaming.py --update    also write bench/streaming.json and the table of docs/performance.md

Instructions and bytes are exact and repeatable. Every stream is also compared with its whole windows, byte for byte.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from streams import keyword_ds_cnn, temporal_network

from mlforge.compiler import CompiledModel, Graph, Hop, Isa, compile_graph
from mlforge.measure.cost import measure_cost
from mlforge.records.cost import Cost
from mlforge.targets.registry import all_targets, target_named
from mlforge.targets.target import Target

HERE = Path(__file__).parent
ROOT = HERE.parent
PERFORMANCE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- streaming table -->", "<!-- end of streaming table -->"
CLOCK_HZ = 120_000_000
TARGETS = ("mps2/an386", "mps2/an385@cortex-m0", "mps3/corstone300/an547", "qemu_riscv32")
RESULTS = 6  # that are compared, behind the first


@dataclass(frozen=True, slots=True)
class Case:
    model: str
    graph: Callable[[], Graph]
    hop: int
    instructions: float  # the goal: of the whole window's
    ram: float | None


CASES = (
    Case("keyword DS-CNN, 49 frames of 20 ms, hop 20 ms", keyword_ds_cnn, 1, 0.08, 0.5),
    Case("keyword DS-CNN, 98 frames of 10 ms, hop 20 ms", partial(keyword_ds_cnn, 98), 2, 0.08, 0.5),
    Case("temporal network, 128 samples", temporal_network, 1, 0.05, None),
    Case("temporal network, 128 samples", temporal_network, 8, 0.12, None),
    Case("temporal network, 128 samples", temporal_network, 32, 0.35, None),
)


@dataclass(frozen=True, slots=True)
class Row:
    model: str
    hop: int
    core: str
    macs: float  # of one hop, of the whole window's
    instructions: int
    whole_instructions: int
    ram_bytes: int
    whole_ram_bytes: int
    flash_bytes: int
    whole_flash_bytes: int
    results: int  # compared with those of whole windows
    goal: float
    ram_goal: float | None


def measure(case: Case, target: Target) -> Row:
    graph = case.graph()
    whole = compile_graph(graph, "whole", Isa(target.isa))
    streamed = compile_graph(graph, "streamed", Isa(target.isa), Hop(case.hop))
    found = streamed.program.streaming
    assert found is not None
    pushes = found.first + RESULTS - 1
    stream = np.random.default_rng(3).integers(-128, 128, (pushes * case.hop, found.column_bytes), np.int8)
    ends = range(found.first * case.hop, len(stream) + 1, case.hop)
    windows = np.stack([stream[end - found.window : end].reshape(-1) for end in ends])
    hops = stream.reshape(pushes, -1)
    of_whole, expected = _run(target, whole, windows)
    of_hop, given = _run(target, streamed, hops)
    if (given[found.first - 1 :] != expected).any() or len(np.unique(expected, axis=0)) < 2:
        raise SystemExit(f"{case.model}, hop {case.hop} on {target.name}: the outputs are not those of whole windows")
    assert of_hop.instructions is not None and of_whole.instructions is not None
    return Row(
        case.model,
        case.hop,
        of_hop.core,
        round(_macs(streamed) / _macs(whole), 4),
        of_hop.instructions,
        of_whole.instructions,
        of_hop.ram.total,
        of_whole.ram.total,
        of_hop.flash.total,
        of_whole.flash.total,
        len(expected),
        case.instructions,
        case.ram,
    )


def _macs(compiled: CompiledModel) -> int:
    return sum(operator.macs for operator in compiled.program.operators)


def _run(target: Target, compiled: CompiledModel, inputs: NDArray[np.int8]) -> tuple[Cost, NDArray[np.int8]]:
    firmware = target.build(compiled.program)
    return measure_cost(target, firmware, inputs[-2:], CLOCK_HZ), target.infer(firmware, inputs).outputs


def table(rows: list[Row]) -> str:
    """Markdown. Ratios are those of a hop to a whole window."""
    columns = [
        "instructions of a hop",
        "of the whole window's",
        "goal",
        "MACs",
        "RAM B",
        "of the whole window's",
        "goal",
    ]
    columns += ["flash B", "more than whole B"]
    lines = [f"| model | hop | core | {' | '.join(columns)} |", f"|---|---:|---|{'---:|' * len(columns)}"]
    for row in rows:
        ram_goal = "–" if row.ram_goal is None else f"{row.ram_goal}"
        lines.append(
            f"| {row.model} | {row.hop} | {row.core} | {row.instructions:,} | "
            f"{row.instructions / row.whole_instructions:.3f} | {row.goal} | {row.macs:.3f} | {row.ram_bytes:,} | "
            f"{row.ram_bytes / row.whole_ram_bytes:.2f} | {ram_goal} | {row.flash_bytes:,} | "
            f"{row.flash_bytes - row.whole_flash_bytes:,} |"
        )
    return "\n".join(lines)


def update(rows: list[Row]) -> None:
    (HERE / "streaming.json").write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    head, rest = PERFORMANCE.read_text().split(BEGIN)
    PERFORMANCE.write_text(f"{head}{BEGIN}\n{table(rows)}\n{END}{rest.split(END)[1]}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--targets", nargs="*", default=list(TARGETS), help="boards (default: all)")
    arguments = parser.parse_args()
    known = {target.name for target in all_targets()}
    rows = []
    for name in arguments.targets:
        if name not in known or target_named(name).unavailable():
            print(f"left out: {name} is not usable here", file=sys.stderr)
            continue
        rows += [measure(case, target_named(name)) for case in CASES]
    print(table(rows))
    out = ROOT / "build" / "bench" / "streaming.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    if arguments.update:
        update(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
