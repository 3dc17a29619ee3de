"""MAXIMUM of two tensors: of the stored integers, whatever they stand for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mlforge.compiler.fixed_point import Ints
from mlforge.compiler.graph import Attributes
from mlforge.compiler.ops.operator import Field, Options, View
from mlforge.compiler.ops.shared.arithmetic import Arithmetic
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes


class Maximum(Arithmetic):
    kind = "MAXIMUM"
    name = "maximum"
    clamps_int32 = False
    kernel = "mlforge_maximum"
    parameters_type = "mlforge_maximum"

    def read(self, options: Options) -> Attributes:
        return ElementwiseAttributes()

    def results(self, view: View, a: Ints, b: Ints) -> Ints:
        return np.maximum(a, b)

    def parameters(self, view: View) -> Mapping[str, Field]:
        return {"flip": 0}
