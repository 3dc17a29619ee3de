"""IF and WHILE: branches that are skipped, loops that are unrolled, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlforge.compiler import Hop, compile_graph, read_tflite
from mlforge.compiler.graph import DType, Graph, Guard, Node, Quantization, Tensor, validate
from mlforge.compiler.ops.add import AddAttributes
from mlforge.compiler.ops.fully_connected import FullyConnectedAttributes
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.errors import ModelError
from tests.unit.compiler.harness import SANITIZE, run_models
from tests.unit.compiler.known import told
from tests.unit.compiler.tflite_writer import BranchAttributes, HandleAttributes, write_tflite

PLAIN = ElementwiseAttributes()
X = Tensor("x", (1, 4), DType.INT8, Quantization((0.5,), (3,)))
TRUTH = Tensor("truth", (1,), DType.BOOL)


def scalar(name: str, value: int | None = None) -> Tensor:
    return Tensor(name, (), DType.INT32, None, None if value is None else np.array(value, np.int32))


def unary(kind: str) -> Graph:
    return Graph((X, replace(X, name="y")), (Node(kind, (0,), (1,), PLAIN),), (0,), (1,))


def constant(values: object) -> Graph:
    data = np.array(values, np.int8).reshape(1, 4)
    return Graph((X, replace(X, name="c", data=data)), (), (0,), (1,))


NOTHING = Graph((X,), (), (0,), (0,))


def choice(first: Graph, second: Graph, condition: Tensor = TRUTH) -> Graph:
    tensors = (condition, X, replace(first.tensors[first.outputs[0]], name="y", data=None))
    node = Node("IF", (0, 1), (2,), BranchAttributes(first, second))
    return Graph(tensors, (node,), (0, 1) if condition.data is None else (1,), (2,))


def loop(rounds: int, body: Graph | None = None, condition: Graph | None = None, step: int = 1) -> Graph:
    """x + x, so often."""
    doubled = Graph(
        (scalar("i"), X, scalar("i2"), scalar("step", step), replace(X, name="y")),
        (Node("ADD", (0, 3), (2,), AddAttributes()), Node("ADD", (1, 1), (4,), AddAttributes())),
        (0, 1),
        (2, 4),
    )
    until = Graph(
        (scalar("i"), X, scalar("end", rounds), Tensor("on", (), DType.BOOL)),
        (Node("LESS", (0, 2), (3,), PLAIN),),
        (0, 1),
        (3,),
    )
    node = Node("WHILE", (1, 0), (2, 3), BranchAttributes(condition or until, body or doubled))
    return Graph((X, scalar("i", 0), scalar("end"), replace(X, name="y")), (node,), (0,), (3,))


def run(graph: Graph, inputs: list[np.ndarray], place: Path) -> np.ndarray:
    compiled = compile_graph(read_tflite(write_tflite(graph)), "m")
    return run_models(place, {"m": (compiled, inputs)}, ("-O1", *SANITIZE))["m"][0].reshape(-1, 4)


def test_the_condition_chooses(tmp_path: Path) -> None:
    inner = choice(unary("ABS"), constant([1, 2, 3, 4]))
    nested = Graph(
        (X, *(replace(one, data=None) for one in inner.tensors[2:]), replace(TRUTH, data=np.array([False]))),
        (replace(inner.nodes[0], inputs=(2, 0), outputs=(1,)),),
        (0,),
        (1,),
    )
    x = np.array([[-3, 3, 5, -128]] * 2, np.int8).reshape(2, 1, 4)
    truths = np.array([[True], [False]])
    got = run(choice(unary("ABS"), nested), [truths, x], tmp_path)
    assert got.tolist() == [[9, 3, 5, 127], [1, 2, 3, 4]]


def test_what_is_not_chosen_does_not_run() -> None:
    graph = read_tflite(write_tflite(choice(unary("ABS"), unary("RELU"))))
    assert [len(node.guards) for node in graph.nodes if node.kind in ("ABS", "RELU")] == [1, 1]
    text = compile_graph(graph, "m").program.sources["m_model.c"]
    assert text.count("!= 0) {\n\t\treturn;") == text.count("== 0) {\n\t\treturn;") == 1


@pytest.mark.parametrize("rounds", [0, 1, 3])
def test_a_loop_is_unrolled(rounds: int, tmp_path: Path) -> None:
    x = np.array([[[3, 4, 2, 5]]], np.int8)
    expected = [[3 + (value - 3) * 2**rounds for value in (3, 4, 2, 5)]]
    assert run(loop(rounds), [x], tmp_path).tolist() == expected


def test_rounds_share_their_weights() -> None:
    data = np.arange(-8, 8, dtype=np.int8).reshape(4, 4)
    weights = Tensor("w", (4, 4), DType.INT8, Quantization((0.01,), (0,)), data)
    doubled = told(loop(1).nodes[0]).second
    dense = Node("FULLY_CONNECTED", (1, 5), (4,), FullyConnectedAttributes())
    body = replace(doubled, tensors=(*doubled.tensors, weights), nodes=(doubled.nodes[0], dense))
    compiled = compile_graph(read_tflite(write_tflite(loop(4, body))), "m")
    assert [one.kind for one in compiled.program.operators] == ["FULLY_CONNECTED"] * 4
    assert [one.weight_bytes > 0 for one in compiled.program.operators] == [True, False, False, False]


def test_a_constant_condition_leaves_one_branch() -> None:
    graph = choice(unary("ABS"), unary("RELU"), replace(TRUTH, data=np.array([True])))
    read = read_tflite(write_tflite(graph))
    assert "ABS" in {node.kind for node in read.nodes} and "RELU" not in {node.kind for node in read.nodes}


def other_shape() -> Graph:
    return Graph((X, replace(X, name="y", shape=(4, 1))), (Node("RESHAPE", (0,), (1,), PLAIN),), (0,), (1,))


def remembering() -> Graph:
    handle = Tensor("h", (), DType.INT32)
    nodes = (
        Node("VAR_HANDLE", (), (2,), HandleAttributes("v")),
        Node("READ_VARIABLE", (2,), (1,), PLAIN),
    )
    return Graph((X, replace(X, name="y"), handle), nodes, (0,), (1,))


def until_data() -> Graph:
    unused = replace(X, name="unused", data=np.zeros((1, 4), np.int8))
    tensors = (scalar("i"), X, Tensor("on", (1, 1), DType.BOOL), unused)
    nodes = (
        Node("GREATER", (4, 5), (2,), PLAIN),
        Node("REDUCE_MAX", (1, 6), (4,), PLAIN),
    )
    largest = replace(X, name="largest", shape=(1, 1))
    limit = replace(largest, name="limit", data=np.zeros((1, 1), np.int8))
    axis = Tensor("axis", (1,), DType.INT32, None, np.array([1], np.int32))
    return Graph((*tensors, largest, limit, axis), nodes[::-1], (0, 1), (2,))


REFUSED: dict[str, tuple[Callable[[], Graph], str]] = {
    "rounds by data": (lambda: loop(3, condition=until_data()), "how often it runs depends on the data"),
    "no end": (lambda: loop(3, step=0), "more than"),
    "shapes differ": (lambda: choice(unary("ABS"), other_shape()), "a branch makes"),
    "a variable in a branch": (lambda: choice(unary("ABS"), remembering()), "it stands in subgraph"),
    "no truth": (lambda: choice(unary("ABS"), NOTHING, scalar("c")), "the condition"),
    "two truths": (lambda: choice(unary("ABS"), NOTHING, replace(TRUTH, shape=(2,))), "the condition"),
    "too few inputs": (lambda: choice(until_data(), NOTHING), "has 2 inputs and 1 outputs: expected 1 and 1"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case: str) -> None:
    make, words = REFUSED[case]
    with pytest.raises(ModelError, match=words):
        compile_graph(read_tflite(write_tflite(make())), "m")


def test_subgraphs_that_call_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file may say so; ours never does, so the numbers are bent."""
    data = write_tflite(choice(choice_alone(), NOTHING))
    from mlforge.compiler import control

    def bent(kind: str, options: object) -> control.Calls:
        return control.Calls(1, 1)

    monkeypatch.setattr(control, "read_calls", bent)
    with pytest.raises(ModelError, match=r"deep|more than"):
        read_tflite(data)


def choice_alone() -> Graph:
    """A branch with a branch."""
    inner = choice(unary("ABS"), NOTHING)
    truth = replace(TRUTH, data=np.array([True]))
    return Graph((X, inner.tensors[2], truth), (replace(inner.nodes[0], inputs=(2, 0), outputs=(1,)),), (0,), (1,))


def test_guards_are_truths() -> None:
    graph = unary("ABS")
    node = replace(graph.nodes[0], guards=(Guard(0, True),))
    with pytest.raises(ModelError, match="no truth"):
        validate(replace(graph, nodes=(node,)))


def test_branches_are_not_streamed() -> None:
    graph = read_tflite(write_tflite(choice(unary("ABS"), unary("RELU"))))
    with pytest.raises(ModelError, match="it has branches"):
        compile_graph(graph, "m", hop=Hop(1))
