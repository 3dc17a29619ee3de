"""LOGICAL_NOT."""

from __future__ import annotations

import numpy as np

from mlforge.compiler.graph import Attributes
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Lowered, Operator, Options, View, same_shape
from mlforge.compiler.ops.shared.elementwise import ALL_VALUES, ElementwiseAttributes, lookup
from mlforge.compiler.ops.shared.truths import all_are_bool


class LogicalNot(Operator):
    kind = "LOGICAL_NOT"
    inputs = (1, 1)
    constraints = (all_are_bool, same_shape)

    def read(self, options: Options) -> Attributes:
        return ElementwiseAttributes()

    def lower(self, view: View, isa: Isa) -> Lowered:
        return lookup(view, view.node.inputs[0], (ALL_VALUES == 0).astype(np.int64))
