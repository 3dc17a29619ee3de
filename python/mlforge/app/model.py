"""A trained model on its way to the target: int8 file and fitted features to a Program, and its answers to examples."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mlforge.app.prepare import Examples
from mlforge.compiler.emitter import CompiledModel, compile_graph
from mlforge.compiler.graph import Graph
from mlforge.compiler.isa import Isa
from mlforge.compiler.preference import least_arena_bytes
from mlforge.compiler.streaming import Hop
from mlforge.compiler.tflite_reader import read_tflite
from mlforge.compiler.tflm import TflmModel
from mlforge.contract.contract import Execution
from mlforge.errors import ModelError
from mlforge.features.emit import emit
from mlforge.features.extract import extract_all, extract_int8
from mlforge.features.pipeline import Pipeline
from mlforge.records.program import Prefer, Program


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A compiled model together with the features that make its input."""

    graph: Graph
    isa: Isa
    compiled: CompiledModel
    pipeline: Pipeline
    program: Program
    hop: Hop | None = None  # None: an inference takes a whole window
    prefer: Prefer = Prefer.SPEED

    def compiled_for(self, isa: str) -> Model:
        """The same model with the kernels of another processor: other code, the same outputs. Raises ModelError."""
        if isa == self.isa:
            return self
        return compile_model(self.graph, self.program.name, self.pipeline, Isa(isa), self.hop, self.prefer)

    def preferring(self, prefer: Prefer) -> Model:
        """The same model with kernels chosen for that: other code, the same outputs. Raises ModelError."""
        if prefer is self.prefer:
            return self
        return compile_model(self.graph, self.program.name, self.pipeline, self.isa, self.hop, prefer)

    @property
    def least_arena_bytes(self) -> int:
        """No choice of kernels for whole windows needs less, and most need more. Quick, unlike a plan."""
        return least_arena_bytes(self.graph)

    def on_device(self, execution: Execution, prefer: Prefer = Prefer.SPEED) -> Model:
        """The model as the device runs it. Raises ModelError where it is to be a stream, and cannot."""
        if prefer is not self.prefer:
            return self.preferring(prefer).on_device(execution, prefer)
        if execution is Execution.WHOLE:
            return self
        try:
            streamed = _streamed(self)
        except ModelError:
            if execution is Execution.STREAM:
                raise
            return self
        saves = _macs(streamed) < _macs(self) and streamed.program.arena_bytes <= self.program.arena_bytes
        return streamed if saves or execution is Execution.STREAM else self


def _streamed(model: Model) -> Model:
    """The network on new columns alone, and features that make no others."""
    window = model.pipeline.window
    if window.hop >= window.length or window.length % window.hop:
        raise ModelError(
            f"windows of {window.length} columns come {window.hop} apart: a stream needs a hop that divides the window"
        )
    hop = Hop(window.hop, 1)
    return compile_model(model.graph, model.program.name, model.pipeline.of_hops(), model.isa, hop, model.prefer)


def _macs(model: Model) -> int:
    return sum(operator.macs for operator in model.program.operators)


def compile_model(
    graph: Graph,
    name: str,
    pipeline: Pipeline,
    isa: Isa = Isa.GENERIC,
    hop: Hop | None = None,
    prefer: Prefer = Prefer.SPEED,
) -> Model:
    """Compiles a graph with one int8 input and output, and the pipeline in the quantisation of that input.

    With `hop`, the pipeline must make the new columns of each window, and nothing else.

    Raises:
        ModelError: the graph cannot be compiled, or does not take what the pipeline makes.
    """
    compiled = compile_graph(graph, name, isa, hop, prefer)
    quantised, program = with_features(compiled, pipeline)
    return Model(graph, isa, compiled, quantised, program, hop, prefer)


def with_features(compiled: CompiledModel | TflmModel, pipeline: Pipeline) -> tuple[Pipeline, Program]:
    """The pipeline in the quantisation of a model's one input, and the model's program with its C added.

    Raises:
        ModelError: the model does not take what the pipeline makes, or has several inputs or outputs.
    """
    name = compiled.program.name
    if len(compiled.inputs) != 1 or len(compiled.outputs) != 1:
        raise ModelError(f"{len(compiled.inputs)} inputs and {len(compiled.outputs)} outputs: expected one each")
    quantised = pipeline.with_quantisation(compiled.inputs[0].scale, compiled.inputs[0].zero_point)
    if quantised.output_bytes != compiled.program.input_bytes:
        raise ModelError(
            f"the model takes {compiled.program.input_bytes} values, the features make {quantised.output_bytes}"
        )
    features = emit(quantised, name)
    program = replace(
        compiled.program,
        sources={**compiled.program.sources, **features},
        pipeline_symbol=f"{name}_pipeline",
        pipeline_header=f"{name}_pipeline.h",
    )
    return quantised, program


def read_model(tflite: bytes, name: str, pipeline: Pipeline, isa: Isa = Isa.GENERIC) -> Model:
    """The same from a `.tflite` file. Raises ModelError."""
    return compile_model(read_tflite(tflite), name, pipeline, isa)


def int8_inputs(model: Model, examples: Examples) -> NDArray[np.int8]:
    """The model's inputs for the examples, int8 [N, input_bytes], by the C code that the target runs."""
    inputs = extract_all(model.pipeline, examples.recordings, extract_int8).inputs
    return inputs.reshape(len(inputs), -1)


def dequantised_inputs(model: Model, inputs: NDArray[np.int8]) -> NDArray[np.float32]:
    """int8 inputs [N, bytes] as the real numbers that they stand for, which is what the int8 model knows of them."""
    tensor = model.compiled.inputs[0]
    return (inputs.astype(np.float32) - tensor.zero_point) * np.float32(tensor.scale)


def dequantised(model: Model, outputs: NDArray[np.int8]) -> NDArray[np.float32]:
    """The model's int8 outputs [N, bytes] as the real numbers that they stand for."""
    tensor = model.compiled.outputs[0]
    return (outputs.astype(np.float32) - tensor.zero_point) * np.float32(tensor.scale)
