"""Resource variables, after micro/micro_resource_variable.cc."""

from __future__ import annotations

import numpy as np

from mlforge.compiler.graph import DType, Node
from tests.unit.compiler.known import quant
from tests.unit.compiler.reference import Array, Interpreter


class VariablesReference(Interpreter):
    def variable(self, index: int) -> Array:
        """What it has been assigned; its first values, or zero."""
        tensor = self.graph.tensors[index]
        if index not in self.values and tensor.initial is not None:
            self.values[index] = np.asarray(tensor.initial, np.int64)
        if index not in self.values:
            zero = quant(tensor).zero_point if tensor.quantization and tensor.dtype is DType.INT8 else 0
            self.values[index] = np.full(tensor.shape, zero, np.int64)
        return self.values[index]

    def read_variable(self, node: Node) -> Array:
        return self.variable(node.inputs[0]).copy()

    def assign_variable(self, node: Node) -> list[Array]:
        self.values[node.inputs[1]] = self.value(node, 0).copy()
        return []
