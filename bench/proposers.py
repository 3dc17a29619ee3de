"""How many trainings each proposer needs for what random search ends with: replayed on tables of real trainings.

    .venv/bin/python bench/proposers.py table     trains what is missing of the tables: hours; may be ended at any time
    .venv/bin/python bench/proposers.py replay    ten seeds of each proposer on each table, into bench/proposers.json

The tables lie in bench/proposing/tables: a line is an architecture, its exact costs, and its own training. The digits
come with scikit-learn (`pip install --no-deps scikit-learn`).
"""

from __future__ import annotations

import argparse
import sys

from proposing.table import fill
from proposing.tasks import TASKS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("table", "replay"))
    parser.add_argument("--tasks", nargs="*", default=list(TASKS), choices=list(TASKS))
    arguments = parser.parse_args()
    if arguments.what == "table":
        fill(arguments.tasks)
    return 0


if __name__ == "__main__":
    sys.exit(main())
