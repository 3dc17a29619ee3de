"""`python -m tests.fuzz`: the long run. Exit status 1 where any input ended as neither accepted nor a ForgeError, or
where the C of an accepted one does not compile without a warning or does not run clean."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from mlforge.toolchain.sources import root
from tests.fuzz import campaign, execute, originals
from tests.fuzz.campaign import Summary
from tests.fuzz.mutate import Original, mutant

_BATCH = 40
_STEP = 1000
_SHOWN_REFUSALS = 15


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    today = int(time.time()) % 1_000_000 * 1000
    parser.add_argument("--seed", type=int, default=today, help="the first input's number")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--failures", type=Path, default=root() / "build" / "fuzz", help="where failing files go")
    words = parser.parse_args()
    files = originals.small(seeds=12) + originals.real()
    print(f"{words.count} inputs from seed {words.seed}, mutated from {len(files)} files", flush=True)
    found: list[tuple[int, str]] = []
    total, ran, start = Summary(), 0, time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mlforge-fuzz-") as scratch:
        objects = execute.kernels(Path(scratch))
        for first in range(words.seed, words.seed + words.count, _STEP):
            part = campaign.run(files, first, min(_STEP, words.seed + words.count - first))
            found += [(failure.seed, failure.text) for failure in part.failures]
            for batch in _batches(files, part.accepted):
                with tempfile.TemporaryDirectory(dir=scratch) as place:
                    found += [(one.seed, one.text) for one in execute.execute(batch, Path(place), objects)]
                ran += len(batch)
            total.merge(part)
            print(f"  {total.inputs} inputs, {len(total.accepted)} accepted, {len(found)} failures", flush=True)
    _report(files, total, ran, time.monotonic() - start)
    _save(files, found, words.failures)
    return 1 if found else 0


def _batches(files: list[Original], seeds: Sequence[int]) -> Iterator[list[tuple[int, bytes]]]:
    for start in range(0, len(seeds), _BATCH):
        yield [(seed, mutant(files, seed)[1]) for seed in seeds[start : start + _BATCH]]


def _report(files: list[Original], total: Summary, ran: int, seconds: float) -> None:
    refused = sum(total.refusals.values())
    print(
        f"{total.inputs} inputs in {seconds:.0f} s: {len(total.accepted)} accepted ({ran} compiled and run for "
        f"{len(execute.ISAS)} instruction sets), {refused} refused in {len(total.refusals)} different sentences"
    )
    if total.slowest:
        name = mutant(files, total.slowest.seed)[0]
        print(f"slowest: seed {total.slowest.seed} (from {name}), {total.slowest.seconds:.2f} s")
    for sentence, count in total.refusals.most_common(_SHOWN_REFUSALS):
        print(f"  {count:6} {sentence.splitlines()[0][:110]}")


def _save(files: list[Original], found: list[tuple[int, str]], place: Path) -> None:
    for seed, text in found:
        name, data = mutant(files, seed)
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{seed}.tflite").write_bytes(data)
        print(f"FAILED seed {seed} (from {name}), kept as {place / f'{seed}.tflite'}:\n{text}")


if __name__ == "__main__":
    raise SystemExit(main())
