"""Pools and sums for Isa.DSP, in their portable form: bit for bit against the same reference as the generic ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mlforge.compiler import Graph, Isa, compile_graph
from mlforge.compiler.fixed_point import Activation
from mlforge.compiler.ops.shared.pooling import PoolAttributes
from mlforge.compiler.ops.shared.window import Padding
from tests.unit.compiler.cases import Maker, inputs_for
from tests.unit.compiler.harness import SANITIZE, run_models
from tests.unit.compiler.registry import CASES, Reference

KINDS = ("AVERAGE_POOL_2D", "MAX_POOL_2D", "MEAN", "SUM")
PER_KIND = 30
VECTORS = 3


def wide(kind: str, m: Maker, height: int, width: int, channels: int) -> Graph:
    """One window over more pixels than fit a sum of int16."""
    source = m.activation((1, height, width, channels))
    output = m.activation((1, 1, 1, channels), m.quantization(source))
    attributes = PoolAttributes((1, 1), Padding.VALID, activation=Activation.NONE, size=(height, width))
    return m.graph(kind, [source], output, attributes)


def test_bit_exact_and_clean_under_sanitisers(tmp_path: Path) -> None:
    graphs = {f"{kind[:3]}{seed:03d}": CASES[kind](Maker(seed + 3000)) for kind in KINDS for seed in range(PER_KIND)}
    for size in ((16, 16, 4), (16, 17, 5), (40, 30, 7), (1, 600, 4)):
        graphs |= {f"{kind[:3]}w{size[0]}_{size[1]}": wide(kind, Maker(1), *size) for kind in KINDS[:2]}
    models = {
        name: (compile_graph(graph, name, Isa.DSP), inputs_for(graph, VECTORS, seed))
        for seed, (name, graph) in enumerate(graphs.items())
    }
    texts = [model.program.sources[f"{name}_model.c"] for name, (model, _) in models.items()]
    assert sum("mlforge_dsp_" in text for text in texts) > PER_KIND
    results = run_models(tmp_path, models, ("-O1", *SANITIZE))
    for name, graph in graphs.items():
        for vector in range(VECTORS):
            expected = Reference(graph).run([array[vector] for array in models[name][1]])
            for got, want in zip(results[name], expected, strict=True):
                np.testing.assert_array_equal(got[vector], want, err_msg=f"{name}: {graph.nodes}")
