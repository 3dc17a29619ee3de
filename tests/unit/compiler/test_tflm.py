"""What is generated for TensorFlow Lite Micro: exactly the model's operators, the same text for the same model, clean
for the compiler, and safe whatever a file calls its tensors. No TensorFlow Lite Micro is needed for any of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlforge.compiler import compile_graph, compile_tflm, read_tflite
from mlforge.compiler.from_architecture import lower_architecture
from mlforge.compiler.graph import Attributes, DType, Graph, Node, Quantization, Tensor
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.tflm_operators import METHODS
from mlforge.errors import ModelError, UnsupportedOperatorError
from mlforge.records.program import Engine
from mlforge.toolchain.sources import root
from tests.unit.compiler.cases import Maker
from tests.unit.compiler.registry import CASES
from tests.unit.compiler.test_reader import ARCHITECTURE
from tests.unit.compiler.tflite_writer import write_tflite

GRAPH = lower_architecture(ARCHITECTURE, 1)
FILE = write_tflite(GRAPH)
FLAGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only")
SCALE = Quantization((0.5,), (0,))


def chain(*kinds: str) -> bytes:
    """A file of operators without options, one behind the other."""
    tensors = tuple(Tensor(f"t{index}", (1, 4), DType.INT8, SCALE) for index in range(len(kinds) + 1))
    nodes = tuple(Node(kind, (index,), (index + 1,), Attributes()) for index, kind in enumerate(kinds))
    return write_tflite(Graph(tensors, nodes, (0,), (len(kinds),)))


def methods_in(text: str) -> list[str]:
    return re.findall(r"resolver->(\w+)\(\)", text)


def test_the_resolver_has_exactly_the_models_operators() -> None:
    text = compile_tflm(FILE, "net", 4096).program.sources["net_tflm.cc"]
    kinds = {node.kind for node in GRAPH.nodes}
    assert methods_in(text) == [METHODS[kind] for kind in sorted(kinds)]
    assert f"MicroMutableOpResolver<{len(kinds)}>" in text


def test_operators_are_those_of_the_file_in_its_order() -> None:
    program = compile_tflm(FILE, "net", 4096).program
    static = compile_graph(read_tflite(FILE), "net").program
    assert [operator.kind for operator in program.operators] == [node.kind for node in GRAPH.nodes]
    assert {one.index: one.macs for one in static.operators}.items() <= {
        one.index: one.macs for one in program.operators
    }.items()
    constants = sum(tensor.data.nbytes for tensor in GRAPH.tensors if tensor.data is not None)
    assert sum(operator.weight_bytes for operator in program.operators) == constants
    for operator in program.operators:
        assert f"static __attribute__((noinline, used)) void {operator.symbol}(void)" in program.sources["net_model.c"]


def test_the_program_says_what_it_is_for() -> None:
    program = compile_tflm(FILE, "net", 4096, Engine.TFLM_CMSIS_NN).program
    assert (program.engine, program.arena_bytes, program.state_bytes) == (Engine.TFLM_CMSIS_NN, 4096, 4096)
    assert (program.input_bytes, program.output_bytes) == (72, 4)
    assert sorted(program.sources) == ["net_model.c", "net_model.h", "net_symbols.json", "net_tflm.cc"]
    assert "#define NET_STATE_BYTES 4096" in program.sources["net_model.h"]
    assert compile_graph(read_tflite(FILE), "net").program.engine is Engine.STATIC


def test_the_file_is_in_the_text_byte_for_byte_and_the_text_is_the_same_each_time() -> None:
    text = compile_tflm(FILE, "net", 4096).program.sources["net_model.c"]
    array = re.search(r"net_w_tflite\[(\d+)\] = \{([^}]*)\}", text)
    assert array is not None
    assert int(array[1]) == len(FILE)
    assert bytes(int(number) for number in array[2].replace("\n", "").rstrip(", ").split(",")) == FILE
    assert compile_tflm(FILE, "net", 4096).program == compile_tflm(FILE, "net", 4096).program


def test_operators_that_only_the_interpreter_has() -> None:
    data = chain("FLOOR", "CEIL", "FLOOR")
    with pytest.raises(UnsupportedOperatorError):
        read_tflite(data)
    model = compile_tflm(data, "net", 1024)
    assert methods_in(model.program.sources["net_tflm.cc"]) == ["AddCeil", "AddFloor"]
    assert [operator.name for operator in model.program.operators] == ["t1", "t2", "t3"]


@pytest.mark.parametrize("kind", ["REDUCE_MIN", "CONV_3D", "CUSTOM"])
def test_an_operator_that_it_lacks_is_refused_by_name(kind: str) -> None:
    with pytest.raises(UnsupportedOperatorError, match=kind):
        compile_tflm(chain("RELU", kind), "net", 1024)


@pytest.mark.parametrize("measured", [True, False])
def test_c_is_clean_and_hostile_names_stay_text(tmp_path: Path, measured: bool) -> None:
    evil = 'a"; */ int x; /* \\ ??/ \n #include "/etc/passwd" \x00 é {{ 7 * 7 }} %s'
    tensors = (Tensor(evil, (1, 4), DType.INT8, SCALE), Tensor(evil * 50, (1, 4), DType.INT8, SCALE))
    graph = Graph(tensors, (Node("RELU", (0,), (1,), ElementwiseAttributes()),), (0,), (1,))
    sources = compile_tflm(write_tflite(graph), "evil", 1024).program.sources
    for name, text in sources.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert "/etc/passwd" not in text or name == "evil_model.c"
    assert sources["evil_tflm.cc"] == compile_tflm(chain("RELU"), "evil", 1024).program.sources["evil_tflm.cc"]
    define = ["-DCONFIG_MLFORGE_MEASURE=1"] if measured else []
    includes = [f"-I{root() / 'runtime/include'}", f"-I{root() / 'zephyr/include'}"]
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler is not None
    done = subprocess.run(
        [compiler, *FLAGS, *define, *includes, str(tmp_path / "evil_model.c")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["", "1a", "a-b", "a b", "ä", "a" * 64, "x;int y", "../x"])
def test_name_must_be_an_identifier(name: str) -> None:
    with pytest.raises(ModelError, match="identifier"):
        compile_tflm(FILE, name, 1024)


@pytest.mark.parametrize("arena_bytes", [0, -16, 1 << 30])
def test_an_arena_must_have_a_size(arena_bytes: int) -> None:
    with pytest.raises(ModelError, match="arena"):
        compile_tflm(FILE, "net", arena_bytes)
    assert compile_tflm(FILE, "net", 1001).program.arena_bytes == 1008


def test_a_damaged_file_is_refused() -> None:
    generator = np.random.default_rng(1)
    refused = 0
    for _ in range(300):
        data = bytearray(chain("FLOOR", "FLOOR"))  # which the static engine's reader does not read before us
        for position in generator.integers(8, len(data), 3):
            data[position] = int(generator.integers(256))
        try:
            compile_tflm(bytes(data), "net", 1024)
        except ModelError:
            refused += 1
    assert refused > 100


def test_borders_that_no_descriptor_holds_are_refused() -> None:
    constant = Tensor("t1", (1, 4), DType.INT8, SCALE, np.zeros((1, 4), np.int8))
    tensors = (Tensor("t0", (1, 4), DType.INT8, SCALE), Tensor("t1", (1, 4), DType.INT8, SCALE))
    nodes = (Node("FLOOR", (0,), (1,), Attributes()),)
    graph = Graph(tensors, nodes, (0,), (1,))
    for broken, complaint in (
        (replace(graph, outputs=()), "0 outputs"),
        (replace(graph, tensors=(tensors[0], constant)), "is a constant"),
        (replace(graph, inputs=(7,)), "no tensor 7"),
    ):
        with pytest.raises(ModelError, match=complaint):
            compile_tflm(write_tflite(broken), "net", 1024)


def test_models_with_a_memory() -> None:
    """Operators of the subgraph that gives variables their first values are needed, too."""
    graph = next(g for seed in range(20) if (g := CASES["READ_VARIABLE"](Maker(seed))).tensors[-1].initial is not None)
    program = compile_tflm(write_tflite(graph), "m", 4096).program
    needed = {"AddCallOnce", "AddVarHandle", "AddReadVariable", "AddAssignVariable"}
    assert needed <= set(methods_in(program.sources["m_tflm.cc"]))
    assert ".variables = 1," in program.sources["m_model.c"]
    assert [one.name for one in program.operators if one.kind == "CALL_ONCE"] == ["call_once"]
    assert ".variables" not in compile_tflm(FILE, "m", 4096).program.sources["m_model.c"]
