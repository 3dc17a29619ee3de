"""Streamed models: byte for byte what whole windows give, for every network, hop and phase."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest

from mlforge.compiler import Isa, compile_graph
from mlforge.compiler.emitter import CompiledModel
from mlforge.compiler.graph import Graph, Node, Quantization
from mlforge.compiler.ops.shared.pooling import PoolAttributes
from mlforge.compiler.ops.shared.window import Padding, WindowAttributes, slide
from mlforge.compiler.ops.slice import SliceAttributes
from mlforge.compiler.streaming import Hop, StreamedGraph, stream_graph
from mlforge.errors import ModelError
from mlforge.records.program import Streaming
from mlforge.toolchain.sources import runtime_includes
from tests.unit.compiler.cases import Maker
from tests.unit.compiler.cases_streaming import over_time, windows_of
from tests.unit.compiler.cases_variables import remembering
from tests.unit.compiler.harness import FLAGS, HERE, SANITIZE, Arrays, run_models
from tests.unit.compiler.kernel_library import kernel_library

Found: TypeAlias = dict[int, tuple[Graph, StreamedGraph]]

PUSHES = 90
ISAS = tuple(Isa)


def streams(seeds: range, *paddings: Padding) -> Found:
    """Networks of which something can be streamed."""
    found = {}
    for seed in seeds:
        graph = over_time(seed, paddings)
        length = graph.tensors[graph.inputs[0]].shape[1]
        try:
            found[seed] = graph, stream_graph(graph, Hop(1 + seed % min(8, length - 1), 1))
        except ModelError:
            continue
    return found


def both_ways(directory: Path, found: Found) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """The outputs of each: of the stream from its first result on, and of the whole windows."""
    pushed: dict[str, tuple[CompiledModel, Arrays]] = {}
    whole: dict[str, tuple[CompiledModel, Arrays]] = {}
    for seed, (graph, streamed) in found.items():
        source = graph.tensors[graph.inputs[0]]
        numbers = np.random.default_rng(seed)
        stream = numbers.integers(-128, 128, (PUSHES * streamed.hop, *source.shape[2:]), np.int8)
        isa = ISAS[seed % len(ISAS)]
        columns = stream.reshape(PUSHES, 1, streamed.hop, *source.shape[2:])
        pushed[f"s{seed}"] = compile_graph(streamed.graph, f"s{seed}", isa), [columns]
        windows = windows_of(stream, streamed.window, streamed.hop)
        missing = PUSHES - len(windows)
        padded = np.concatenate([np.zeros((missing, *windows.shape[1:]), np.int8), windows])
        whole[f"w{seed}"] = compile_graph(graph, f"w{seed}", isa), [padded.reshape(PUSHES, *source.shape)]
    results = run_models(directory, {**pushed, **whole}, ("-O1", *SANITIZE))
    return {
        seed: (results[f"s{seed}"][0][streamed.first - 1 :], results[f"w{seed}"][0][streamed.first - 1 :])
        for seed, (_, streamed) in found.items()
    }


def last_step(kernel: int = 3, padding: Padding = Padding.VALID, kind: str = "CONV_2D", stride: int = 1) -> Graph:
    """One layer over 12 columns of 4 bytes, and its last column."""
    m = Maker(1)
    source = m.activation((1, 12, 1, 4), Quantization((0.1,), (3,)))
    attributes = WindowAttributes((stride, 1), padding)
    length = slide(12, kernel, stride, 1, attributes, 0)[0]
    made = m.activation((1, length, 1, 4), Quantization((0.1,), (3,)))
    cut = m.activation((1, 1, 1, 4), Quantization((0.1,), (3,)))
    if kind == "CONV_2D":
        nodes = [Node(kind, (source, m.weights((4, kernel, 1, 4), 0)), (made,), attributes)]
    else:
        pool = PoolAttributes((stride, 1), padding, size=(kernel, 1))
        nodes = [Node(kind, (source,), (made,), pool)]
    indices = m.integers([0, length - 1, 0, 0]), m.integers([1, 1, 1, 4])
    nodes.append(Node("SLICE", (made, *indices), (cut,), SliceAttributes()))
    return Graph(tuple(m.tensors), tuple(nodes), (source,), (cut,))


def test_a_ring_in_place_needs_the_columns_that_are_read_and_nothing_else() -> None:
    compiled = compile_graph(last_step(), "m", hop=Hop(1))
    assert compiled.program.state_bytes == 3 * 4 + 4
    assert compiled.inputs[0].offset == 4 + 2 * 4  # new columns are written where they belong
    assert [one.kind for one in compiled.program.operators] == ["CONV_2D", "COUNT_HOPS", "KEEP_COLUMNS"]
    assert compiled.program.streaming == Streaming(hop=1, window=12, column_bytes=4, first=12, taken_offset=0)


@pytest.mark.parametrize(
    ("graph", "hop", "words"),
    [
        (last_step(9, Padding.SAME), Hop(4), "the last 4 of its 12 columns see zeros .* VALID"),
        (last_step(), Hop(12), "a hop of 12 columns for a window of 12: 1 to 11"),
        (last_step(), Hop(1, 3), "axis 3 of the input .* is not its outermost"),
        (last_step(), Hop(1, 4), "axis 4 is none of the input"),
        (remembering(Maker(1)), Hop(1), "a hop|CONCATENATION|no operator"),
    ],
)
def test_what_cannot_be_streamed_is_told_why(graph: Graph, hop: Hop, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        stream_graph(graph, hop)


def test_a_pool_behind_a_stride_names_the_hop_that_would_do() -> None:
    first = last_step(kernel=1, kind="CONV_2D", stride=2)
    m = Maker(2)
    m.tensors = list(first.tensors)
    pooled = m.activation((1, 5, 1, 4), Quantization((0.1,), (3,)))
    conv, _ = first.nodes
    pool = Node("MAX_POOL_2D", conv.outputs, (pooled,), PoolAttributes((1, 1), Padding.VALID, size=(2, 1)))
    streamed = stream_graph(Graph(tuple(m.tensors), (conv, pool), first.inputs, (pooled,)), Hop(3))
    assert "a hop that is a multiple of 2 columns" in str(streamed.obstacles[0])


def test_every_hop_gives_the_bytes_of_its_whole_window(tmp_path: Path) -> None:
    found = streams(range(80), Padding.VALID)
    assert len(found) > 40
    for seed, (ours, expected) in both_ways(tmp_path, found).items():
        np.testing.assert_array_equal(ours, expected, err_msg=f"network {seed}, hop {found[seed][1].hop}")


def test_columns_that_see_zeros_are_made_anew(tmp_path: Path) -> None:
    found = streams(range(200, 270), Padding.SAME, Padding.SAME, Padding.VALID)
    assert len(found) > 30
    for seed, (ours, expected) in both_ways(tmp_path, found).items():
        np.testing.assert_array_equal(ours, expected, err_msg=f"network {seed}, hop {found[seed][1].hop}")


def test_of_a_column_that_sees_zeros_nothing_else_is_made() -> None:
    compiled = compile_graph(last_step(padding=Padding.SAME), "m", hop=Hop(1))
    assert [one.kind for one in compiled.program.operators] == ["CONV_2D", "COUNT_HOPS", "KEEP_COLUMNS"]
    assert compiled.program.state_bytes == 2 * 4 + 4


RESETS = (0, 23, 31, 70)


def test_resets_and_the_first_result(tmp_path: Path) -> None:
    """A reset is a gap: what came before does not count, and there is no result before a whole window has come."""
    graph = over_time(21, (Padding.SAME, Padding.VALID))
    source = graph.tensors[graph.inputs[0]]
    compiled = compile_graph(graph, "s", hop=Hop(3, 1))
    whole = compile_graph(graph, "w")
    found = compiled.program.streaming
    assert found is not None
    stream = np.random.default_rng(4).integers(-128, 128, (PUSHES * 3, *source.shape[2:]), np.int8)
    rows = _pushed(tmp_path, compiled, stream)
    for start, end in zip(RESETS, (*RESETS[1:], PUSHES), strict=True):
        results = rows[start:end]
        assert results[:, 0].tolist() == [int(n >= found.first) for n in range(1, end - start + 1)]
        if end - start >= found.first:
            windows = windows_of(stream[3 * start : 3 * end], found.window, 3).reshape(-1, *source.shape)
            expected = run_models(tmp_path, {"w": (whole, [windows])})["w"][0].reshape(len(windows), -1)
            np.testing.assert_array_equal(results[found.first - 1 :, 1:], expected)


@pytest.mark.parametrize("hop", [3, 5])
def test_whole_windows_hop_by_hop(tmp_path: Path, hop: int) -> None:
    """As golden vectors come, also where the hop does not divide the window."""
    graph = over_time(21, (Padding.SAME, Padding.VALID))
    compiled = compile_graph(graph, "s", hop=Hop(hop, 1))
    whole = compile_graph(graph, "w")
    windows = np.random.default_rng(5).integers(-128, 128, (9, *graph.tensors[graph.inputs[0]].shape), np.int8)
    results = _run_hops(tmp_path, compiled, windows, "-DWINDOWS").reshape(len(windows), -1)
    expected = run_models(tmp_path, {"w": (whole, [windows.reshape(9, 1, *windows.shape[2:])])})["w"][0]
    assert results[:, 0].all()
    np.testing.assert_array_equal(results[:, 1:], expected.reshape(len(windows), -1))


def _pushed(directory: Path, compiled: CompiledModel, stream: np.ndarray) -> np.ndarray:
    found = _run_hops(directory, compiled, stream, f"-DRESETS={','.join(map(str, RESETS))}")
    return found.reshape(PUSHES, 1 + compiled.program.output_bytes)


def _run_hops(directory: Path, compiled: CompiledModel, given: np.ndarray, define: str) -> np.ndarray:
    for name, text in compiled.program.sources.items():
        (directory / name).write_text(text)
    compiler = [os.environ.get("CC", "cc")]
    includes = [f"-I{place}" for place in (directory, *runtime_includes())]
    sources = [HERE / "hops.c", directory / "s_model.c", kernel_library(compiler, (*FLAGS, "-O1"))]
    program = directory / "hops"
    subprocess.run([*compiler, *FLAGS, "-O1", define, *includes, *sources, "-o", program], check=True, timeout=240)
    done = subprocess.run([program], input=given.tobytes(), capture_output=True, check=True, timeout=120)
    return np.frombuffer(done.stdout, np.int8)
