"""The kernels for GENERIC, THUMB1 and MVE in their portable form; what packed products rest on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlforge.compiler import Graph, Isa, compile_graph
from mlforge.compiler.ops.by_isa.packed import channel_blocks, starts
from tests.unit.compiler.cases import CASES, Maker, inputs_for
from tests.unit.compiler.cases_depthwise import graph as depthwise
from tests.unit.compiler.harness import SANITIZE, run_models
from tests.unit.compiler.reference import Interpreter
from tests.unit.compiler.test_dsp import sane

KINDS = ("CONV_2D", "FULLY_CONNECTED")
KERNELS = {Isa.GENERIC: "mlforge_packed_", Isa.THUMB1: "mlforge_thumb1_", Isa.MVE: "mlforge_mve_"}
ISAS = tuple(KERNELS)
PER_KIND = 24


def extreme(graph: Graph) -> Graph:
    """As `sane`, with weights as large as blocks of two can have them."""
    graph = sane(graph)
    node = graph.nodes[0]
    weights = graph.tensors[node.inputs[1]]
    assert weights.data is not None
    tensors = list(graph.tensors)
    tensors[node.inputs[1]] = replace(
        weights, data=np.where(weights.data.astype(np.int8) < 0, -127, 127).astype(np.int8)
    )
    return replace(graph, tensors=tuple(tensors))


CHANGES: tuple[Callable[[Graph], Graph], ...] = (sane, extreme, lambda graph: graph)


@pytest.mark.parametrize("isa", ISAS)
def test_bit_exact_and_clean_under_sanitisers(isa: Isa, tmp_path: Path) -> None:
    """Each graph with two random vectors, one of the smallest values and one of the largest."""
    graphs, models = {}, {}
    for kind in KINDS:
        for seed in range(PER_KIND):
            name = f"{kind.lower()}_{seed}"
            graphs[name] = CHANGES[seed % len(CHANGES)](CASES[kind](Maker(seed + 2000)))
            inputs = [
                np.concatenate([array[:2], np.full_like(array[:1], -128), np.full_like(array[:1], 127)])
                for array in inputs_for(graphs[name], 2, seed)
            ]
            models[name] = (compile_graph(graphs[name], name, isa), inputs)
    texts = [model.program.sources[f"{name}_model.c"] for name, (model, _) in models.items()]
    assert sum(KERNELS[isa] in text for text in texts) > len(texts) * 0.2  # the others have groups, or large sums
    results = run_models(tmp_path, models, ("-O1", *SANITIZE))
    for name, graph in graphs.items():
        for vector in range(4):
            expected = Interpreter(graph).run([array[vector] for array in models[name][1]])
            for got, want in zip(results[name], expected, strict=True):
                np.testing.assert_array_equal(got[vector], want, err_msg=f"{name}: {graph.nodes}")


def window_of_3x3(seed: int) -> Graph:
    maker = Maker(seed)
    sizes = maker.random.choice([(1, 1), (2, 5), (3, 3), (7, 6), (8, 9), (11, 4), (5, 17), (23, 5)])
    stride = maker.random.choice([(1, 1), (1, 1), (2, 2)])
    return depthwise(maker, sizes, (3, 3), stride, channels=maker.random.choice([1, 3, 8, 15, 16, 17, 40]))


@pytest.mark.parametrize(
    ("isa", "kernel", "share"),
    [(Isa.MVE, "mve_depthwise_3x3", 0.8), (Isa.GENERIC, "packed_depthwise_3x3", 0.15)],
)
def test_depthwise_of_3x3(isa: Isa, kernel: str, share: float, tmp_path: Path) -> None:
    """Tiles that the picture does not fill, parts of sixteen channels, rows of odd length, and columns that are walked
    along; the largest weights; results that take the input's place."""
    graphs = {f"depthwise_{seed}": CHANGES[seed % 3](window_of_3x3(seed)) for seed in range(24)}
    models = {
        name: (compile_graph(graph, name, isa), inputs_for(graph, 3, seed))
        for seed, (name, graph) in enumerate(graphs.items())
    }
    texts = [model.program.sources[f"{name}_model.c"] for name, (model, _) in models.items()]
    assert sum(f"mlforge_{kernel}_s8" in text for text in texts) > len(texts) * share
    results = run_models(tmp_path, models, ("-O1", *SANITIZE))
    for name, graph in graphs.items():
        for vector in range(3):
            (expected,) = Interpreter(graph).run([array[vector] for array in models[name][1]])
            np.testing.assert_array_equal(results[name][0][vector], expected, err_msg=f"{name}: {graph.nodes}")


@pytest.mark.parametrize(
    ("weights", "block"),
    [
        ([127, 127, 0, 0], 4),
        ([127, -127, 1, 0], 4),
        ([127, 127, 2, 0], 4),  # -256 * 128 is -2^15
        ([127, 127, 3, 0], 2),
        ([-127, -127, -1, 0], 4),
        ([-127, -127, -1, -1], 2),
        ([-128, -127, 0, 0], 4),
        ([-128, -128, 0, 0], 0),
        ([31, 31, 32, 31, 32, 32, 32, 32], 8),
        ([33, 32, 32, 32, 32, 32, 32, 32], 4),
    ],
)
def test_the_sums_of_a_block_fit_into_16_bits(weights: list[int], block: int) -> None:
    blocks = channel_blocks(np.array([weights]))
    assert (0 if blocks is None else blocks[0]) == block


@pytest.mark.parametrize("seed", range(20))
def test_blocks_hold_for_the_worst_input(seed: int) -> None:
    numbers = np.random.default_rng(seed)
    weights = numbers.integers(-127, 128, (8, 16)) // numbers.integers(1, 9, (8, 1))
    blocks = channel_blocks(weights)
    assert blocks is not None
    for row, block in zip(weights, blocks, strict=True):
        parts = row.reshape(-1, block)
        for low, high in ((-128, 127), (127, -128)):
            sums = (parts * np.where(parts < 0, low, high)).sum(axis=1)
            assert sums.max() < 1 << 15
            assert sums.min() >= -(1 << 15)


def test_starts_take_back_what_each_block_is_too_large() -> None:
    wanted = [5 - (4 << 15), -7 - (1 << 15)]
    assert starts(np.array([5, -7]), 8, np.array([2, 8])).tolist() == [value % 2**32 for value in wanted]
