"""The spectral features on emulated cores, stage by stage, beside CMSIS-DSP's arm_mfcc_q15.

    .venv/bin/python bench/features.py             print the tables, write build/bench/features.json
    .venv/bin/python bench/features.py --check     fail where a goal is missed, or a count grew by over 2 %
    .venv/bin/python bench/features.py --update    also write bench/features.json and the tables of docs/features.md

Frames of 30 ms every 20 ms at 16 kHz, 512 points, 40 mel bands, logarithms, 10 coefficients. Counts are exact.
CMSIS-DSP comes from PyPI's sdist of `cmsisdsp`, which pip downloads into the cache once; nothing of it is in this
project. It has filters over magnitudes, ours here over powers; the float references of the errors do the same.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # the tests' references

from featuring.measure import BITS, CORES, Measured, measure_ours, measure_peer
from featuring.stages import StageCost, measure_stages

HERE = Path(__file__).parent
ROOT = HERE.parent
KEPT = HERE / "features.json"
PAGE = ROOT / "docs" / "features.md"
BEGIN, END = "<!-- features table -->", "<!-- end of features table -->"
STAGES_BEGIN, STAGES_END = "<!-- stages table -->", "<!-- end of stages table -->"
SAMPLES_PER_SECOND = 16_000
COLUMNS_PER_SECOND = 50
CLOCKS_HZ = {"cortex-m4": 120e6, "cortex-m55": 25e6, "cortex-m0": 48e6, "cortex-m33": 20e6}
TOLERANCE = 0.02
MOST_INSTRUCTIONS, MOST_MEMORY = 0.8, 0.5  # of the peer's, on cores that have its instructions
SMALL = 16  # bits of the transform whose RAM alone is held against the peer's, too
JUDGED = ("cortex-m4", "cortex-m55")


@dataclass(frozen=True, slots=True)
class Row:
    """`bits` are those of our transform."""

    core: str
    bits: int
    ours: Measured
    peer: Measured | None

    @property
    def key(self) -> str:
        return f"{self.core} {self.bits}"

    @property
    def instructions(self) -> float | None:
        return self.ours.instructions / self.peer.instructions if self.peer else None

    @property
    def ram(self) -> float | None:
        return self.ours.ram_bytes / self.peer.ram_bytes if self.peer else None

    @property
    def tables(self) -> float | None:
        return self.ours.table_bytes / self.peer.table_bytes if self.peer else None

    @property
    def memory(self) -> float | None:
        """RAM and tables together."""
        if self.peer is None:
            return None
        ours = self.ours.ram_bytes + self.ours.table_bytes
        return ours / (self.peer.ram_bytes + self.peer.table_bytes)


def ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def overview(rows: list[Row]) -> str:
    heads = [
        "core",
        "bits",
        "instructions a column",
        "a second",
        "share of a clock",
        "of CMSIS-DSP's",
        "RAM B",
        "of its",
    ]
    heads += ["tables B", "of its", "both, of its", "error dB", "its"]
    lines = [f"| {' | '.join(heads)} |", f"|---|{'---:|' * (len(heads) - 1)}"]
    for row in rows:
        ours, clock_hz = row.ours, CLOCKS_HZ[row.core]
        second = ours.instructions * COLUMNS_PER_SECOND
        cells = [row.core, str(row.bits), f"{ours.instructions:,.0f}", f"{second:,.0f}"]
        cells += [f"{second / clock_hz:.1%} of {clock_hz / 1e6:g} MHz", ratio(row.instructions)]
        cells += [f"{ours.ram_bytes:,}", ratio(row.ram), f"{ours.table_bytes:,}", ratio(row.tables), ratio(row.memory)]
        cells += [f"{ours.error_db:.2f}", ratio(row.peer.error_db if row.peer else None)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def stages(rows: list[Row]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row.ours.stages))
    lines = [f"| stage | {' | '.join(f'{row.core}, {row.bits} bits' for row in rows)} |", f"|---|{'---:|' * len(rows)}"]
    for name in names:
        lines.append(f"| {name} | {' | '.join(f'{row.ours.stages.get(name, 0):,.0f}' for row in rows)} |")
    return "\n".join(lines)


def single_stages(costs: list[StageCost], cores: list[str]) -> str:
    """Thousands of instructions for a second of 16 kHz, and for each sample on the first core."""
    lines = [f"| stage | {' | '.join(cores)} | a sample, {cores[0]} |", f"|---|{'---:|' * (len(cores) + 1)}"]
    for one in costs:
        cells = [f"{one.a_second[core] / 1000:,.0f}" for core in cores]
        lines.append(f"| {one.name} | {' | '.join(cells)} | {one.a_second[cores[0]] / SAMPLES_PER_SECOND:.1f} |")
    return "\n".join(lines)


def failures(rows: list[Row]) -> list[str]:
    kept = json.loads(KEPT.read_text()) if KEPT.is_file() else {}
    found = []
    for row in rows:
        goals = [(row.instructions, MOST_INSTRUCTIONS, "instructions"), (row.memory, MOST_MEMORY, "RAM and tables")]
        goals += [(row.ram, MOST_MEMORY, "RAM")] if row.bits == SMALL else []
        for value, most, what in goals if row.core in JUDGED else ():
            if value is not None and value > most:
                found.append(f"{row.key}: {value:.2f} of the peer's {what}, at most {most} wanted")
        before = kept.get(row.key, {}).get("ours", {}).get("instructions")
        if before and row.ours.instructions > before * (1 + TOLERANCE):
            found.append(f"{row.key}: {row.ours.instructions:,.0f} instructions, {before:,.0f} before")
    return found


def replaced(page: str, begin: str, end: str, table: str) -> str:
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}"


def update(rows: list[Row], table: str) -> None:
    KEPT.write_text(json.dumps({row.key: asdict(row) for row in rows}, indent=1, sort_keys=True) + "\n")
    page = replaced(PAGE.read_text(), BEGIN, END, f"{overview(rows)}\n\n{stages(rows)}")
    PAGE.write_text(replaced(page, STAGES_BEGIN, STAGES_END, table))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--cores", default=",".join(CORES), help="of: %(default)s")
    arguments = parser.parse_args()
    cores = arguments.cores.split(",")
    peers = {core: measure_peer(core) for core in cores}
    rows = [Row(core, bits, measure_ours(core, bits), peers[core]) for core in cores for bits in BITS]
    table = single_stages(measure_stages(cores), cores)
    print(overview(rows), stages(rows), table, sep="\n\n")
    out = ROOT / "build" / "bench"
    out.mkdir(parents=True, exist_ok=True)
    (out / "features.json").write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    if arguments.update:
        update(rows, table)
    problems = failures(rows)
    print(*problems, sep="\n")
    return 1 if arguments.check and problems else 0


if __name__ == "__main__":
    sys.exit(main())
