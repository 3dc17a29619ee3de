"""IF and WHILE: what a `.tflite` file says with further subgraphs becomes one graph.

The operators of a branch carry a guard, by which the generated code skips them; SELECT_V2 takes the results of the
branch that ran. A loop is unrolled: its condition must follow from constants, such as a counter (counting.py). The
arithmetic is that of micro/kernels/{if,while}.cc, which copy bytes between subgraphs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from tflite.IfOptions import IfOptions
from tflite.WhileOptions import WhileOptions

from mlforge.compiler.counting import counted
from mlforge.compiler.graph import ABSENT, MAX_TENSORS, Attributes, DType, Graph, Guard, Node, Tensor
from mlforge.compiler.ops.concatenation import ConcatenationAttributes
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.free_view import ReshapeAttributes
from mlforge.errors import ModelError, UnsupportedOperatorError

IF: Final = "IF"
WHILE: Final = "WHILE"
KINDS: Final = frozenset({IF, WHILE})
MAX_NODES: Final = 4096  # of all rounds and branches together
MAX_CALLS: Final = 4096  # of subgraphs, which may be empty
_MAX_DEPTH: Final = 16
_TYPES: Final = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32, DType.BOOL)  # of what a branch hands out


@dataclass(frozen=True, slots=True)
class Calls(Attributes):
    """The subgraphs for true and false, or those of a loop's condition and body."""

    first: int
    second: int


def read_calls(kind: str, options: Any) -> Calls:
    """Raises ModelError for an IF or WHILE that does not say what it runs."""
    if options is None:
        raise ModelError(f"{kind}: it does not say which subgraphs it runs")
    if kind == IF:
        branches = IfOptions()
        branches.Init(options.Bytes, options.Pos)
        return Calls(branches.ThenSubgraphIndex(), branches.ElseSubgraphIndex())
    loop = WhileOptions()
    loop.Init(options.Bytes, options.Pos)
    return Calls(loop.CondSubgraphIndex(), loop.BodySubgraphIndex())


def inlined(main: Graph, subgraph: Callable[[int], Graph]) -> Graph:
    """`main` with what its IF and WHILE run in their place; `subgraph` gives those by number.

    Raises:
        ModelError: subgraphs do not fit their operators, call themselves, or become too large.
        UnsupportedOperatorError: a loop without an end that constants tell, or branches of different shapes.
    """
    if not any(node.kind in KINDS for node in main.nodes):
        return main
    inliner = _Inliner(list(main.tensors), subgraph)
    names = {index: index for index in range(len(main.tensors))}
    inliner.place(main, names, (), 0)
    outputs = tuple(inliner.output_of_model(main, index, names[index]) for index in main.outputs)
    return Graph(tuple(inliner.tensors), tuple(inliner.nodes), main.inputs, outputs)


class _Inliner:
    def __init__(self, tensors: list[Tensor], subgraph: Callable[[int], Graph]) -> None:
        self.tensors = tensors
        self.nodes: list[Node] = []
        self.calls = 0
        self._subgraph = subgraph
        self._graphs: dict[int, Graph] = {}
        self._kept: dict[tuple[int, int], int] = {}  # constants and variables of subgraphs: once for all rounds

    def place(self, graph: Graph, names: dict[int, int], guards: tuple[Guard, ...], depth: int) -> None:
        """Appends the graph's nodes. `names` leads from its tensors to ours, and grows."""
        if depth > _MAX_DEPTH:
            raise ModelError(f"subgraphs call each other more than {_MAX_DEPTH} deep")
        for node in graph.nodes:
            inputs = tuple(self._name(graph, names, index) for index in node.inputs)
            if node.kind == IF:
                self._branch(graph, node, inputs, names, guards, depth)
            elif node.kind == WHILE:
                self._loop(graph, node, inputs, names, guards, depth)
            elif (values := counted(node, [self._data(index) for index in inputs])) is not None:
                tensor = graph.tensors[node.outputs[0]]
                names[node.outputs[0]] = self._constant(tensor, values)
            else:
                outputs = tuple(self._name(graph, names, index) for index in node.outputs)
                self._put(replace(node, inputs=inputs, outputs=outputs, guards=guards))

    def output_of_model(self, main: Graph, index: int, name: int) -> int:
        """The tensor `index` of the model with the bytes of `name`, which may be another's, too."""
        made = {output for node in self.nodes for output in node.outputs}
        if name == index and (index in made or index in main.inputs):
            return index
        self._copy(name, index, ())
        return index

    def _put(self, node: Node) -> None:
        if len(self.nodes) >= MAX_NODES:
            raise ModelError(f"with its branches and loops the model has more than {MAX_NODES} operators")
        self.nodes.append(node)

    def _add(self, tensor: Tensor) -> int:
        if len(self.tensors) >= MAX_TENSORS:
            raise ModelError(f"with its branches and loops the model has more than {MAX_TENSORS} tensors")
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def _name(self, graph: Graph, names: dict[int, int], index: int) -> int:
        if index == ABSENT:
            return ABSENT
        if not 0 <= index < len(graph.tensors):
            raise ModelError(f"there is no tensor {index}: the subgraph has {len(graph.tensors)}")
        if index not in names:
            tensor, key = graph.tensors[index], (id(graph), index)
            if not (tensor.is_constant or tensor.is_variable):
                names[index] = self._add(tensor)
            elif key in self._kept:
                names[index] = self._kept[key]
            else:
                names[index] = self._kept[key] = self._add(tensor)
        return names[index]

    def _data(self, index: int) -> Any:
        return None if index == ABSENT else self.tensors[index].data

    def _constant(self, tensor: Tensor, values: Any) -> int:
        if values.size != tensor.elements:
            raise ModelError(f'"{tensor.name}" is {tensor}, and has {values.size} values')
        return self._add(replace(tensor, data=values.reshape(tensor.shape).astype(tensor.dtype.value)))

    # Subgraphs

    def _graph(self, kind: str, index: int, inputs: int, outputs: int) -> Graph:
        self.calls += 1
        if self.calls > MAX_CALLS:
            raise ModelError(f"subgraphs are called more than {MAX_CALLS} times")
        if index not in self._graphs:
            self._graphs[index] = self._subgraph(index)
        graph = self._graphs[index]
        if (len(graph.inputs), len(graph.outputs)) != (inputs, outputs):
            counts = f"{len(graph.inputs)} inputs and {len(graph.outputs)} outputs"
            raise ModelError(f"{kind}: subgraph {index} has {counts}: expected {inputs} and {outputs}")
        return graph

    def _call(self, graph: Graph, given: Sequence[int], guards: tuple[Guard, ...], depth: int) -> list[int]:
        """Its outputs, where its inputs are the tensors `given`."""
        names = {
            index: self._as(name, graph.tensors[index], guards) for index, name in zip(graph.inputs, given, strict=True)
        }
        self.place(graph, names, guards, depth + 1)
        return [self._name(graph, names, index) for index in graph.outputs]

    def _as(self, name: int, like: Tensor, guards: tuple[Guard, ...]) -> int:
        """The bytes of `name` as a tensor that is described as `like`."""
        tensor = self.tensors[name]
        if (tensor.shape, tensor.dtype, tensor.quantization) == (like.shape, like.dtype, like.quantization):
            return name
        if tensor.dtype is not like.dtype or tensor.elements != like.elements:
            raise ModelError(f'subgraphs exchange "{tensor.name}", {tensor}, for "{like.name}", {like}')
        if tensor.data is not None:
            return self._add(replace(like, data=tensor.data.reshape(like.shape)))
        made = self._add(replace(like, data=None, is_variable=False))
        self._put(Node("RESHAPE", (name,), (made,), ReshapeAttributes(), guards))
        return made

    def _copy(self, source: int, target: int, guards: tuple[Guard, ...]) -> None:
        a, b = self.tensors[source], self.tensors[target]
        if a.dtype is not b.dtype or a.elements != b.elements:
            raise ModelError(f'subgraphs exchange "{a.name}", {a}, for "{b.name}", {b}')
        if a.data is None:
            self._put(Node("RESHAPE", (source,), (target,), ReshapeAttributes(), guards))
            return
        same = replace(b, data=a.data.reshape(b.shape).astype(b.dtype.value))
        self._put(Node("CONCATENATION", (self._add(same),), (target,), ConcatenationAttributes(0), guards))

    # Branches

    def _branch(
        self,
        graph: Graph,
        node: Node,
        inputs: tuple[int, ...],
        names: dict[int, int],
        guards: tuple[Guard, ...],
        depth: int,
    ) -> None:
        if not inputs or inputs[0] == ABSENT:
            raise ModelError("IF: it has no condition")
        condition = self.tensors[inputs[0]]
        if condition.dtype is not DType.BOOL or condition.elements != 1:
            hint = "accepted: one value of bool"
            raise UnsupportedOperatorError(IF, f'the condition "{condition.name}" is {condition}', hint=hint)
        calls = node.attributes_as(Calls)
        parts = [self._graph(IF, index, len(inputs) - 1, len(node.outputs)) for index in (calls.first, calls.second)]
        if condition.data is not None:
            chosen = parts[0] if condition.data.reshape(-1)[0] else parts[1]
            for output, made in zip(node.outputs, self._call(chosen, inputs[1:], guards, depth), strict=True):
                names[output] = self._as(made, graph.tensors[output], guards)
            return
        one = self._as(inputs[0], replace(condition, shape=(), name=condition.name), guards)
        results = [
            self._call(part, inputs[1:], (*guards, Guard(one, value)), depth)
            for part, value in zip(parts, (True, False), strict=True)
        ]
        for output, made, other in zip(node.outputs, *results, strict=True):
            self._select(one, made, other, self._name(graph, names, output), guards)

    def _select(self, condition: int, made: int, other: int, output: int, guards: tuple[Guard, ...]) -> None:
        result = self.tensors[output]
        for index in (made, other):
            tensor = self.tensors[index]
            if tensor.dtype is not result.dtype or tensor.shape != result.shape or result.dtype not in _TYPES:
                found = f'a branch makes "{tensor.name}", {tensor}, for "{result.name}", {result}'
                hint = f"accepted: branches whose results have one shape and type, of {', '.join(_TYPES)}"
                raise UnsupportedOperatorError(IF, found, hint=hint)
        if made == other or self.tensors[made].data is not None is not self.tensors[other].data:
            made = self._activation(made, guards)
        self._put(Node("SELECT_V2", (condition, made, other), (output,), ElementwiseAttributes(), guards))

    def _activation(self, index: int, guards: tuple[Guard, ...]) -> int:
        """A constant as something that an operator has made."""
        tensor = self.tensors[index]
        if tensor.data is None:
            return index
        made = self._add(replace(tensor, data=None))
        self._copy(index, made, guards)
        return made

    # Loops

    def _loop(
        self,
        graph: Graph,
        node: Node,
        inputs: tuple[int, ...],
        names: dict[int, int],
        guards: tuple[Guard, ...],
        depth: int,
    ) -> None:
        calls, count = node.attributes_as(Calls), len(inputs)
        if len(node.outputs) != count or ABSENT in inputs:
            raise ModelError(f"WHILE: it has {count} inputs and {len(node.outputs)} outputs")
        body = self._graph(WHILE, calls.second, count, count)
        values = [
            index if body.outputs[at] == body.inputs[at] or self._counts(index) else self._activation(index, guards)
            for at, index in enumerate(inputs)
        ]
        while self._goes_on(calls.first, values, guards, depth):
            values = self._call(self._graph(WHILE, calls.second, count, count), values, guards, depth)
        for output, value in zip(node.outputs, values, strict=True):
            names[output] = self._as(value, graph.tensors[output], guards)

    def _counts(self, index: int) -> bool:
        return self.tensors[index].dtype in (DType.INT32, DType.INT64, DType.BOOL)

    def _goes_on(self, condition: int, values: Sequence[int], guards: tuple[Guard, ...], depth: int) -> bool:
        graph = self._graph(WHILE, condition, len(values), 1)
        found = self.tensors[self._call(graph, values, guards, depth)[0]]
        if found.dtype is not DType.BOOL or found.elements != 1:
            raise ModelError(f'WHILE: the condition "{found.name}" is {found}: expected one value of bool')
        if found.data is None:
            hint = "accepted: a number of rounds that constants tell; unroll the loop (unroll=True in Keras)"
            raise UnsupportedOperatorError(WHILE, "how often it runs depends on the data", hint=hint)
        return bool(np.asarray(found.data).reshape(-1)[0])
