"""Blocks and scratch that are alive together never share memory, by an account of its own."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from mlforge.contract.stages import (
    DctSpec,
    DeltaSpec,
    FftSpec,
    FrameSpec,
    LogSpec,
    MelSpec,
    SignalSpec,
    Spectrum,
    StageSpec,
    StandardiseSpec,
    WindowSpec,
)
from mlforge.contract.stages_signal import DecimateSpec, PreEmphasisSpec
from mlforge.features import fit
from mlforge.features.layout import Layout, lay_out
from mlforge.features.pipeline import Pipeline

FRAMES: list[StageSpec] = [FrameSpec(480, 320), FftSpec(512)]
BANDS: list[StageSpec] = [*FRAMES, MelSpec(40, 20, 8000), LogSpec()]
CHAINS: dict[str, list[StageSpec]] = {
    "raw": [StandardiseSpec()],
    "power": FRAMES,
    "magnitude": [FrameSpec(64, 64), FftSpec(64, output=Spectrum.MAGNITUDE), StandardiseSpec()],
    "decibels": [*FRAMES, LogSpec(), StandardiseSpec()],
    "bands": BANDS,
    "many bands": [FrameSpec(32, 16), FftSpec(1024), MelSpec(60, 500, 8000)],
    "narrow": [FrameSpec(480, 320), FftSpec(512, bits=16), MelSpec(40, 20, 8000), LogSpec(), DctSpec(10)],
    "behind others": [DecimateSpec(2, 21), PreEmphasisSpec(0.9), FrameSpec(64, 48), FftSpec(64, bits=16), LogSpec()],
    "cepstrum": [*BANDS, DctSpec(10), DeltaSpec(5), StandardiseSpec()],
}


def made(name: str, channels: int) -> tuple[Pipeline, Layout]:
    signal = np.random.default_rng(1).normal(0, 0.1, (3000, channels)).astype(np.float32)
    names = tuple("abc"[:channels])
    pipeline = fit([*CHAINS[name], WindowSpec(2, 1)], [signal], SignalSpec(16_000, names, "", "int16", 15))
    pipeline = pipeline.with_quantisation(0.1, 0)
    stages = pipeline.all_stages
    flows = [*pipeline.flows, stages[-1].output(pipeline.flows[-1])]
    return pipeline, lay_out(stages, flows, pipeline.window.length)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", CHAINS)
def test_nothing_alive_is_overwritten(name: str, channels: int) -> None:
    pipeline, layout = made(name, channels)
    stages = pipeline.all_stages
    flows = [*pipeline.flows, stages[-1].output(pipeline.flows[-1])]
    used: dict[int, list[tuple[str, int, int]]] = {index: [] for index in range(len(stages))}
    for index, place in enumerate(layout.places):
        if place.output is not None:
            end = place.output + flows[index + 1].size_bytes
            gathering = range(index) if stages[index].keeps_output else []
            for when in (*gathering, index, index + 1):
                used[when].append((f"block {index}", place.output, end))
        if place.work is not None:
            used[index].append((f"work {index}", place.work, place.work + stages[index].work_bytes(flows[index])))
    for index, spans in used.items():
        for one, two in combinations(spans, 2):
            apart = one[2] <= two[1] or two[2] <= one[1]
            alone = flows[index].channels == 1 or not stages[index].works_in_output
            in_place = stages[index].in_place and alone and one[1] == two[1]
            own = stages[index].works_in_output and {one[0], two[0]} == {f"block {index}", f"work {index}"}
            assert apart or in_place or own, (index, one, two)
        assert all(end <= layout.shared_bytes for _, _, end in spans)


def test_the_scratch_of_the_transform_serves_those_behind_it() -> None:
    assert made("cepstrum", 1)[1].shared_bytes == 4 * 512


def test_a_frame_that_the_transform_replaces_is_shared_and_what_the_next_one_begins_with_is_saved() -> None:
    layout = made("narrow", 1)[1]
    assert layout.places[0].kept_bytes == 0 and layout.places[0].saved_bytes == 160 * 2
    assert layout.total_bytes < 2048
    assert [made(name, 1)[1].places[0].kept_bytes for name in ("cepstrum", "magnitude")] == [480 * 2, 64 * 2]


def test_a_run_of_frames_is_no_longer_than_the_window() -> None:
    """Two frames here: what lies between the stages has room for two blocks."""
    layout = made("raw", 1)[1]
    assert (layout.batch, layout.shared_bytes) == (2, 2 * 4)
