"""A state survives from one vector to the next on a device, however many sessions its memory makes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.compiler.emitter import compile_graph
from mlforge.compiler.graph import Graph
from mlforge.targets.device import Device
from mlforge.targets.registry import target_named
from tests.programs.require import require
from tests.unit.compiler.cases import Maker, inputs_for
from tests.unit.compiler.cases_int16 import lstm, svdf
from tests.unit.compiler.registry import Reference

VECTORS = 7


@pytest.mark.parametrize("make", [lstm, svdf])
@pytest.mark.parametrize("board", ["host", "mps2/an385"])
def test_vectors_follow_one_another(
    board: str, make: Callable[[Maker], Graph], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = target_named(board)
    require(target)

    def two_at_a_time(self: object, vectors: NDArray[np.int8]) -> Sequence[NDArray[np.int8]]:
        return [vectors[start : start + 2] for start in range(0, len(vectors), 2)]

    monkeypatch.setattr(Device, "_parts", two_at_a_time)
    graph = make(Maker(2))
    vectors = inputs_for(graph, VECTORS, 1)[0]
    program = compile_graph(graph, "remembers").program
    outputs = target.infer(target.build(program), vectors.reshape(VECTORS, -1)).outputs
    reference = Reference(graph)
    expected = [reference.run([vector])[0].reshape(-1) for vector in vectors]
    np.testing.assert_array_equal(outputs, expected)
    fresh = [Reference(graph).run([vectors[i]])[0].reshape(-1) for i in range(2, VECTORS, 2)]
    assert any((one != expected[i]).any() for one, i in zip(fresh, range(2, VECTORS, 2), strict=True))
