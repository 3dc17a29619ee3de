"""The static engine on the MLPerf Tiny models, against the peer's figures: instructions, cycles, arena, flash, stack.

    .venv/bin/python bench/engine.py                 print the table, write build/bench/engine.json
    .venv/bin/python bench/engine.py --check         fail where a figure is over 2 % above bench/baseline.json
    .venv/bin/python bench/engine.py --update        also write bench/baseline.json and the table of docs/performance.md

Instructions and bytes are exact and repeatable; cycles are estimated. The models are not part of this repository: they
are looked for in $MLFORGE_MODELS/mlperf_tiny, else in ../shared/models/mlperf_tiny; see docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from mlforge.app.run_model import run_model
from mlforge.app.vectors import Vectors, read_vectors
from mlforge.compiler import read_tflite
from mlforge.targets.registry import all_targets, target_named

HERE = Path(__file__).parent
ROOT = HERE.parent
MODELS = Path(os.environ.get("MLFORGE_MODELS") or ROOT.parent / "shared" / "models") / "mlperf_tiny"
PEER = json.loads((HERE / "peer.json").read_text())["models"]
BASELINE = HERE / "baseline.json"
PERFORMANCE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- engine table -->", "<!-- end of engine table -->"
TOLERANCE = 0.02
CLOCK_HZ = 120_000_000
# The M0 code runs on an emulated M3, as the peer's does: no emulated M0 board has the memory.
TARGETS = {
    "mps2/an386": "cortex-m4",
    "mps2/an385": "cortex-m3",
    "mps2/an385@cortex-m0": "cortex-m0",
    "mps3/corstone300/an547": "cortex-m55",
    "mps2/an500": "cortex-m7",
    "mps2/an521": "cortex-m33",
    "qemu_riscv32": "rv32imac",
}
GUARDED = ("instructions", "cycles", "arena_bytes", "flash_bytes", "stack_bytes")


@dataclass(frozen=True, slots=True)
class Row:
    model: str
    target: str
    core: str
    macs: int
    instructions: int
    cycles: int
    arena_bytes: int
    flash_bytes: int  # added to the image by model and runtime
    weight_bytes: int  # of the model's int8 weights and int32 biases
    stack_bytes: int
    vectors: int  # golden vectors, all reproduced byte for byte

    @property
    def key(self) -> str:
        return f"{self.model} on {self.target}"

    @property
    def runtime_flash_bytes(self) -> int:
        """Code, requantisation tables, everything that is neither weight nor bias."""
        return self.flash_bytes - self.weight_bytes

    @property
    def instruction_ratio(self) -> float | None:
        peer = PEER[self.model]["instructions"].get(self.core)
        return self.instructions / peer if peer else None


def measure(model: str, target: str, vectors: int) -> Row:
    golden = read_vectors(MODELS / f"{model}_golden.npz")
    assert golden.expected is not None
    some = Vectors(
        tuple(array[:vectors] for array in golden.inputs), tuple(array[:vectors] for array in golden.expected)
    )
    data = (MODELS / f"{model}.tflite").read_bytes()
    run = run_model(data, "m", target_named(target), CLOCK_HZ, some)
    assert run.cost is not None
    if run.mismatches:
        raise SystemExit(f"{model} on {target}: {run.mismatches} of {len(some.inputs[0])} golden vectors differ")
    cost, program = run.cost, run.compiled.program
    assert cost.instructions is not None and cost.cycles is not None, "the bench measures where QEMU counts"
    return Row(
        model,
        target,
        cost.core,
        sum(operator.macs for operator in program.operators),
        cost.instructions,
        cost.cycles,
        program.arena_bytes,
        cost.flash.total,
        weight_bytes(data),
        cost.stack_bytes,
        len(some.inputs[0]),
    )


def weight_bytes(data: bytes) -> int:
    """Bytes of the int8 weights and int32 biases that a model's operators read."""
    graph = read_tflite(data)
    read = {index for node in graph.nodes for index in node.inputs if index >= 0}
    constants = [graph.tensors[index] for index in sorted(read) if graph.tensors[index].is_constant]
    return sum(tensor.size_bytes for tensor in constants if tensor.quantization is not None)


def table(rows: list[Row]) -> str:
    """Markdown. Ratios are ours over the peer's, on the same core."""
    columns = ["instructions", "of the peer's", "per MAC", "cycles (est.)", "arena B", "of the peer's"]
    columns += ["flash B", "but weights and biases B", "stack B"]
    lines = [f"| model | core | {' | '.join(columns)} |", f"|---|---|{'---:|' * len(columns)}"]
    for row in rows:
        ratio = f"{row.instruction_ratio:.2f}" if row.instruction_ratio else "–"
        arena = f"{row.arena_bytes / PEER[row.model]['arena_bytes']:.2f}"
        lines.append(
            f"| {row.model} | {row.core} | {row.instructions:,} | {ratio} | {row.instructions / row.macs:.2f} | "
            f"{row.cycles:,} | {row.arena_bytes:,} | {arena} | {row.flash_bytes:,} | {row.runtime_flash_bytes:,} | "
            f"{row.stack_bytes} |"
        )
    return "\n".join(lines)


def published(rows: list[Row]) -> str:
    """Markdown: our estimate on the Cortex-M4 at 120 MHz beside what others measured on silicon, with the ratio."""
    lines = ["| model | ours, estimated | published, measured | ours / published |", "|---|---:|---|---:|"]
    for row in rows:
        ours = row.cycles / CLOCK_HZ * 1e3
        for engine, theirs in PEER[row.model]["published_ms_120mhz"].items() if row.core == "cortex-m4" else ():
            lines.append(f"| {row.model} | {ours:.2f} ms | {engine}: {theirs} ms | {ours / theirs:.2f} |")
    return "\n".join(lines)


def regressions(rows: list[Row]) -> list[str]:
    """What is more than 2 % above the committed baseline, as sentences."""
    baseline = json.loads(BASELINE.read_text())
    found = []
    for row in rows:
        before = baseline.get(row.key)
        for name in GUARDED if before else ():
            now, then = getattr(row, name), before[name]
            if now > then * (1 + TOLERANCE):
                found.append(f"{row.key}: {name} {now:,}, the baseline has {then:,} ({now / then - 1:+.1%})")
    return found


def update(rows: list[Row]) -> None:
    figures = {row.key: {name: getattr(row, name) for name in GUARDED} for row in rows}
    BASELINE.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n")
    text = PERFORMANCE.read_text()
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    stamp = f"Measured {date.today():%Y-%m-%d} by `bench/engine.py --update`."
    PERFORMANCE.write_text(f"{head}{BEGIN}\n{stamp}\n\n{table(rows)}\n\n{published(rows)}\n{END}{tail}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--vectors", type=int, default=24, help="golden vectors to run on each (default: all 24)")
    parser.add_argument("--targets", nargs="*", default=list(TARGETS), help="boards (default: all)")
    parser.add_argument("--models", nargs="*", default=list(PEER), help="models (default: all four)")
    arguments = parser.parse_args()
    known = {target.name for target in all_targets()}
    rows = []
    for target in arguments.targets:
        if target not in known or target_named(target).unavailable():
            print(f"left out: {target} is not usable here", file=sys.stderr)
            continue
        rows += [measure(model, target, arguments.vectors) for model in arguments.models]
    print(f"{table(rows)}\n\n{published(rows)}")
    out = ROOT / "build" / "bench" / "engine.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    if arguments.update:
        update(rows)
    found = regressions(rows) if arguments.check else []
    print("\n".join(found), file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
