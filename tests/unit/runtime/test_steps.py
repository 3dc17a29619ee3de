"""An inference one operator at a time: the same bytes as at once, in as many calls as there are operators."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from mlforge.compiler import compile_graph
from mlforge.compiler.graph import Graph, Node
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.toolchain.sources import runtime_includes, runtime_sources
from tests.unit.compiler.cases import Maker
from tests.unit.compiler.harness import FLAGS, SANITIZE
from tests.unit.compiler.kernel_library import kernel_library

HERE = Path(__file__).parent


def three_operators() -> Graph:
    m = Maker(1)
    values = [m.activation((1, 5, 3)) for _ in range(4)]
    nodes = [
        Node(kind, (values[i],), (values[i + 1],), ElementwiseAttributes())
        for i, kind in enumerate(("RELU", "ABS", "ABS"))
    ]
    return Graph(tuple(m.tensors), tuple(nodes), (values[0],), (values[3],))


def test_the_same_bytes_in_as_many_calls_as_operators(tmp_path: Path) -> None:
    compiled = compile_graph(three_operators(), "net")
    for name, text in compiled.program.sources.items():
        (tmp_path / name).write_text(text)
    program = tmp_path / "steps"
    compiler, flags = [os.environ.get("CC", "cc")], (*FLAGS, "-O1", *SANITIZE)
    sources = [
        *runtime_sources("decision"),
        tmp_path / "net_model.c",
        HERE / "steps.c",
        kernel_library(compiler, flags),
    ]
    includes = [f"-I{place}" for place in (tmp_path, *runtime_includes())]
    command = [*compiler, *flags, *includes, *map(str, sources), "-o", str(program)]
    built = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert built.returncode == 0, built.stderr[:2000]
    done = subprocess.run([program], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout.split()) == (0, ["3"] * 3)
