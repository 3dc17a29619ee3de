"""What the operators of the signal library share: options by name, values without a quantisation, and hidden states."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from mlforge.compiler.graph import Attributes, DType, Graph, Tensor
from mlforge.compiler.ops.operator import Constant, Operator, Options, View
from mlforge.compiler.ops.signal.options import read_options
from mlforge.errors import ModelError, UnsupportedOperatorError

INT16_TYPE: Final = 7  # TensorType.INT16, the option T
INT32_TYPE: Final = 2


@dataclass(frozen=True, slots=True)
class SignalAttributes(Attributes):
    """The options, by name."""

    values: tuple[tuple[str, int], ...] = ()

    def __getitem__(self, name: str) -> int:
        return dict(self.values)[name]


class SignalOperator(Operator):
    """`options_of`: the names of all its options in the order of the alphabet, by which the interpreter counts them."""

    options_of: ClassVar[tuple[str, ...]] = ()

    def read(self, options: Options) -> Attributes:
        """`options`: the bytes of the flexbuffer."""
        found = read_options(self.kind, bytes(options))
        if tuple(sorted(found)) != self.options_of and self.options_of:
            names = ", ".join(sorted(found)) or "none"
            raise UnsupportedOperatorError(
                self.kind, f"its options are {names[:200]}", hint=f"accepted: {', '.join(self.options_of)}"
            )
        return SignalAttributes(tuple((name, found[name]) for name in self.options_of))


class RememberingOperator(SignalOperator):
    """An operator with a state that no file has: the reader appends a variable to its inputs."""

    @property
    def inputs_of_file(self) -> int:
        return self.inputs[0] - 1

    @abstractmethod
    def state_bytes(self, view: View) -> int:
        """Of a node that holds the constraints."""

    def remember(self, view: View) -> int:
        """The bytes of its state. Raises UnsupportedOperatorError where a constraint does not hold."""
        self.check_counts(view, (self.inputs_of_file, self.inputs_of_file))
        self.check_constraints(view)
        return self.state_bytes(view)


def told(view: View) -> SignalAttributes:
    return view.node.attributes_as(SignalAttributes)


def with_states(graph: Graph, remembering: dict[str, RememberingOperator]) -> Graph:
    """The graph with a variable for each operator that has a state, behind its other inputs."""
    tensors, nodes = list(graph.tensors), list(graph.nodes)
    for position, node in enumerate(graph.nodes):
        operator = remembering.get(node.kind)
        if operator is None:
            continue
        words = max(1, -(-operator.remember(View(graph, node)) // 4))
        nodes[position] = replace(node, inputs=(*node.inputs, len(tensors)))
        tensors.append(Tensor(f"state of operator {position}", (words,), DType.INT32, is_variable=True))
    return Graph(tuple(tensors), tuple(nodes), graph.inputs, graph.outputs)


def mismatch(view: View, inputs: Sequence[DType], outputs: Sequence[DType]) -> str:
    """Which of the first inputs, or of all outputs, is constant or of another type."""
    pairs = [*((view.input(at), dtype) for at, dtype in enumerate(inputs)), *zip(view.results, outputs, strict=True)]
    for tensor, dtype in pairs:
        if tensor.dtype is not dtype or tensor.is_constant:
            return f'tensor "{tensor.name}" is {"constant " if tensor.is_constant else ""}{tensor}'
    return ""


def shapes(view: View) -> str:
    """What was found."""
    tensors = [*(view.input(at) for at in range(len(view.node.inputs))), *view.results]
    return f"the shapes are {', '.join(str(tensor) for tensor in tensors)}"


def outside(view: View, **limits: tuple[int, int]) -> str:
    """Which option is out of its range."""
    for name, (low, high) in limits.items():
        if not low <= told(view)[name] <= high:
            return f"{name} is {told(view)[name]}"
    return ""


def constant_int16(view: View, position: int, least: int = 1) -> str:
    """What keeps an input from being a constant int16 of one dimension."""
    tensor = view.input(position)
    if tensor.is_constant and tensor.dtype is DType.INT16 and len(tensor.shape) == 1 and tensor.elements >= least:
        return ""
    return f'tensor "{tensor.name}" is {"" if tensor.is_constant else "not constant "}{tensor}'


def values(view: View, position: int) -> NDArray[np.int16]:
    data = view.input(position).data
    if data is None:
        raise ModelError(f"{view.kind}: input {position} is not constant")
    return np.asarray(data, np.int16)


def table(view: View, position: int, suffix: str) -> Constant:
    return Constant(suffix, values(view, position))
