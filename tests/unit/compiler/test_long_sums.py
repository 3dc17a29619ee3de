"""Dense layers of more inputs than 15 bits count, and sums that 32 bits would not hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mlforge.compiler import Isa, compile_graph
from mlforge.compiler.graph import DType, Graph, Node, Quantization, Tensor
from mlforge.compiler.ops.fully_connected import FullyConnectedAttributes
from mlforge.compiler.ops.shared.window import Padding, WindowAttributes
from mlforge.errors import UnsupportedOperatorError
from tests.unit.compiler.harness import SANITIZE, run_models
from tests.unit.compiler.registry import Reference


def dense(inputs: int, weight: int, scales: int) -> Graph:
    quantization = Quantization((0.001,) * scales, (0,) * scales)
    tensors = (
        Tensor("x", (1, inputs), DType.INT8, Quantization((0.01,), (-128,))),
        Tensor("w", (3, inputs), DType.INT8, quantization, np.full((3, inputs), weight, np.int8)),
        Tensor("y", (1, 3), DType.INT8, Quantization((80.0,), (5,))),
    )
    return Graph(tensors, (Node("FULLY_CONNECTED", (0, 1), (2,), FullyConnectedAttributes()),), (0,), (2,))


def test_dense_layers_of_many_inputs(tmp_path: Path) -> None:
    models, graphs = {}, {}
    for isa in Isa:
        for scales in (1, 3):
            name = f"m_{isa}_{scales}"
            graphs[name] = dense(40_001, 113, scales)
            inputs = np.random.default_rng(1).integers(-128, 128, (2, 1, 40_001)).astype(np.int8)
            models[name] = (compile_graph(graphs[name], name, isa), [inputs])
    results = run_models(tmp_path, models, ("-O1", *SANITIZE))
    for name, graph in graphs.items():
        expected = Reference(graph).run([models[name][1][0][1]])[0]
        assert -128 < expected[0, 0] < 127
        np.testing.assert_array_equal(results[name][0][1], expected, err_msg=name)


def test_sums_beyond_32_bits_are_refused() -> None:
    """In the reference they wrap."""
    shape = (1, 9, 9, 1024)
    tensors = (
        Tensor("x", shape, DType.INT8, Quantization((0.01,), (0,))),
        Tensor("w", (1, 9, 9, 1024), DType.INT8, Quantization((0.01,), (0,)), np.full((1, 9, 9, 1024), 127, np.int8)),
        Tensor("y", (1, 1, 1, 1), DType.INT8, Quantization((40.0,), (0,))),
    )
    graph = Graph(tensors, (Node("CONV_2D", (0, 1), (2,), WindowAttributes((1, 1), Padding.VALID)),), (0,), (2,))
    with pytest.raises(UnsupportedOperatorError, match="may reach 2686141440"):
        compile_graph(graph, "m")
