"""Cuts the windows that this sample replays out of the seglearn data set, into src/recording.inc.

One window of each exercise, all of one person who is in the contract's test split: the model has never seen them.
Run it with MLForge's Python, after `pip install --no-deps seglearn==1.2.5`.
"""

from pathlib import Path

import numpy as np

from mlforge.data.seglearn_watch import load_seglearn_watch

PERSON = "7"
FIRST_FRAME = 512
FRAMES = 128  # one window of the contract
PER_UNIT = 1000  # thousandths of the data set's units

recordings = load_seglearn_watch()
lines = []
for label in sorted(set(recordings.labels)):
    mine = (recordings.labels == label) & (recordings.columns["subject"] == PERSON)
    signal = recordings.signals[int(np.flatnonzero(mine)[0])]
    frames = np.rint(signal[FIRST_FRAME : FIRST_FRAME + FRAMES] * PER_UNIT).astype(int)
    rows = ["{" + ", ".join(map(str, frame)) + "}," for frame in frames]
    lines += [f'{{"{label}", {{', *rows, "}},"]
Path(__file__).parent.joinpath("src", "recording.inc").write_text("\n".join(lines) + "\n", encoding="ascii")
