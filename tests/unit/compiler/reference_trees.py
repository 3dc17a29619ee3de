"""MLFORGE_TREES and MLFORGE_SCALE_FEATURES after their descriptions in ops, one tree and one feature at a time."""

from __future__ import annotations

import math

import numpy as np

from mlforge.compiler.graph import Node
from tests.unit.compiler.known import quant
from tests.unit.compiler.reference import Array, Interpreter, multiply_by_quantized_multiplier, quantize_multiplier


class TreesReference(Interpreter):
    """See Interpreter."""

    def mlforge_scale_features(self, node: Node) -> Array:
        limits = np.iinfo(self.output(node).dtype.value)
        x, pairs = self.value(node, 0), self.tensor(node, 1).data
        assert pairs is not None
        results = []
        for value, (offset, step) in zip(x.reshape(-1), np.asarray(pairs, np.int32).view(np.float32), strict=True):
            with np.errstate(all="ignore"):
                scaled = float((np.float32(value) - offset) / step)
            whole = 0.0 if math.isnan(scaled) else math.copysign((min(abs(scaled), 1e9) + 0.5) // 1, scaled)
            results.append(min(max(int(whole), limits.min), limits.max))
        return np.array(results).reshape(x.shape)

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
