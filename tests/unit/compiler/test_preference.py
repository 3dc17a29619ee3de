"""RAM against speed: never a larger arena, the same bytes, and no plain kernel where it gains nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mlforge.compiler import Graph, Isa, Prefer, compile_graph
from tests.oracle.graphs import network
from tests.unit.compiler.cases import Maker, inputs_for
from tests.unit.compiler.cases_depthwise import graph as depthwise
from tests.unit.compiler.harness import run_models

SEEDS = range(12)


def wide_layer() -> Graph:
    """The planes of the fast kernel take much beside a picture that the plain one overwrites."""
    return depthwise(Maker(3), (3, 200), (5, 9), (1, 2), channels=8)


@pytest.mark.parametrize("isa", [Isa.DSP, Isa.MVE, Isa.THUMB1])
def test_the_arena_is_never_larger(isa: Isa) -> None:
    for seed in SEEDS:
        graph = network(seed)
        fast, small = (compile_graph(graph, "m", isa, None, prefer).program for prefer in (Prefer.SPEED, Prefer.RAM))
        assert small.arena_bytes <= fast.arena_bytes
        if small.arena_bytes == fast.arena_bytes:
            assert small.sources == fast.sources


def test_a_plain_kernel_where_it_decides() -> None:
    fast, small = (
        compile_graph(wide_layer(), "m", Isa.DSP, None, prefer).program for prefer in (Prefer.SPEED, Prefer.RAM)
    )
    assert small.arena_bytes < fast.arena_bytes
    assert "mlforge_dsp_depthwise" in fast.sources["m_model.c"]
    assert "mlforge_dsp_depthwise" not in small.sources["m_model.c"]


def test_the_same_bytes(tmp_path: Path) -> None:
    graphs = {"wide": wide_layer(), **{f"n{seed}": network(seed) for seed in SEEDS}}
    given = {name: inputs_for(graph, 2, 1) for name, graph in graphs.items()}
    models = {
        f"{name}_{prefer}": (compile_graph(graph, f"{name}_{prefer}", Isa.DSP, None, prefer), given[name])
        for name, graph in graphs.items()
        for prefer in Prefer
    }
    results = run_models(tmp_path, models)
    for name in graphs:
        for fast, small in zip(results[f"{name}_speed"], results[f"{name}_ram"], strict=True):
            np.testing.assert_array_equal(fast, small, err_msg=name)
