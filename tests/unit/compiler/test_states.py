"""Models with a state: what survives, what is reset, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlforge.compiler.emitter import compile_graph
from mlforge.compiler.graph import DType, Graph, Node, Quantization, Tensor
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.tflite_reader import read_tflite
from mlforge.errors import ForgeError, ModelError, UnsupportedOperatorError
from tests.unit.compiler.cases import Maker, inputs_for
from tests.unit.compiler.cases_int16 import lstm, svdf
from tests.unit.compiler.cases_variables import remembering, ring
from tests.unit.compiler.harness import SANITIZE, run_models
from tests.unit.compiler.registry import Reference
from tests.unit.compiler.tflite_writer import write_tflite

STEPS = 40
CASES = {"svdf": svdf, "lstm": lstm, "variable": remembering, "ring": ring}


def test_many_inferences_in_a_row(tmp_path: Path) -> None:
    """The memory of an SVDF is full, and an LSTM has settled, long before the end."""
    graphs = {f"{name}_{seed}": case(Maker(seed)) for name, case in CASES.items() for seed in range(8)}
    models = {
        name: (compile_graph(read_tflite(write_tflite(graph)), name), inputs_for(graph, STEPS, seed))
        for seed, (name, graph) in enumerate(graphs.items())
    }
    results = run_models(tmp_path, models, ("-O1", *SANITIZE))
    of_consequence = 0
    for name, graph in graphs.items():
        reference, fresh_differs = Reference(graph), False
        for step in range(STEPS):
            inputs = [array[step] for array in models[name][1]]
            expected = reference.run(inputs)[0]
            np.testing.assert_array_equal(results[name][0][step], expected, err_msg=f"{name}, step {step}")
            fresh_differs |= bool((Reference(graph).run(inputs)[0] != expected).any())
        of_consequence += fresh_differs
    assert of_consequence >= 10  # the others saturate, or remember but one input


def test_the_program_tells_its_state() -> None:
    graph = lstm(Maker(1))
    program = compile_graph(graph, "lstm").program
    states = [tensor for tensor in graph.tensors if tensor.is_variable]
    assert program.state_bytes == sum(-(-tensor.size_bytes // 4) * 4 for tensor in states) < program.arena_bytes
    assert f"#define LSTM_STATE_BYTES {program.state_bytes}\n" in program.sources["lstm_model.h"]
    text = program.sources["lstm_model.c"]
    assert f"memset(arena + 0, {states[0].quantization.zero_point}, {states[0].size_bytes});" in text  # type: ignore[union-attr]
    assert ".reset = lstm_reset," in text


def test_a_missing_operand_inside_an_operator_does_not_matter() -> None:
    """Converters leave tensors without a size behind, which tell how an LSTM's inside is quantised."""
    graph = lstm(Maker(1))
    empty = Tensor("effective_hidden_scale_intermediate", (0,), DType.INT8, Quantization((0.1,), (0,)))
    read = read_tflite(write_tflite(replace(graph, tensors=(*graph.tensors, empty))))
    assert compile_graph(read, "lstm").program.sources == compile_graph(graph, "lstm").program.sources


def test_what_is_read_joined_and_assigned_again_is_one_ring() -> None:
    graphs = [ring(Maker(seed)) for seed in range(40)]
    graphs = [graph for graph in graphs if graph.nodes[-1].kind == "ABS"]
    kinds = [[one.kind for one in compile_graph(graph, "m").program.operators] for graph in graphs]
    in_place = [found for found in kinds if "KEEP_COLUMNS" in found]
    assert len(in_place) > 5
    assert all("READ_VARIABLE" not in found and "ASSIGN_VARIABLE" not in found for found in in_place)
    assert any("PUT_COLUMNS" in found for found in in_place)  # where rows are no multiple of four bytes
    assert any("READ_VARIABLE" in found for found in kinds)  # where more are new than are kept


def test_models_without_a_state_have_no_reset() -> None:
    quantization = Quantization((0.5,), (0,))
    tensors = tuple(Tensor(name, (4,), DType.INT8, quantization) for name in "ab")
    graph = Graph(tensors, (Node("ABS", (0,), (1,), ElementwiseAttributes()),), (0,), (1,))
    program = compile_graph(graph, "plain").program
    assert program.state_bytes == 0
    assert not any("reset" in text or "STATE" in text for text in program.sources.values())


def two_with_one_state(graph: Graph) -> Graph:
    output = len(graph.tensors)
    tensors = (*graph.tensors, graph.tensors[graph.outputs[0]])
    again = replace(graph.nodes[0], outputs=(output,))
    return replace(graph, tensors=tensors, nodes=(graph.nodes[0], again), outputs=(*graph.outputs, output))


def changed(position: int, **changes: object) -> Callable[[Graph], Graph]:
    def change(graph: Graph) -> Graph:
        index = graph.nodes[0].inputs[position]
        tensors = list(graph.tensors)
        tensors[index] = replace(tensors[index], **changes)  # type: ignore[arg-type]
        return replace(graph, tensors=tuple(tensors))

    return change


def read_elsewhere(graph: Graph) -> Graph:
    state = graph.nodes[0].inputs[4]
    output = len(graph.tensors)
    tensors = (*graph.tensors, replace(graph.tensors[state], is_variable=False))
    node = Node("ABS", (state,), (output,), ElementwiseAttributes())
    return replace(graph, tensors=tensors, nodes=(node,), outputs=(output,))


REFUSED = {
    "one state for two": (svdf, two_with_one_state, ModelError, "is a state already"),
    "a state that is no variable": (svdf, changed(4, is_variable=False), ModelError, "before anything has written it"),
    "a variable that is no state": (svdf, read_elsewhere, UnsupportedOperatorError, "input 0 .* is variable"),
    "a variable input": (svdf, changed(0, is_variable=True), ModelError, "constant or variable"),
    "a cell of another scale": (
        lstm,
        changed(19, quantization=Quantization((0.0007,), (0,))),
        UnsupportedOperatorError,
        "the cell state has the scale",
    ),
    "a wide hidden state": (lstm, changed(18, dtype=DType.INT16), UnsupportedOperatorError, "the state"),
    "weights of another shape": (lstm, changed(2, shape=(1, 1), data=np.ones((1, 1), np.int8)), ForgeError, "weights"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case: str) -> None:
    make, change, error, words = REFUSED[case]
    graph = change(make(Maker(3)))
    with pytest.raises(error, match=words):
        compile_graph(graph, "m")
