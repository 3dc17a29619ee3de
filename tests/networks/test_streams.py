"""Networks as the converter makes them, on a stream: the bytes of whole windows, with the weights of one model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mlforge.compiler import CompiledModel, Hop, Isa, compile_graph, read_tflite
from tests.unit.compiler.cases_streaming import windows_of
from tests.unit.compiler.harness import run_models

HERE = Path(__file__).parent
RESULTS = 20


def weight_bytes(compiled: CompiledModel) -> int:
    return sum(operator.weight_bytes for operator in compiled.program.operators)


@pytest.mark.parametrize(
    ("name", "hop", "isa"),
    [
        ("tcn", 1, Isa.DSP),
        ("tcn_16x8", 3, Isa.GENERIC),
        ("ds_cnn", 3, Isa.MVE),
        ("grouped", 1, Isa.THUMB1),
        ("attention", 1, Isa.GENERIC),
    ],
)
def test_stream_of_a_network(name: str, hop: int, isa: Isa, tmp_path: Path) -> None:
    graph = read_tflite((HERE / f"{name}.tflite").read_bytes())
    source = graph.tensors[graph.inputs[0]]
    streamed, whole = compile_graph(graph, "s", isa, Hop(hop)), compile_graph(graph, "w", isa)
    found = streamed.program.streaming
    assert found is not None
    dtype = np.dtype(source.dtype.value)
    pushes = found.first + RESULTS - 1
    size = pushes * hop, found.column_bytes // dtype.itemsize
    stream = np.random.default_rng(1).integers(-100, 100, size).astype(dtype)
    windows = windows_of(stream, found.window, hop).reshape(-1, *source.shape)
    columns = stream.reshape(pushes, *streamed.inputs[0].shape)
    expected = run_models(tmp_path, {"w": (whole, [windows])})["w"]
    ours = run_models(tmp_path, {"s": (streamed, [columns])})["s"]
    for one, other in zip(ours, expected, strict=True):
        np.testing.assert_array_equal(one[found.first - 1 :], other)
    assert len(np.unique(expected[0].reshape(len(windows), -1), axis=0)) > 3
    # Kernels, and how they store weights and factors, may be others; weights are not there twice.
    assert weight_bytes(streamed) <= 1.4 * weight_bytes(whole)
