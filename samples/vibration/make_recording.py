"""Makes what this sample replays, src/replay.pcm: a machine that no training has seen, sound at first, then damaged.

Run it with MLForge's Python, beside the lock: the samples are in the fixed point of its features.
"""

import json
from pathlib import Path

import bearing
import numpy as np

from mlforge.app.lockfile import read_lock
from mlforge.contract import load_contract
from mlforge.data.load import load_dataset
from mlforge.data.splits import split_dataset
from mlforge.features.pipeline import Pipeline

SECONDS = 4

here = Path(__file__).parent
contract = load_contract(here)
dataset = load_dataset(contract)
machine = min(map(str, dataset.groups[split_dataset(dataset, contract.data.split).test]))
number = int(machine[1:])
parts = [bearing.acceleration(kind, number, 99, SECONDS) for kind in ("healthy", "outer")]
pipeline = Pipeline.from_json(json.dumps(read_lock(here).features))
samples = pipeline.to_frames(np.concatenate(parts)[:, None]).astype("<i2")
(here / "src" / "replay.pcm").write_bytes(samples.tobytes())
line = f"#define REPLAY_FRAC_BITS {pipeline.input_frac_bits} /* of machine {machine}; by make_recording.py */\n"
(here / "src" / "replay.h").write_text(line, encoding="ascii")
