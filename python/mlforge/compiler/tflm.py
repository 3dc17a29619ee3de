"""The other engine: a model for TensorFlow Lite Micro, with everything that an application would write by hand.

The .tflite file stays as it is and is interpreted on the device. Generated are a resolver with exactly the model's
operators, variables for interpreter and resolver, an arena of a size that was found by running (no host knows it), and
a descriptor by which everything above cannot tell the engines apart. All C and C++ stands in templates/.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from mlforge.compiler.emitter import TensorInfo, check_name, symbols_text, templates, tensor_info, types, wrapped
from mlforge.compiler.tflm_operators import METHODS
from mlforge.compiler.tflm_outline import Outline, outline
from mlforge.errors import ModelError, UnsupportedOperatorError
from mlforge.records.program import Engine, Operator, Program, symbols_file

_TEMPLATES: Final = {"model.h": "model.h.j2", "model.c": "tflm_model.c.j2", "tflm.cc": "tflm.cc.j2"}
_MAX_ARENA_BYTES: Final = 1 << 28
ARENA_ALIGN: Final = 16  # MLFORGE_ARENA_ALIGN of model.h


@dataclass(frozen=True, slots=True)
class TflmModel:
    """Offsets of inputs and outputs are not known before the interpreter has laid out its arena: they are 0 here."""

    program: Program
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]

    @property
    def lower_bound_bytes(self) -> None:
        """No plan of ours, so no bound either."""
        return None


def compile_tflm(data: bytes, name: str, arena_bytes: int, engine: Engine = Engine.TFLM) -> TflmModel:
    """Generates `<name>_model.c`, `.h`, `<name>_tflm.cc` and `<name>_symbols.json`, the same for the same arguments.

    Args:
        data: a `.tflite` file. Only its outline is read here; the device's interpreter trusts the rest of it.
        name: a C identifier; every symbol starts with it.
        arena_bytes: what the interpreter needs on the core that this is for, rounded up to `ARENA_ALIGN`.
        engine: which kernels the build links.

    Raises:
        ModelError: the file is malformed, or `name` is no identifier.
        UnsupportedOperatorError: TensorFlow Lite Micro does not have an operator of the model.
    """
    check_name(name)
    arena_bytes = -(-arena_bytes // ARENA_ALIGN) * ARENA_ALIGN
    if not 0 < arena_bytes <= _MAX_ARENA_BYTES:
        raise ModelError(f"an arena of {arena_bytes} bytes: 1 to {_MAX_ARENA_BYTES}")
    found = outline(data)
    operators = tuple(_operators(name, found))
    inputs, outputs = (tuple(map(tensor_info, tensors)) for tensors in (found.inputs, found.outputs))
    program = Program(
        name=name,
        sources=_render(name, data, arena_bytes, operators, inputs, outputs, found),
        model_symbol=f"{name}_model",
        model_header=f"{name}_model.h",
        arena_bytes=arena_bytes,
        input_bytes=sum(tensor.size_bytes for tensor in inputs),
        output_bytes=sum(tensor.size_bytes for tensor in outputs),
        operators=operators,
        state_bytes=arena_bytes,  # the interpreter keeps what it knows of the model in its arena
        engine=engine,
    )
    return TflmModel(program, inputs, outputs)


def methods(found: Outline) -> tuple[str, ...]:
    """The resolver's methods for exactly these operators, each once. Raises UnsupportedOperatorError."""
    kinds = sorted({node.kind for node in found.nodes} | found.called)
    for kind in kinds:
        if kind not in METHODS:
            raise UnsupportedOperatorError(
                kind, "TensorFlow Lite Micro has no kernel for it", hint="`engine: static` may have one"
            )
    return tuple(METHODS[kind] for kind in kinds)


def _operators(name: str, found: Outline) -> Iterator[Operator]:
    methods(found)
    for index, node in enumerate(found.nodes):
        symbol = f"{name}_op{index:02d}_{node.kind.lower()}"
        yield Operator(index, node.kind, node.name, symbol, node.macs, node.weight_bytes)


def _render(
    name: str,
    data: bytes,
    arena_bytes: int,
    operators: tuple[Operator, ...],
    inputs: tuple[TensorInfo, ...],
    outputs: tuple[TensorInfo, ...],
    found: Outline,
) -> Mapping[str, str]:
    values = {
        "streaming": None,
        "name": name,
        "arena_bytes": arena_bytes,
        "state_bytes": arena_bytes,
        "states": True,
        "inputs": inputs,
        "outputs": outputs,
        "types": types(),
        "operators": operators,
        "methods": methods(found),
        "variables": found.variables,
        "flatbuffer_bytes": len(data),
        "flatbuffer": tuple(wrapped(list(data))),
    }
    text = {suffix: templates().get_template(template).render(values) for suffix, template in _TEMPLATES.items()}
    return {
        **{f"{name}_{suffix}": rendered for suffix, rendered in text.items()},
        symbols_file(name): symbols_text([f"{name}_w_tflite"]),
    }
