"""Every operator, bit for bit against an independent reference, over random shapes and quantisations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mlforge.compiler.emitter import compile_graph
from mlforge.compiler.ops import OPERATORS
from tests.unit.compiler.cases import CASES, Maker, inputs_for
from tests.unit.compiler.harness import SANITIZE, run_models
from tests.unit.compiler.reference import Interpreter

PER_OPERATOR = 40
VECTORS = 3


def test_every_operator_has_cases() -> None:
    assert set(CASES) == set(OPERATORS)


@pytest.mark.parametrize("kind", sorted(CASES))
def test_bit_exact_and_clean_under_sanitisers(kind: str, tmp_path: Path) -> None:
    count = PER_OPERATOR if "CONV" in kind else PER_OPERATOR // 2
    graphs = {f"c{seed:03d}": CASES[kind](Maker(seed)) for seed in range(count)}
    models = {
        name: (compile_graph(graph, name), inputs_for(graph, VECTORS, seed))
        for seed, (name, graph) in enumerate(graphs.items())
    }
    results = run_models(tmp_path, models, ("-O1", *SANITIZE))
    for name, graph in graphs.items():
        for vector in range(VECTORS):
            expected = Interpreter(graph).run([array[vector] for array in models[name][1]])
            for got, want in zip(results[name], expected, strict=True):
                np.testing.assert_array_equal(got[vector], want, err_msg=f"{name}: {graph.nodes}")
