"""MLFORGE_TREES after its description in ops/trees.py, one tree at a time in Python's integers."""

from __future__ import annotations

import numpy as np

from mlforge.compiler.graph import Node
from tests.unit.compiler.known import quant
from tests.unit.compiler.reference import Array, Interpreter, multiply_by_quantized_multiplier, quantize_multiplier


class TreesReference(Interpreter):
    """See Interpreter."""

    def mlforge_trees(self, node: Node) -> Array:
        x = self.value(node, 0).reshape(-1)
        roots, targets, splits, leaves, base = (self.value(node, position) for position in range(1, 6))
        sums = base.copy()
        for root, target in zip(roots, targets, strict=True):
            place = int(root)
            while place >= 0:
                feature, threshold, yes, no = splits[place]
                place = int(yes if x[feature] <= threshold else no)
            sums[target : target + leaves.shape[1]] += leaves[-1 - place]
        factor = quant(self.tensor(node, 4)).scale / quant(self.output(node)).scale
        scaled = multiply_by_quantized_multiplier(sums, *quantize_multiplier(factor))
        return np.clip(scaled, -32768, 32767)
