"""EQUAL, LESS and their kind: two tensors, stretched to fit each other, become truths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

import numpy as np

from mlforge.compiler.fixed_point import Ints, Multiplier, apply_multiplier, quantize_multiplier
from mlforge.compiler.graph import Attributes, DType
from mlforge.compiler.isa import Isa
from mlforge.compiler.ops.operator import Constraint, Field, Lowered, Operator, Options, View
from mlforge.compiler.ops.shared.broadcast import (
    activations,
    constant_operands,
    is_full,
    shapes_fit,
    uniform_value,
    walk_of,
)
from mlforge.compiler.ops.shared.elementwise import ALL_VALUES, ElementwiseAttributes, lookup
from mlforge.compiler.ops.shared.integers import is_plain_int32, not_an_integer

LESS: Final = 1  # MLFORGE_IF_LESS and so on
EQUAL: Final = 2
GREATER: Final = 4
_BITS: Final = 8  # in front of values before they are scaled (micro/kernels/comparisons.cc)


def operands_are_comparable(view: View) -> str:
    """Both inputs are int8, quantised per tensor with a scale below 1, or both int32; at most one is constant."""
    a, b = view.input(0), view.input(1)
    if a.is_constant and b.is_constant:
        return "both inputs are constant"
    if is_plain_int32(a) and is_plain_int32(b):
        return ""
    for tensor in (a, b):
        if tensor.dtype is not DType.INT8:
            return f'tensor "{tensor.name}" is {tensor}'
        if found := not_an_integer(tensor):
            return found
        if tensor.quantization and tensor.quantization.scale >= 1:
            return f'tensor "{tensor.name}" has the scale {tensor.quantization.scale:.9g}'
    return ""


def output_is_bool(view: View) -> str:
    """The output is bool."""
    return "" if view.output.dtype is DType.BOOL else f"the output is {view.output}"


class Comparison(Operator):
    """A subclass says which relation counts."""

    inputs = (2, 2)
    constraints: ClassVar[tuple[Constraint, ...]] = (operands_are_comparable, output_is_bool, shapes_fit)
    relation: ClassVar[int]  # a sum of LESS, EQUAL and GREATER

    def read(self, options: Options) -> Attributes:
        return ElementwiseAttributes()

    def lower(self, view: View, isa: Isa) -> Lowered:
        narrow = view.input().dtype is DType.INT8
        for fixed, other in ((0, 1), (1, 0)):
            value = uniform_value(view.input(fixed))
            if narrow and value is not None and view.input(other).elements == view.output.elements:
                values = (value, ALL_VALUES) if fixed == 0 else (ALL_VALUES, value)
                return lookup(view, view.node.inputs[other], self._results(view, *values))
        full = [index for index in activations(view) if is_full(view, index)]
        suffix = "" if narrow else "_s32"
        return Lowered(
            kernel=f"mlforge_compare{suffix or '_s8'}",
            parameters_type=f"mlforge_comparison{suffix}",
            parameters={"walk": walk_of(view), "relation": self.relation, **(_scales(view) if narrow else {})},
            inputs=activations(view),
            outputs=view.node.outputs,
            in_place=frozenset(full if narrow else ()),
            overlap={} if narrow else dict.fromkeys(full, 0),
            constant_inputs=constant_operands(view),
        )

    def _results(self, view: View, a: Ints, b: Ints) -> Ints:
        x, y = (_scaled(view, position, values) for position, values in enumerate((a, b)))
        order: Ints = 1 + (x > y).astype(np.int64) - (x < y)
        held: Ints = (self.relation >> order) & 1
        return held


def _scaled(view: View, position: int, values: Ints) -> Ints:
    centred = values - view.input_quantization(position).zero_point
    return apply_multiplier(centred << _BITS, _multiplier(view, position))


def _multiplier(view: View, position: int) -> Multiplier:
    return quantize_multiplier(view.input_quantization(position).scale)


def _scales(view: View) -> Mapping[str, Field]:
    fields: dict[str, Field] = {}
    for position in (0, 1):
        multiplier, number = _multiplier(view, position), position + 1
        fields |= {
            f"zero_point_{number}": view.input_quantization(position).zero_point,
            f"shift_{number}": multiplier.shift,
            f"multiplier_{number}": multiplier.value,
        }
    return fields
