"""Every operator, bit for bit against an independent reference, over random shapes and quantisations."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.compiler.emitter import CompiledModel, compile_graph
from mlforge.compiler.graph import Graph
from mlforge.compiler.ops import OPERATORS
from tests.unit.compiler.cases import Maker, inputs_for
from tests.unit.compiler.harness import SANITIZE, Arrays, run_models
from tests.unit.compiler.registry import CASES, Reference

VECTORS = 3

Case = tuple[Graph, Arrays]


def names_of(kind: str) -> list[str]:
    count = 40 if "CONV" in kind else 20
    return [f"{kind.lower()}_{seed}" for seed in range(count)]


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    made: dict[str, Case] = {}
    for kind in CASES:
        for seed, name in enumerate(names_of(kind)):
            graph = CASES[kind](Maker(seed))
            made[name] = (graph, inputs_for(graph, VECTORS, seed))
    return made


@pytest.fixture(scope="module")
def results(cases: dict[str, Case], tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[NDArray[np.generic]]]:
    """All cases, built into one program with sanitisers, since starting the compiler takes longest."""
    models: dict[str, tuple[CompiledModel, Arrays]] = {
        name: (compile_graph(graph, name), inputs) for name, (graph, inputs) in cases.items()
    }
    return run_models(tmp_path_factory.mktemp("operators"), models, ("-O1", *SANITIZE))


def test_every_operator_has_cases() -> None:
    assert set(CASES) == set(OPERATORS)


@pytest.mark.parametrize("kind", sorted(CASES))
def test_bit_exact_and_clean_under_sanitisers(
    kind: str, cases: dict[str, Case], results: dict[str, list[NDArray[np.generic]]]
) -> None:
    for name in names_of(kind):
        graph, inputs = cases[name]
        reference = Reference(graph)
        for vector in range(VECTORS):
            expected = reference.run([array[vector] for array in inputs])
            for got, want in zip(results[name], expected, strict=True):
                np.testing.assert_array_equal(got[vector], want, err_msg=f"{name}: {graph.nodes}")
