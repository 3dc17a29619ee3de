"""Makes what this sample replays, into src/recording.inc: one recording of each state of a machine of the test split.

Run it with MLForge's Python.
"""

from pathlib import Path

import bearing
import numpy as np

from mlforge.contract import load_contract
from mlforge.data.load import load_dataset
from mlforge.data.splits import split_dataset

SAMPLES = 3200  # 0.8 s: the filters come to rest, and the model's window of 512 ms fills
PER_LINE = 16

here = Path(__file__).parent
contract = load_contract(here)
dataset = load_dataset(contract)
machine = min(map(str, dataset.groups[split_dataset(dataset, contract.data.split).test]))
found = bearing.recordings()
lines = ["/* clang-format off */", f"/* Machine {machine}, mg; made by make_recording.py. */"]
for state in bearing.STATES:
    mine = (np.array(found["y"]) == state) & (np.array(found["machine"]) == machine)
    values = np.rint(found["x"][int(np.flatnonzero(mine)[0])][:SAMPLES, 0] * 1000).astype(int)
    rows = [",".join(map(str, values[at : at + PER_LINE])) + "," for at in range(0, SAMPLES, PER_LINE)]
    lines += [f'{{"{state}", {{', *rows, "}},"]
(here / "src" / "recording.inc").write_text("\n".join(lines) + "\n", encoding="ascii")
