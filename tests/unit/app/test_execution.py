"""`execution` of the contract: what the device runs, which features go with it, and the same results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mlforge.app.model import Model, compile_model
from mlforge.compiler.from_architecture import lower_architecture
from mlforge.contract.contract import Execution
from mlforge.errors import ModelError
from mlforge.features.pipeline import Pipeline
from mlforge.features.window import Window
from mlforge.records.architecture import (
    Architecture,
    Conv,
    Dense,
    GlobalAveragePool,
    Head,
    Padding,
    Residual,
    SeparableConv,
    validate,
)
from mlforge.search.stream_space import without_padding
from mlforge.targets.registry import target_named

PIPELINE = Pipeline(3, (128, 1, 3), 8, (), Window(128, 8))
SAME = Architecture(
    (128, 1, 3),
    (Conv(8, (5, 1), (2, 1)), Residual((SeparableConv(8, (3, 1)),)), GlobalAveragePool(), Dense(8)),
    4,
    Head.SOFTMAX,
)
VALID = without_padding(SAME)
WHOLE = Architecture((128, 1, 3), (Dense(8),), 4, Head.SOFTMAX)


def model(architecture: Architecture, pipeline: Pipeline = PIPELINE) -> Model:
    return compile_model(lower_architecture(architecture, 1), "m", pipeline)


def test_networks_of_streams_have_no_padding_and_no_sum_around_what_shortens() -> None:
    validate(VALID)
    assert VALID.layers == (
        Conv(8, (5, 1), (2, 1), Padding.VALID),
        SeparableConv(8, (3, 1), padding=Padding.VALID),
        GlobalAveragePool(),
        Dense(8),
    )


def test_frames_in_columns_out_and_the_results_of_whole_windows() -> None:
    host = target_named("host")
    whole, streamed = model(VALID), model(VALID).on_device(Execution.STREAM)
    found = streamed.program.streaming
    assert found is not None and streamed.pipeline.window == Window(8, 8)
    steps = np.random.default_rng(2).integers(-60, 61, (8 * 30, 3), np.int32)
    frames = np.cumsum(steps, axis=0, dtype=np.int32)
    results = []
    for one in (whole, streamed):
        firmware = host.build(one.program)
        inputs = host.extract(firmware, frames)
        results.append(host.infer(firmware, inputs.reshape(len(inputs), -1)).outputs)
    assert len(np.unique(results[0], axis=0)) > 1
    np.testing.assert_array_equal(results[1][found.first - 1 :], results[0])


def test_auto_is_a_stream_where_that_saves_work() -> None:
    assert model(VALID).on_device(Execution.AUTO).program.streaming
    assert not model(VALID).on_device(Execution.WHOLE).program.streaming
    assert not model(WHOLE).on_device(Execution.AUTO).program.streaming


def test_stream_refuses_what_cannot_be_one() -> None:
    with pytest.raises(ModelError, match="it takes several columns at once"):
        model(WHOLE).on_device(Execution.STREAM)
    uneven = replace(PIPELINE, window=Window(128, 12))
    with pytest.raises(ModelError, match="a hop that divides the window"):
        model(VALID, uneven).on_device(Execution.STREAM)
