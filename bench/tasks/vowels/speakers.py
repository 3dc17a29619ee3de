"""Nine speakers who say two Japanese vowels, in twelve LPC cepstrum coefficients (Kudo et al., Pattern Recognition
Letters 20, 1999; UCI's "Japanese Vowels"). Utterances of 7 to 29 steps are stretched to one length."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

from ucr import series, stretched


def utterances() -> dict[str, Any]:
    """`x`: signals, float32 [24, 12]; `y`: the speaker, 1 to 9."""
    signals, labels = series("JapaneseVowels")
    return {"x": [stretched(one, 24) for one in signals], "y": labels}
