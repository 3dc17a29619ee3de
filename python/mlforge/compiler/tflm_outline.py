"""What TensorFlow Lite Micro must be told of a .tflite file before it can run it: its operators, inputs and outputs.

Options and constants stay in the file, which the interpreter reads itself; so operators that the static engine does not
have can be outlined, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mlforge.compiler.graph import MAX_BORDER, MAX_TENSORS, Tensor
from mlforge.compiler.isa import Isa
from mlforge.compiler.lowering import lower_graph
from mlforge.compiler.resources import named_by
from mlforge.compiler.tflite_reader import MAX_OPERATORS, TfliteFile, guarded, read_tflite, text_of
from mlforge.errors import ModelError, UnsupportedOperatorError


@dataclass(frozen=True, slots=True)
class OutlinedNode:
    kind: str  # TensorFlow Lite's name, such as "CONV_2D"
    name: str  # of its first output; of an operator without any, its first input's or the kind's
    weight_bytes: int  # of its constant inputs
    macs: int  # multiply-accumulates of one inference; 0 where the static engine does not know the operator


@dataclass(frozen=True, slots=True)
class Outline:
    nodes: tuple[OutlinedNode, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    called: frozenset[str] = frozenset()  # kinds of operators in subgraphs that these call
    variables: int = 0  # resource variables that the model has


def outline(data: bytes) -> Outline:
    """The outline of a `.tflite` file.

    Raises:
        ModelError: the file is malformed, or has inputs or outputs that a `struct mlforge_tensor` cannot describe.
        UnsupportedOperatorError: it has a custom operator.
    """
    macs = _macs(data)
    return guarded(data, lambda file: _outline(file, macs))


def _outline(file: TfliteFile, macs: dict[int, int]) -> Outline:
    subgraph = file.subgraph()
    borders = []
    for what, length, indexes in (
        ("inputs", subgraph.InputsLength(), subgraph.InputsAsNumpy()),
        ("outputs", subgraph.OutputsLength(), subgraph.OutputsAsNumpy()),
    ):
        if not 1 <= length <= MAX_BORDER:
            raise ModelError(f"the model has {length} {what}: 1 to {MAX_BORDER}")
        borders.append(tuple(file.tensor(_tensor(file, subgraph, int(index)), int(index)) for index in indexes))
    if constant := [tensor.name for tensor in (*borders[0], *borders[1]) if tensor.is_constant]:
        raise ModelError(f'the input or output "{constant[0]}" is a constant')
    count = file.count(subgraph.OperatorsLength(), "operators", MAX_OPERATORS)
    nodes = tuple(_node(file, subgraph, index, macs.get(index, 0)) for index in range(count))
    others = range(1, file.count(file.model.SubgraphsLength(), "subgraphs", MAX_OPERATORS))
    called = frozenset(kind for index in others for kind, _ in _operators(file, file.subgraph_at(index)))
    handles = {named_by(operator) for kind, operator in _operators(file, subgraph) if kind == "VAR_HANDLE"}
    return Outline(nodes, borders[0], borders[1], called, len(handles))


def _operators(file: TfliteFile, subgraph: Any) -> Iterator[tuple[str, Any]]:
    for position in range(file.count(subgraph.OperatorsLength(), "operators", MAX_OPERATORS)):
        operator = subgraph.Operators(position)
        yield file.kind(operator, position), operator


def _node(file: TfliteFile, subgraph: Any, position: int, macs: int) -> OutlinedNode:
    operator = subgraph.Operators(position)
    inputs = operator.InputsAsNumpy() if operator.InputsLength() else ()
    kind = file.kind(operator, position)
    return OutlinedNode(
        kind=kind,
        name=_name(file, subgraph, operator) or kind.lower(),
        weight_bytes=sum(_constant_bytes(file, subgraph, int(index)) for index in inputs if index >= 0),
        macs=macs,
    )


def _name(file: TfliteFile, subgraph: Any, operator: Any) -> str:
    """That of an operator without tensors, such as CALL_ONCE, is empty."""
    if operator.OutputsLength():
        index = int(operator.Outputs(0))
    elif operator.InputsLength():
        index = int(operator.Inputs(0))
    else:
        return ""
    return text_of(_tensor(file, subgraph, index).Name() or b"")


def _tensor(file: TfliteFile, subgraph: Any, index: int) -> Any:
    tensors = file.count(subgraph.TensorsLength(), "tensors", MAX_TENSORS)
    if not 0 <= index < tensors:
        raise ModelError(f"there is no tensor {index}: the model has {tensors} tensors")
    return subgraph.Tensors(index)


def _constant_bytes(file: TfliteFile, subgraph: Any, index: int) -> int:
    buffers = file.count(file.model.BuffersLength(), "buffers", MAX_TENSORS)
    buffer = _tensor(file, subgraph, index).Buffer()
    if not 0 <= buffer < buffers:
        raise ModelError(f"tensor {index} has the buffer {buffer}: the model has {buffers} buffers")
    length: int = file.model.Buffers(buffer).DataLength()
    if length > len(file.data):
        raise ModelError(f"tensor {index} claims to have {length} bytes: more than the file")
    return length


def _macs(data: bytes) -> dict[int, int]:
    """By the operator's position, as the static engine counts them; nothing for a model that it does not take."""
    try:
        return {call.index: call.lowered.macs for call in lower_graph(read_tflite(data), Isa.GENERIC).calls}
    except UnsupportedOperatorError:
        return {}
