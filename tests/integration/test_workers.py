"""Counts are exact: two trials at a time cost what they cost one after the other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from mlforge.compiler.emitter import compile_graph
from mlforge.compiler.from_architecture import lower_architecture
from mlforge.compiler.isa import Isa
from mlforge.measure.cost import measure_cost
from mlforge.records.architecture import Architecture, Conv, GlobalAveragePool, Head
from mlforge.records.cost import Cost
from mlforge.targets.registry import target_named

TARGET = target_named("mps2/an386")

pytestmark = pytest.mark.requires(target=TARGET)


def cost_of(filters: int) -> Cost:
    architecture = Architecture((32, 1, 3), (Conv(filters, (3, 1)), GlobalAveragePool()), 4, Head.SOFTMAX)
    program = compile_graph(lower_architecture(architecture, 1), "net", Isa(TARGET.isa)).program
    inputs = np.random.default_rng(0).integers(-128, 128, (3, program.input_bytes), dtype=np.int8)
    return measure_cost(TARGET, TARGET.build(program), inputs, 120_000_000)


def test_costs_are_the_same_with_one_and_with_two_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = [4, 8, 12, 16]
    alone = [cost_of(filters) for filters in sizes]
    monkeypatch.setenv("MLFORGE_CACHE", str(tmp_path))  # nothing is built yet: they meet in the compiler as well
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(cost_of, sizes))
    assert together == alone
    assert len({cost.instructions for cost in alone}) == len(sizes)
