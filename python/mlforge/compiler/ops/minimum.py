"""MINIMUM of two tensors: of the stored integers, whatever they stand for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mlforge.compiler.fixed_point import Ints
from mlforge.compiler.ops.maximum import Maximum
from mlforge.compiler.ops.operator import Field, View


class Minimum(Maximum):
    kind = "MINIMUM"
    name = "minimum"

    def results(self, view: View, a: Ints, b: Ints) -> Ints:
        return np.minimum(a, b)

    def parameters(self, view: View) -> Mapping[str, Field]:
        return {"flip": -1}
