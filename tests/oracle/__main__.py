"""`python -m tests.oracle`: random operators and networks against TensorFlow Lite Micro.

Exit status 1 where bytes differ.
"""

from __future__ import annotations

import argparse
import time

from tests.oracle.campaign import Tally, run
from tests.oracle.wheel import install

_STEP = 1000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.oracle", description=__doc__)
    parser.add_argument(
        "--seed", type=int, default=int(time.time()) % 1_000_000 * 1000, help="the first graph's number"
    )
    parser.add_argument("--count", type=int, default=20_000)
    words = parser.parse_args()
    oracle, tally, failures = install("newest.txt"), Tally(), 0
    print(f"{words.count} graphs from seed {words.seed}", flush=True)
    for first in range(words.seed, words.seed + words.count, _STEP):
        for one in run(oracle, range(first, min(first + _STEP, words.seed + words.count)), tally):
            failures += 1
            print(f"DIFFERS seed {one.seed}: {one.text}", flush=True)
        print(f"  {tally.same} the same, {tally.refused} beyond the interpreter, {failures} differ", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
