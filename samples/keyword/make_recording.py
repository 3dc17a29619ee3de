"""Makes what this sample replays, src/speech.ulaw: a speaker of the test split says yes, another word and no.

G.711's mu-law at 16 kHz, so that four seconds take 64,000 bytes. Run it with MLForge's Python; it needs espeak-ng.
"""

from pathlib import Path

import numpy as np
import words
from numpy.typing import NDArray

from mlforge.contract import load_contract
from mlforge.data.load import load_dataset
from mlforge.data.splits import split_dataset

BIAS, CLIP = 33, 8158  # of 14 bits


def mu_law(samples: NDArray[np.int16]) -> bytes:
    """G.711, table 2a: sign, segment and step, all inverted."""
    sizes = np.minimum(np.abs(samples.astype(np.int32) >> 2), CLIP) + BIAS
    segments = np.floor(np.log2(sizes)).astype(np.int32) - 5
    steps = (sizes >> (segments + 1)) & 0xF
    return (~((samples < 0) << 7 | segments << 4 | steps) & 0xFF).astype(np.uint8).tobytes()


def main() -> None:
    here = Path(__file__).parent
    contract = load_contract(here)
    dataset = load_dataset(contract)
    speaker = min(map(str, dataset.groups[split_dataset(dataset, contract.data.split).test]))
    found = words.synthetic()
    said = []
    for label in ("yes", "unknown", "no", "noise"):
        mine = (np.array(found["y"]) == label) & (np.array(found["speaker"]) == speaker)
        said.append(np.rint(found["x"][int(np.flatnonzero(mine)[0])][:, 0] * 32767).astype(np.int16))
    (here / "src" / "speech.ulaw").write_bytes(mu_law(np.concatenate(said)))


if __name__ == "__main__":
    main()
