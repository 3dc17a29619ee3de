"""Resource variables: what a `.tflite` file says with CALL_ONCE, VAR_HANDLE, READ_VARIABLE and ASSIGN_VARIABLE.

A handle is a tensor that names a variable; the subgraph that CALL_ONCE runs assigns each its first value. In the
`Graph` a variable is a tensor of its own, and handles are gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from tflite.CallOnceOptions import CallOnceOptions
from tflite.VarHandleOptions import VarHandleOptions

from mlforge.compiler.graph import ASSIGN_VARIABLE, READ_VARIABLE, Node, Tensor
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.errors import ModelError, UnsupportedOperatorError

KINDS: Final = frozenset({"CALL_ONCE", "VAR_HANDLE", READ_VARIABLE, ASSIGN_VARIABLE})
Name: TypeAlias = tuple[bytes, bytes]  # container and shared name
Operators: TypeAlias = Iterator[tuple[int, str, Any]]  # position, kind, accessor


def named_by(operator: Any) -> Name:
    """The variable of a VAR_HANDLE."""
    options = operator.BuiltinOptions()
    if options is None:
        raise ModelError("VAR_HANDLE: it does not say of which variable")
    table = VarHandleOptions()
    table.Init(options.Bytes, options.Pos)
    return table.Container() or b"", table.SharedName() or b""


def called_by(operator: Any) -> int:
    """The subgraph of a CALL_ONCE."""
    options = operator.BuiltinOptions()
    if options is None:
        return 0
    table = CallOnceOptions()
    table.Init(options.Bytes, options.Pos)
    return int(table.InitSubgraphIndex())


def first_values(operators: Operators, constant: Callable[[int], NDArray[np.generic] | None]) -> dict[Name, Any]:
    """What the operators of an initialising subgraph assign. `constant` gives a tensor's data."""
    handles: dict[int, Name] = {}
    values: dict[Name, Any] = {}
    for _, kind, operator in operators:
        if kind == "VAR_HANDLE":
            handles[int(operator.Outputs(0))] = named_by(operator)
            continue
        if kind != ASSIGN_VARIABLE or operator.InputsLength() != 2:
            raise UnsupportedOperatorError("CALL_ONCE", f"it runs {kind}", hint="accepted: constants that are assigned")
        data = constant(int(operator.Inputs(1)))
        if data is None:
            raise UnsupportedOperatorError("CALL_ONCE", "it assigns what is not constant", hint="accepted: constants")
        values[_of(handles, int(operator.Inputs(0)))] = data
    return values


@dataclass(slots=True)
class Variables:
    """The variables of the main subgraph; `tensors` come behind those of the file, from index `first` on."""

    first: int
    handles: dict[int, Name] = field(default_factory=dict)
    initial: dict[Name, NDArray[np.generic]] = field(default_factory=dict)
    tensors: dict[Name, Tensor] = field(default_factory=dict)

    def node(self, kind: str, operator: Any, tensor: Callable[[int], Tensor]) -> Node:
        """A READ_VARIABLE or ASSIGN_VARIABLE with the variable in place of the handle."""
        if not operator.InputsLength():
            raise ModelError(f"{kind}: it has no handle")
        name = _of(self.handles, int(operator.Inputs(0)))
        if kind == READ_VARIABLE:
            output = int(operator.Outputs(0))
            return Node(kind, (self._index(name, tensor(output)),), (output,), ElementwiseAttributes())
        if operator.InputsLength() != 2:
            raise ModelError(f"{kind}: it has {operator.InputsLength()} inputs: expected a handle and a value")
        value = int(operator.Inputs(1))
        return Node(kind, (value, self._index(name, tensor(value))), (), ElementwiseAttributes())

    def _index(self, name: Name, like: Tensor) -> int:
        """The variable's index; one that is new has the shape and type of `like`."""
        if name not in self.tensors:
            initial = self.initial.get(name)
            if initial is not None and (initial.dtype != np.dtype(like.dtype.value) or initial.size != like.elements):
                first = f"{initial.dtype}{list(initial.shape)}"
                raise ModelError(f'variable "{_text(name)}" is {like}, and begins as {first}')
            self.tensors[name] = Tensor(
                _text(name), like.shape, like.dtype, like.quantization, is_variable=True, initial=initial
            )
        return self.first + list(self.tensors).index(name)


def _of(handles: dict[int, Name], index: int) -> Name:
    if index not in handles:
        raise ModelError(f"tensor {index} is used as a handle of a variable, and is none")
    return handles[index]


def _text(name: Name) -> str:
    return name[1][:256].decode("utf-8", errors="replace")
