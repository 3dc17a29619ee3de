"""Cuts the stretch that this sample replays, the first of the test split, into src/recording.h.

Run it with MLForge's Python, after `pip install --no-deps heartpy==1.2.7`.
"""

from pathlib import Path

import numpy as np
import pulse

from mlforge.contract import load_contract
from mlforge.data.load import load_dataset
from mlforge.data.splits import split_dataset

here = Path(__file__).parent
contract = load_contract(here)
dataset = load_dataset(contract)
stretch = min(map(str, dataset.groups[split_dataset(dataset, contract.data.split).test]))
signal = np.loadtxt(pulse.STREAMS / f"{stretch}_ppg.csv")
values = [str(round(value * 1000)) for value in signal]
rows = [", ".join(values[at : at + 12]) + "," for at in range(0, len(values), 12)]
marked = len((pulse.STREAMS / f"{stretch}_ppg.txt").read_text().splitlines())
lines = [
    "/* clang-format off */",
    f"/* Stretch {stretch}. Thousandths; made by make_recording.py. */",
    f"#define MARKED_BEATS {marked}",
    "",
]
lines += ["static const int16_t replay[] = {", *rows, "};"]
(here / "src" / "recording.h").write_text("\n".join(lines) + "\n", encoding="ascii")
