"""Streamed models: byte for byte what whole windows give, for every network, hop and phase."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mlforge.compiler import Isa, compile_graph
from mlforge.compiler.emitter import CompiledModel
from mlforge.compiler.graph import Graph
from mlforge.compiler.streaming import Hop, StreamedGraph, stream_graph
from mlforge.errors import ModelError
from tests.unit.compiler.cases_streaming import over_time, windows_of
from tests.unit.compiler.harness import SANITIZE, Arrays, run_models

PUSHES = 60
ISAS = tuple(Isa)


def streams(seeds: range) -> dict[int, tuple[Graph, StreamedGraph]]:
    """Networks of which something can be streamed."""
    found = {}
    for seed in seeds:
        graph = over_time(seed)
        length = graph.tensors[graph.inputs[0]].shape[1]
        try:
            found[seed] = graph, stream_graph(graph, Hop(1 + seed % min(8, length - 1), 1))
        except ModelError:
            continue
    return found


def both_ways(
    directory: Path, found: dict[int, tuple[Graph, StreamedGraph]]
) -> dict[int, tuple[np.ndarray, np.ndarray]]:
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


def test_every_hop_gives_the_bytes_of_its_whole_window(tmp_path: Path) -> None:
    found = streams(range(80))
    assert len(found) > 40
    for seed, (ours, expected) in both_ways(tmp_path, found).items():
        np.testing.assert_array_equal(ours, expected, err_msg=f"network {seed}, hop {found[seed][1].hop}")
