"""What follows from constants alone: counters of loops, and what is indexed by them.

Integers and truths only, which are exact; int32 wraps as in the interpreter. Everything else is left to the kernels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.fixed_point import Activation
from mlforge.compiler.graph import Node
from mlforge.compiler.ops.concatenation import ConcatenationAttributes
from mlforge.compiler.ops.pack import PackAttributes

Values: TypeAlias = NDArray[Any]
_COUNTING: Final = (np.dtype(np.int32), np.dtype(np.int64), np.dtype(np.bool_))
_MAX_VALUES: Final = 1024  # of a result; counters have one, and shapes a few

_PAIRS: Final[Mapping[str, Callable[[Values, Values], Values]]] = {
    "ADD": np.add,
    "EQUAL": np.equal,
    "GREATER": np.greater,
    "GREATER_EQUAL": np.greater_equal,
    "LESS": np.less,
    "LESS_EQUAL": np.less_equal,
    "LOGICAL_AND": np.logical_and,
    "LOGICAL_OR": np.logical_or,
    "MAXIMUM": np.maximum,
    "MINIMUM": np.minimum,
    "MUL": np.multiply,
    "NOT_EQUAL": np.not_equal,
    "SUB": np.subtract,
}
_VIEWS: Final = ("EXPAND_DIMS", "RESHAPE", "SQUEEZE")


def counted(node: Node, inputs: Sequence[Values | None]) -> Values | None:
    """The values of the node's one output, flat or in its shape, where they follow from constants; else None."""
    if len(node.outputs) != 1 or not inputs or any(one is None for one in inputs):
        return None
    values = [np.asarray(one) for one in inputs]
    if values[0].dtype not in _COUNTING or sum(one.size for one in values) > _MAX_VALUES:
        return None
    if node.kind in _PAIRS:
        return _pair(node, values)
    if node.kind in _VIEWS:
        return values[0]
    if node.kind == "LOGICAL_NOT":
        return ~values[0].astype(np.bool_)
    if node.kind == "PACK":
        return np.stack(values, axis=node.attributes_as(PackAttributes).axis)
    if node.kind == "CONCATENATION":
        return np.concatenate(values, axis=node.attributes_as(ConcatenationAttributes).axis)
    return None


def _pair(node: Node, values: Sequence[Values]) -> Values | None:
    if getattr(node.attributes, "activation", Activation.NONE) is not Activation.NONE or len(values) != 2:
        return None
    with np.errstate(over="ignore"):
        try:
            found: Values = _PAIRS[node.kind](values[0], values[1])
        except ValueError:  # shapes that do not fit; the operator's own check says so
            return None
    return found
