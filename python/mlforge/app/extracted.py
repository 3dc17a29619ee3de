"""Features that were computed before are read, not computed again: by the hash of data, pipeline and code."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlforge.features.extract import Extracted, extract_all
from mlforge.features.pipeline import Pipeline
from mlforge.toolchain.cache import cached, digest, digest_files
from mlforge.toolchain.sources import root, runtime_sources


def extracted_once(pipeline: Pipeline, recordings: Sequence[NDArray[Any]], data: Sequence[str | bytes]) -> Extracted:
    """`extract_all`, or what it gave before for the same pipeline and data.

    Args:
        data: what identifies the recordings, such as the data set's digest and which of it they are.

    Raises what `extract_all` raises.
    """
    if not gathers(pipeline):
        return extract_all(pipeline, recordings)

    def make(place: Path) -> None:
        made = extract_all(pipeline, recordings)
        np.save(place / "inputs.npy", made.inputs)
        np.save(place / "recording.npy", made.recording)

    place = cached("features", digest([_code(), pipeline.to_json(), *data]), make)
    return Extracted(np.load(place / "inputs.npy"), np.load(place / "recording.npy"))


def gathers(pipeline: Pipeline) -> bool:
    """Whether the chain computes more than each sample by itself, so that remembering is cheaper."""
    return any(flow.span > 1 for flow in pipeline.flows)


@cache
def _code() -> str:
    headers = sorted((root() / "runtime" / "include" / "mlforge").glob("*.h"))
    private = sorted((root() / "runtime" / "features").glob("*.h"))
    return digest_files([*runtime_sources("features", "host"), *headers, *private])
