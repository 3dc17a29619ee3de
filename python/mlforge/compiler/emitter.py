"""From a graph to C text. All C stands in templates/; this file prepares what they show."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import numpy as np
from jinja2 import Environment
from numpy.typing import NDArray

from mlforge.compiler.graph import ABSENT, DType, Graph, Tensor
from mlforge.compiler.isa import Isa
from mlforge.compiler.lowering import Call, Sequence, check_graph
from mlforge.compiler.ops.operator import Constant, Field, Float, Lowered
from mlforge.compiler.plan_checker import check_plan
from mlforge.compiler.planner import Plan
from mlforge.compiler.preference import planned
from mlforge.compiler.streaming import Hop, Obstacle, StreamedGraph, stream_graph
from mlforge.errors import ModelError
from mlforge.records.categories import Category
from mlforge.records.program import Operator, Prefer, Program, Streaming, symbols_file
from mlforge.templating import c_text, environment

_TYPES: Final = {
    DType.INT8: "MLFORGE_INT8",
    DType.INT16: "MLFORGE_INT16",
    DType.INT32: "MLFORGE_INT32",
    DType.FLOAT32: "MLFORGE_FLOAT32",
    DType.UINT8: "MLFORGE_UINT8",
    DType.BOOL: "MLFORGE_BOOL",
    DType.UINT32: "MLFORGE_UINT32",
    DType.UINT64: "MLFORGE_UINT64",
}
_LINE_WIDTH: Final = 116
_MAX_NAME: Final = 120
_MAX_ARENA_BYTES: Final = 1 << 28  # beyond what any microcontroller has
_MAX_SHAPE: Final = 65535  # struct mlforge_tensor holds dimensions in 16 bits


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """An input or output of a compiled model. A quantised value q stands for scale * (q - zero_point)."""

    name: str
    shape: tuple[int, ...]  # with the batch
    dtype: DType
    scale: float
    zero_point: int
    offset: int  # bytes from the start of the arena
    size_bytes: int


@dataclass(frozen=True, slots=True)
class CompiledModel:
    program: Program
    plan: Plan
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    tensor_names: Mapping[int, str]  # of the tensors in the plan's blocks
    obstacles: tuple[Obstacle, ...] = ()  # where the streamed part of a streamed model ends

    @property
    def lower_bound_bytes(self) -> int:
        """What any memory plan of this sequence of operators needs at the least."""
        return self.plan.lower_bound_bytes


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    c_type: str
    length: int
    lines: tuple[str, ...]

    @property
    def size_bytes(self) -> int:
        return self.length * np.dtype(self.c_type.removesuffix("_t")).itemsize


@dataclass(frozen=True, slots=True)
class _State:
    """What the reset function writes: `value` into each byte, or the bytes of `table`."""

    name: str
    offset: int
    size_bytes: int
    value: int
    table: _Table | None


@dataclass(frozen=True, slots=True)
class _Unpacked:
    """A table that is unpacked to byte `place` of the arena, where the parameters' field `path` then points."""

    path: str
    name: str
    fields: tuple[tuple[str, object], ...]
    place: int


@dataclass(frozen=True, slots=True)
class _KernelCall:
    parameters: str
    parameters_type: str
    fields: tuple[tuple[str, object], ...]
    tables: tuple[_Table, ...]
    kernel: str
    inputs: tuple[int | str, ...]  # offsets, and names of tables
    outputs: tuple[int, ...]  # and states, which come first
    takes_scratch: bool
    scratch: int
    unpacked: tuple[_Unpacked, ...] = ()
    repeated: bool = False  # whether an earlier call of the operator has the same parameters


@dataclass(frozen=True, slots=True)
class _Function:
    """What the template shows of one operator."""

    index: int
    kind: str
    name: str
    symbol: str
    shapes: str
    note: str
    macs: int
    calls: tuple[_KernelCall, ...]
    end: int  # of the last byte that it touches
    shared_bytes: int = 0  # of tables that earlier operators have
    guards: tuple[tuple[int, bool], ...] = ()  # offsets of conditions, and what they are to be


def compile_graph(
    graph: Graph, name: str, isa: Isa = Isa.GENERIC, hop: Hop | None = None, prefer: Prefer = Prefer.SPEED
) -> CompiledModel:
    """Compiles to `<name>_model.c`, `.h` and `<name>_symbols.json`, the same text for the same arguments.

    Args:
        graph: an int8 model; it is checked.
        name: a C identifier; every symbol starts with it.
        isa: what kernels and layouts are chosen for. The C runs everywhere, with the same results.
        hop: where each inference is to take the new columns of a stream alone; None for whole windows.
        prefer: what to give up where the kernels for `isa` need a larger arena than others. Results are the same.

    Raises:
        ModelError: the graph contradicts itself, `name` is no identifier, or nothing can be streamed.
        UnsupportedOperatorError: an operator, or a use of it, that the engine does not have.
        PlanError: the memory plan is wrong, which is a fault of the compiler.
    """
    check_name(name)
    streamed = _streamed(graph, hop) if hop else None
    graph = streamed.graph if streamed else graph
    sequence, plan = planned(graph, isa, prefer)
    check_plan(sequence.memory, plan)
    if plan.arena_bytes > _MAX_ARENA_BYTES:
        raise ModelError(f"the model needs an arena of {plan.arena_bytes} bytes: at most {_MAX_ARENA_BYTES}")
    inputs = tuple(tensor_info(graph.tensors[index], plan.offsets[index]) for index in graph.inputs)
    outputs = tuple(tensor_info(graph.tensors[index], plan.offsets[index]) for index in graph.outputs)
    functions = [_function(name, sequence, plan, time) for time in range(len(sequence.calls))]
    functions = _sharing_tables(functions) if streamed or _repeats(graph) else functions
    streaming = _streaming(streamed, inputs[0], plan) if streamed else None
    program = Program(
        name=name,
        sources=_render(
            name, plan, inputs, outputs, _states(name, sequence.graph, sequence, plan), functions, streaming
        ),
        model_symbol=f"{name}_model",
        model_header=f"{name}_model.h",
        arena_bytes=plan.arena_bytes,
        input_bytes=sum(tensor.size_bytes for tensor in inputs),
        output_bytes=sum(tensor.size_bytes for tensor in outputs),
        operators=tuple(_operator(call, f) for call, f in zip(sequence.calls, functions, strict=True)),
        state_bytes=plan.state_bytes,
        streaming=streaming,
    )
    names = {index: graph.tensors[index].name for block in plan.blocks for index in block.tensors}
    return CompiledModel(program, plan, inputs, outputs, names, streamed.obstacles if streamed else ())


def _streamed(graph: Graph, hop: Hop) -> StreamedGraph:
    check_graph(graph)
    return stream_graph(graph, hop)


def _streaming(streamed: StreamedGraph, source: TensorInfo, plan: Plan) -> Streaming:
    taken = plan.offsets[streamed.counter]
    return Streaming(streamed.hop, streamed.window, source.size_bytes // streamed.hop, streamed.first, taken)


def check_name(name: str) -> None:
    """Raises ModelError where `name` cannot start the symbols of a model."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", name):
        raise ModelError(f"{name!r} is no name for a model: expected a C identifier of at most 63 characters")


def tensor_info(tensor: Tensor, offset: int = 0) -> TensorInfo:
    """An input or output at `offset`. Raises ModelError where a `struct mlforge_tensor` cannot describe it."""
    if any(size > _MAX_SHAPE for size in tensor.shape):
        raise ModelError(f'"{tensor.name}" is {tensor}: dimensions of inputs and outputs are at most {_MAX_SHAPE}')
    quantization = tensor.quantization
    if quantization is not None and quantization.per_channel:
        raise ModelError(f'"{tensor.name}" is an input or output with several scales')
    scale, zero_point = (quantization.scale, quantization.zero_point) if quantization else (0.0, 0)
    return TensorInfo(tensor.name, tensor.shape, tensor.dtype, scale, zero_point, offset, tensor.size_bytes)


def _states(name: str, graph: Graph, sequence: Sequence, plan: Plan) -> tuple[_State, ...]:
    """Zero is the zero point, which is 0 for all but int8."""
    found: list[_State] = []
    for index in sequence.memory.states:
        tensor = graph.tensors[index]
        value = tensor.quantization.zero_point if tensor.quantization and tensor.dtype is DType.INT8 else 0
        first = np.full(tensor.size_bytes, value, np.int8) if tensor.initial is None else initial_bytes(tensor.initial)
        table = None if (first == first[0]).all() else _table(f"{name}_r{len(found):02d}_", Constant("initial", first))
        found.append(_State(tensor.name, plan.offsets[index], tensor.size_bytes, int(first[0]), table))
    return tuple(found)


def initial_bytes(values: NDArray[np.generic]) -> NDArray[np.int8]:
    return np.frombuffer(np.ascontiguousarray(values).tobytes(), np.int8)


def _operator(call: Call, function: _Function) -> Operator:
    shared = function.shared_bytes
    weight_bytes = sum(constant.data.nbytes for one in call.lowered.calls for constant in one.constants) - shared
    return Operator(call.index, call.node.kind, function.name, function.symbol, call.lowered.macs, weight_bytes)


def _function(name: str, sequence: Sequence, plan: Plan, time: int) -> _Function:
    call = sequence.calls[time]
    lowered, tensors = call.lowered, sequence.graph.tensors
    number = f"{call.index:02d}"
    kind = call.node.kind.lower()
    scratch = plan.scratch.get(time, 0)
    step = sequence.memory.steps[time]
    touched = (*step.reads, *step.writes, *(state for one in lowered.calls for state in one.states))
    ends = [plan.offsets[index] + tensors[index].size_bytes for index in touched]
    sources = ", ".join(str(tensors[index]) for index in step.reads)
    return _Function(
        index=call.index,
        kind=call.node.kind,
        name=tensors[(*call.node.outputs, *call.node.inputs)[0]].name,
        symbol=f"{name}_op{number}_{kind}",
        shapes=f"{sources} -> {', '.join(str(tensors[index]) for index in step.writes)}",
        note=lowered.note,
        macs=lowered.macs,
        calls=_once(
            _kernel_call(one, plan, scratch, f"{name}_w{number}_", f"{name}_p{number}_{kind}{position or ''}")
            for position, one in enumerate(lowered.calls)
        ),
        end=max([*ends, scratch + step.scratch_bytes]),
        guards=tuple((plan.offsets[guard.condition], guard.value) for guard in call.node.guards),
    )


def _repeats(graph: Graph) -> bool:
    """Whether operators have weights that others have, too, as those of unrolled loops do."""
    weights = [
        index
        for node in graph.nodes
        for index in set(node.inputs)
        if index != ABSENT and graph.tensors[index].is_constant and graph.tensors[index].dtype is DType.INT8
    ]
    return len(set(weights)) < len(weights)


def _sharing_tables(functions: Iterable[_Function]) -> list[_Function]:
    """Without tables that an earlier operator has: columns that see zeros are made with the weights of the others."""
    known: dict[object, str] = {}
    found = []
    for function in functions:
        tables = [table for call in function.calls for table in call.tables]
        names = {table.name: known.setdefault((table.c_type, table.lines), table.name) for table in tables}
        calls = tuple(_with_tables(call, names) for call in function.calls)
        shared = sum(table.size_bytes for table in tables if names[table.name] != table.name)
        found.append(replace(function, calls=calls, shared_bytes=shared))
    return found


def _with_tables(call: _KernelCall, names: Mapping[str, str]) -> _KernelCall:
    """`names`: of the operator's tables, to those that have the same values."""
    return replace(
        call,
        fields=tuple((path, _renamed(value, names)) for path, value in call.fields),
        inputs=tuple(names.get(value, value) if isinstance(value, str) else value for value in call.inputs),
        tables=tuple(table for table in call.tables if names[table.name] == table.name),
        unpacked=tuple(
            replace(one, fields=tuple((path, _renamed(value, names)) for path, value in one.fields))
            for one in call.unpacked
        ),
    )


def _renamed(value: object, names: Mapping[str, str]) -> object:
    return names.get(value, value) if isinstance(value, str) else value


def _once(calls: Iterable[_KernelCall]) -> tuple[_KernelCall, ...]:
    """The calls of one operator without the tables and parameters that an earlier one of them has."""
    found: list[_KernelCall] = []
    parameters: dict[object, str] = {}
    tables: dict[str, _Table] = {}
    for call in calls:
        key = (call.parameters_type, call.fields)
        known = parameters.setdefault(key, call.parameters)
        own = tuple(table for table in call.tables if table.name not in tables)
        for table in call.tables:
            if tables.setdefault(table.name, table) != table:
                raise ModelError(f"two tables are called {table.name}")
        found.append(replace(call, parameters=known, repeated=known != call.parameters, tables=own))
    return tuple(found)


def _kernel_call(lowered: Lowered, plan: Plan, scratch: int, prefix: str, parameters: str) -> _KernelCall:
    return _KernelCall(
        parameters=parameters,
        parameters_type=lowered.parameters_type,
        fields=tuple(_fields(lowered.parameters, prefix)),
        tables=tuple(_table(prefix, constant) for constant in lowered.constants),
        kernel=lowered.kernel,
        inputs=tuple(_inputs(lowered, plan, prefix)),
        outputs=(*(plan.offsets[index] for index in lowered.states), *_outputs(lowered, plan)),
        takes_scratch=lowered.takes_scratch,
        scratch=scratch,
        unpacked=tuple(
            _Unpacked(
                one.path,
                f"{parameters}_{one.path}",
                tuple(_fields(one.fields, prefix)),
                scratch + one.place,
            )
            for one in lowered.unpacked
        ),
    )


def _outputs(lowered: Lowered, plan: Plan) -> list[int]:
    starts = (lowered.output_offset, *(0 for _ in lowered.outputs))
    return [plan.offsets[index] + start for index, start in zip(lowered.outputs, starts, strict=False)]


def _inputs(lowered: Lowered, plan: Plan, prefix: str) -> list[int | str]:
    starts = (lowered.input_offset, *(0 for _ in lowered.inputs))
    inputs: list[int | str] = [
        plan.offsets[index] + start for index, start in zip(lowered.inputs, starts, strict=False)
    ]
    for position, constant in sorted(lowered.constant_inputs.items()):
        inputs.insert(position, prefix + constant.suffix)
    return inputs


def _fields(fields: Mapping[str, Field], prefix: str, path: str = "") -> Iterator[tuple[str, object]]:
    """Designators and values, in order."""
    for key, value in fields.items():
        if isinstance(value, Mapping):
            yield from _fields(value, prefix, f"{path}{key}.")
        elif isinstance(value, Constant):
            yield path + key, prefix + value.suffix
        elif isinstance(value, Float):
            yield path + key, _c_float(value.value)
        else:
            yield path + key, value


def _table(prefix: str, constant: Constant) -> _Table:
    values = np.asarray(constant.data).reshape(-1).tolist()
    return _Table(prefix + constant.suffix, constant.c_type, len(values), tuple(wrapped(values)))


def wrapped(values: list[int]) -> Iterator[str]:
    """The elements of a C array, in lines."""
    line = ""
    for value in values:
        item = f"{value}, "
        if len(line) + len(item) > _LINE_WIDTH:
            yield line.rstrip()
            line = ""
        line += item
    yield line.rstrip()


@cache
def templates() -> Environment:
    """The compiler's templates, with filters for untrusted names."""
    made = environment("mlforge.compiler")
    made.filters["c_name"] = lambda text: c_text(text[:_MAX_NAME])
    made.filters["c_float"] = _c_float
    made.filters["comment"] = _comment
    return made


def _comment(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9 _.,:;/()\[\]=+>-]", "_", text[:_MAX_NAME]).replace("*/", "__").replace("/*", "__")


def _c_float(value: float) -> str:
    text = f"{np.float32(value):.9g}"
    return f"{text}f" if "." in text or "e" in text else f"{text}.0f"


def types() -> Mapping[str, str]:
    """What C calls the types of inputs and outputs."""
    return {str(dtype): constant for dtype, constant in _TYPES.items()}


def _render(
    name: str,
    plan: Plan,
    inputs: tuple[TensorInfo, ...],
    outputs: tuple[TensorInfo, ...],
    states: tuple[_State, ...],
    functions: list[_Function],
    streaming: Streaming | None,
) -> Mapping[str, str]:
    values = {
        "name": name,
        "arena_bytes": plan.arena_bytes,
        "lower_bound_bytes": plan.lower_bound_bytes,
        "inputs": inputs,
        "outputs": outputs,
        "states": states,
        "state_bytes": plan.state_bytes,
        "functions": functions,
        "streaming": streaming,
        "types": types(),
    }
    tables = [table.name for function in functions for call in function.calls for table in call.tables]
    return {
        **{f"{name}_model.{kind}": templates().get_template(f"model.{kind}.j2").render(values) for kind in ("h", "c")},
        symbols_file(name): symbols_text(tables),
    }


def symbols_text(weights: Iterable[str]) -> str:
    """What the accounts of an image need to know of the symbols in the model's object: which hold weights."""
    return f"{json.dumps(dict.fromkeys(sorted(weights), Category.WEIGHTS), indent=0)}\n"
