"""Training and serving cannot differ: every target computes the model inputs of the host, byte for byte."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mlforge.contract import StageSpec, StandardiseSpec, WindowSpec
from mlforge.features import Pipeline, emit, extract_int8, fit
from mlforge.records.program import Program
from mlforge.targets.registry import all_targets
from mlforge.targets.target import Target
from tests.programs import tiny
from tests.programs.require import require

SIGNAL = (np.random.default_rng(5).normal(size=(120, 2)) * [3, 0.2]).astype(np.float32)


def program(pipeline: Pipeline) -> Program:
    """A model of four input bytes behind the pipeline."""
    plain = tiny()
    sources = {**plain.sources, **emit(pipeline, "tiny")}
    return replace(plain, sources=sources, pipeline_symbol="tiny_pipeline", pipeline_header="tiny_pipeline.h")


@pytest.mark.parametrize("target", all_targets(), ids=lambda target: target.name)
@pytest.mark.parametrize("stages", [[WindowSpec(2, 1)], [WindowSpec(2, 3), StandardiseSpec()]], ids=["raw", "standard"])
def test_inputs_are_those_of_the_host(target: Target, stages: list[StageSpec]) -> None:
    require(target)
    pipeline = fit(stages, [SIGNAL]).with_quantisation(0.03, -4)
    limits = np.iinfo(np.int32)
    loud = SIGNAL.copy()
    loud[::9] *= 1e9  # saturates the frames
    frames = pipeline.to_frames(loud)
    assert frames.min() == limits.min
    got = target.extract(target.build(program(pipeline)), frames)
    np.testing.assert_array_equal(got, extract_int8(pipeline, loud).reshape(len(got), -1))
    assert len(got) == pipeline.window.count(len(SIGNAL))
