"""Makes what this sample replays, src/replay.pcm: words of one speaker whom no training has seen, with others between.

Run it with MLForge's Python, after `west mlforge optimise`, which makes the words.
"""

from pathlib import Path

import numpy as np
import words

from mlforge.contract import load_contract
from mlforge.data.load import load_dataset
from mlforge.data.splits import split_dataset

SAID = ("noise", "yes", "unknown", "noise", "no", "unknown", "yes", "noise")

here = Path(__file__).parent
contract = load_contract(here)
dataset = load_dataset(contract)
test = split_dataset(dataset, contract.data.split).test
speaker = min(map(str, dataset.groups[test]))
mine = [index for index in test if str(dataset.groups[index]) == speaker]
parts = []
for number, label in enumerate(SAID):
    clips = [index for index in mine if dataset.classes[dataset.labels[index]] == label]
    parts.append(dataset.signals[clips[SAID[:number].count(label)]][: words.RATE_HZ, 0])
samples = np.clip(np.rint(np.concatenate(parts) * 32768), -32768, 32767).astype("<i2")
(here / "src" / "replay.pcm").write_bytes(samples.tobytes())
