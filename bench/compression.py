"""Weights in few bits on the MLPerf Tiny models: flash saved, arena, instructions, and what becomes of the answers.

    .venv/bin/python bench/compression.py             print the table for a Cortex-M4
    .venv/bin/python bench/compression.py --update    also write it into docs/performance.md

Each model runs its golden inputs with its weights as they are, and with 2^bits values for each channel. Bytes and
instructions are exact. Answers are compared with the model's own: the mean distance of outputs, in steps of int8. The
golden inputs are noise, so no accuracy can be told. The models: see bench/engine.py.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from datetime import date

import numpy as np
from engine import CLOCK_HZ, MODELS, PEER, PERFORMANCE

from mlforge.app.run_model import run_model
from mlforge.app.vectors import Vectors, read_vectors
from mlforge.compiler.clustering import cluster_tflite
from mlforge.records.program import Prefer
from mlforge.targets.registry import target_named

BEGIN, END = "<!-- compression table -->", "<!-- end of compression table -->"
TARGET = "mps2/an386"
BITS = (0, 5, 4, 3)  # 0: as they are


@dataclass(frozen=True, slots=True)
class Row:
    model: str
    bits: int
    flash_bytes: int
    arena_bytes: int
    instructions: int
    outputs: np.ndarray


def measure(model: str, bits: int, vectors: int) -> Row:
    data = (MODELS / f"{model}.tflite").read_bytes()
    moved = cluster_tflite(data, bits)[0] if bits else data
    golden = read_vectors(MODELS / f"{model}_golden.npz")
    some = Vectors(tuple(array[:vectors] for array in golden.inputs), None)
    prefer = Prefer.FLASH if bits else Prefer.SPEED
    run = run_model(moved, "m", target_named(TARGET), CLOCK_HZ, some, prefer=prefer)
    if run.cost is None or run.cost.instructions is None:
        raise SystemExit(f"{TARGET} does not measure")
    return Row(
        model, bits, run.cost.flash.total, run.compiled.program.arena_bytes, run.cost.instructions, run.outputs[0]
    )


def answers(row: Row, plain: Row) -> str:
    return f"{np.abs(row.outputs.astype(int) - plain.outputs.astype(int)).mean():.1f}"


def table(rows: list[Row]) -> str:
    lines = ["| model | bits | flash B | arena B | instructions | answers move by |", "|---|---:|---:|---:|---:|---:|"]
    plain: Row | None = None
    for row in rows:
        plain = row if row.bits == 0 or plain is None else plain
        if row is plain:
            lines.append(f"| {row.model} | 8 | {row.flash_bytes:,} | {row.arena_bytes:,} | {row.instructions:,} | |")
            continue
        flash = f"{row.flash_bytes:,} ({row.flash_bytes / plain.flash_bytes - 1:+.0%})"
        arena = f"{row.arena_bytes:,} ({row.arena_bytes - plain.arena_bytes:+,})"
        time = f"{row.instructions:,} ({row.instructions / plain.instructions - 1:+.1%})"
        lines.append(f"| {row.model} | {row.bits} | {flash} | {arena} | {time} | {answers(row, plain)} |")
    return "\n".join(lines)


def update(text: str) -> None:
    page = PERFORMANCE.read_text()
    head, rest = page.split(BEGIN)
    stamp = f"Measured {date.today():%Y-%m-%d} by `bench/compression.py --update`."
    PERFORMANCE.write_text(f"{head}{BEGIN}\n{stamp}\n\n{text}\n{END}{rest.split(END)[1]}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--vectors", type=int, default=2, help="golden inputs to run (default: 2)")
    parser.add_argument("--models", nargs="*", default=list(PEER), help="models (default: all four)")
    arguments = parser.parse_args()
    rows = [measure(model, bits, arguments.vectors) for model in arguments.models for bits in BITS]
    print(table(rows))
    if arguments.update:
        update(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
