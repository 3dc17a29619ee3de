"""Cuts what this sample replays out of the seglearn data set, into src/recording.inc.

Of each exercise the same stretch of the first recording of one person, who is in the contract's test split: the model
has never seen them. Run it with MLForge's Python, after `pip install --no-deps seglearn==1.2.5`.
"""

from pathlib import Path

import numpy as np

from mlforge.contract import load_contract
from mlforge.data.load import load_dataset
from mlforge.data.seglearn_watch import load_seglearn_watch
from mlforge.data.splits import split_dataset

FIRST_FRAME = 512
FRAMES = 128  # three windows of the contract
PER_UNIT = 1000  # thousandths of the data set's units

here = Path(__file__).parent
contract = load_contract(here)
dataset = load_dataset(contract)
person = min(map(str, dataset.groups[split_dataset(dataset, contract.data.split).test]))
recordings = load_seglearn_watch()
lines = [f"/* subject {person} */"]
for label in sorted(set(recordings.labels)):
    mine = (recordings.labels == label) & (recordings.columns["subject"] == person)
    signal = recordings.signals[int(np.flatnonzero(mine)[0])]
    frames = np.rint(signal[FIRST_FRAME : FIRST_FRAME + FRAMES] * PER_UNIT).astype(int)
    rows = ["{" + ", ".join(map(str, frame)) + "}," for frame in frames]
    lines += [f'{{"{label}", {{', *rows, "}},"]
(here / "src" / "recording.inc").write_text("\n".join(lines) + "\n", encoding="ascii")
