"""The generated text: the same for the same model, clean for the compiler, safe whatever a file calls its tensors."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlforge.compiler import compile_graph
from mlforge.compiler.from_architecture import lower_architecture
from mlforge.compiler.graph import DType, Graph, Node, Quantization, Tensor
from mlforge.compiler.ops.pad import PadAttributes
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.ops.shared.window import Padding, WindowAttributes
from mlforge.errors import ModelError
from mlforge.toolchain.sources import root, runtime_includes, runtime_sources
from tests.programs.require import require_tools
from tests.unit.compiler.cases import inputs_for
from tests.unit.compiler.harness import FLAGS, run_models
from tests.unit.compiler.reference import Interpreter
from tests.unit.compiler.test_reader import ARCHITECTURE

PROGRAM = compile_graph(lower_architecture(ARCHITECTURE, 1), "net").program


def test_program_is_filled_in() -> None:
    assert sorted(PROGRAM.sources) == ["net_model.c", "net_model.h", "net_symbols.json"]
    assert (PROGRAM.model_symbol, PROGRAM.model_header) == ("net_model", "net_model.h")
    assert (PROGRAM.input_bytes, PROGRAM.output_bytes) == (72, 4)
    text = PROGRAM.sources["net_model.c"]
    for operator in PROGRAM.operators:
        assert f"static __attribute__((noinline)) void {operator.symbol}(uint8_t *arena)" in text
    conv = PROGRAM.operators[0]
    assert (conv.index, conv.kind, conv.name, conv.symbol) == (0, "CONV_2D", "l0", "net_op00_conv_2d")
    assert conv.macs == 12 * 4 * 9
    assert conv.weight_bytes == 4 * 12 + 4 * 8 + 4  # windows of 9 rounded up; bias and multiplier; shift


def test_text_is_identical_in_another_process() -> None:
    script = (
        "import hashlib; from tests.unit.compiler.test_emitter import PROGRAM as p;"
        "print(hashlib.sha256(repr(p).encode()).hexdigest())"
    )
    digests = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", script]
        done = subprocess.run(
            command, cwd=root(), env=environment, capture_output=True, text=True, timeout=60, check=True
        )
        digests.add(done.stdout)
    assert len(digests) == 1


@pytest.mark.parametrize("name", ["", "1a", "a-b", "a b", "ä", "a" * 64, "x;int y", "../x"])
def test_name_must_be_an_identifier(name: str) -> None:
    with pytest.raises(ModelError, match="identifier"):
        compile_graph(lower_architecture(ARCHITECTURE, 1), name)


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    evil = 'a"; */ int x; /* \\ ??/ \n #include "/etc/passwd" \x00 é {{ 7 * 7 }} %s'
    quantization = Quantization((0.5,), (0,))
    tensors = (Tensor(evil, (1, 4), DType.INT8, quantization), Tensor(evil * 50, (1, 4), DType.INT8, quantization))
    graph = Graph(tensors, (Node("RELU", (0,), (1,), ElementwiseAttributes()),), (0,), (1,))
    x = np.array([[[-3, -1, 1, 3]]], np.int8)
    results = run_models(tmp_path, {"evil": (compile_graph(graph, "evil"), [x])})
    np.testing.assert_array_equal(results["evil"][0].reshape(-1), [0, 0, 1, 3])


def test_model_without_operators(tmp_path: Path) -> None:
    graph = Graph((Tensor("x", (1, 3), DType.INT8, Quantization((1.0,), (0,))),), (), (0,), (0,))
    x = np.array([[[1, 2, 3]]], np.int8)
    assert run_models(tmp_path, {"same": (compile_graph(graph, "same"), [x])})["same"][0].tolist() == x.tolist()


def test_padding_is_folded_into_the_convolution(tmp_path: Path) -> None:
    quantization = Quantization((0.1,), (5,))
    random = np.random.default_rng(1)
    tensors = (
        Tensor("x", (1, 5, 6, 2), DType.INT8, quantization),
        Tensor("amounts", (4, 2), DType.INT32, None, np.array([[0, 0], [0, 1], [2, 1], [0, 0]], np.int32)),
        Tensor("padded", (1, 6, 9, 2), DType.INT8, quantization),
        Tensor(
            "w",
            (3, 3, 3, 2),
            DType.INT8,
            Quantization((0.01,), (0,)),
            random.integers(-127, 128, (3, 3, 3, 2), np.int8),
        ),
        Tensor("y", (1, 2, 4, 3), DType.INT8, Quantization((0.1,), (0,))),
    )
    attributes = WindowAttributes((2, 2), Padding.VALID)
    nodes = (Node("PAD", (0, 1), (2,), PadAttributes()), Node("CONV_2D", (2, 3), (4,), attributes))
    graph = Graph(tensors, nodes, (0,), (4,))
    folded, kept = compile_graph(graph, "folded"), compile_graph(replace(graph, outputs=(4, 2)), "kept")
    assert [operator.kind for operator in folded.program.operators] == ["CONV_2D"]
    assert [operator.kind for operator in kept.program.operators] == ["PAD", "CONV_2D"]
    inputs = inputs_for(graph, 3, 1)
    results = run_models(tmp_path, {"folded": (folded, inputs), "kept": (kept, inputs)})
    for vector in range(3):
        expected = Interpreter(graph).run([inputs[0][vector]])[0]
        np.testing.assert_array_equal(results["folded"][0][vector], expected)
        np.testing.assert_array_equal(results["kept"][0][vector], expected)


def test_operators_that_nothing_needs_are_dropped() -> None:
    quantization = Quantization((0.5,), (0,))
    tensors = tuple(Tensor(name, (1, 4), DType.INT8, quantization) for name in "xyz")
    nodes = tuple(Node("RELU", (0,), (index,), ElementwiseAttributes()) for index in (1, 2))
    program = compile_graph(Graph(tensors, nodes, (0,), (2,)), "m").program
    assert [operator.symbol for operator in program.operators] == ["m_op01_relu"]


def test_compiles_for_a_microcontroller_without_warnings(tmp_path: Path) -> None:
    for name, text in PROGRAM.sources.items():
        (tmp_path / name).write_text(text)
    flags = [*FLAGS, "-O2", "-mcpu=cortex-m4", "-mthumb", "-ffunction-sections", "-c"]
    includes = [f"-I{place}" for place in runtime_includes()]
    command: list[str | Path] = [
        "arm-none-eabi-gcc",
        *flags,
        *includes,
        tmp_path / "net_model.c",
        *runtime_sources("kernels"),
    ]
    require_tools("arm-none-eabi-gcc")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    symbols = subprocess.run(["arm-none-eabi-nm", tmp_path / "net_model.o"], capture_output=True, text=True, check=True)
    for operator in PROGRAM.operators:
        assert re.search(rf" t {operator.symbol}$", symbols.stdout, re.MULTILINE)
    assert not re.search(r" [bBdDC] ", symbols.stdout), "a compiled model has constants only"
