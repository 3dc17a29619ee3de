"""How windows reach the kernels of CONV_2D for Isa.DSP: colours whose rows end in a single byte, neighbours across the
ends of rows, pixels of eight channels, small pictures; with any number of pixels left."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mlforge.compiler import Graph, Isa, compile_graph
from mlforge.compiler.ops.shared.window import Padding, WindowAttributes, slide
from tests.unit.compiler.cases import Maker, inputs_for
from tests.unit.compiler.harness import SANITIZE, run_models
from tests.unit.compiler.reference import Interpreter
from tests.unit.compiler.test_dsp import sane

OF_EACH_KIND = 6
VECTORS = 2


def convolution(m: Maker, channels: int, kernel: tuple[int, int], stride: int, filters: int) -> Graph:
    shape = (1, m.random.randint(5, 11), m.random.randint(10, 14), channels)
    attributes = WindowAttributes(
        (stride, stride), m.random.choice([Padding.SAME, Padding.SAME, Padding.VALID]), activation=m.fused()
    )
    size = [slide(shape[1 + i], kernel[i], stride, 1, attributes, i)[0] for i in (0, 1)]
    inputs = [m.activation(shape), m.weights((filters, *kernel, channels), 0), *m.bias(filters)]
    return sane(m.graph("CONV_2D", inputs, m.activation((1, *size, filters)), attributes))


def graph_of(kind: str, m: Maker) -> Graph:
    filters = m.random.randint(1, 9)
    if kind == "colours":
        kernel = m.random.choice([(3, 3), (2, 3), (4, 3)])
        return convolution(m, 3, kernel, m.random.choice([1, 2]), filters)
    if kind == "across":  # too large to be copied whole
        return convolution(m, m.random.choice([16, 24]), m.random.choice([(3, 3), (5, 3), (3, 5)]), 1, filters)
    if kind == "narrow":
        return convolution(m, 8, (1, 1), 1, 4 * m.random.randint(1, 4))
    return convolution(m, m.random.randint(1, 9), m.random.choice([(3, 3), (4, 10), (1, 5)]), 2, filters)


def test_all_ways_to_read_windows_are_bit_exact(tmp_path: Path) -> None:
    kinds = {
        f"{kind}_{seed}": graph_of(kind, Maker(7000 + seed))
        for kind in ("colours", "across", "narrow", "small")
        for seed in range(OF_EACH_KIND)
    }
    models = {
        name: (compile_graph(graph, name, Isa.DSP), inputs_for(graph, VECTORS, seed))
        for seed, (name, graph) in enumerate(kinds.items())
    }
    sources = {name: model.program.sources[f"{name}_model.c"] for name, (model, _) in models.items()}
    assert all("mlforge_dsp_pointwise_8_s8(" in source for name, source in sources.items() if "narrow" in name)
    results = run_models(tmp_path, models, ("-O1", *SANITIZE))
    for name, graph in kinds.items():
        for vector in range(VECTORS):
            expected = Interpreter(graph).run([array[vector] for array in models[name][1]])
            np.testing.assert_array_equal(results[name][0][vector], expected[0], err_msg=f"{name}: {graph.nodes}")
