"""The picture of the arena: well-formed whatever names a file has, with every block where the plan puts it."""

from __future__ import annotations

from xml.etree import ElementTree

from mlforge.compiler import compile_graph
from mlforge.compiler.from_architecture import lower_architecture
from mlforge.compiler.graph import DType, Graph, Node, Quantization, Tensor
from mlforge.compiler.ops.shared.elementwise import ElementwiseAttributes
from mlforge.compiler.timeline import render_timeline
from tests.unit.compiler.test_reader import ARCHITECTURE

SVG = "{http://www.w3.org/2000/svg}"


def test_every_block_is_drawn_at_its_place() -> None:
    compiled = compile_graph(lower_architecture(ARCHITECTURE, 1), "net")
    picture = ElementTree.fromstring(render_timeline(compiled))
    groups = picture.findall(f"{SVG}g")
    titles = [group.findtext(f"{SVG}title") or "" for group in groups]
    assert len(groups) == len(compiled.plan.blocks)
    for block, group, title in zip(compiled.plan.blocks, groups, titles, strict=True):
        assert f"{block.size_bytes:,} bytes at {block.offset:,}" in title
        rectangle = group.find(f"{SVG}rect")
        assert rectangle is not None
        is_peak = block.offset + block.size_bytes == compiled.program.arena_bytes
        assert (rectangle.get("stroke") == "#c00000") == is_peak
        height = 420 * block.size_bytes / compiled.program.arena_bytes
        assert abs(float(rectangle.get("height") or 0) - height) < 0.02
    texts = [text.text for text in picture.findall(f"{SVG}text")]
    assert f"peak {compiled.program.arena_bytes:,}" in texts
    assert [text for text in texts if text in {operator.kind for operator in compiled.program.operators}]


def test_the_same_model_gives_the_same_picture() -> None:
    pictures = {render_timeline(compile_graph(lower_architecture(ARCHITECTURE, 1), "net")) for _ in range(2)}
    assert len(pictures) == 1


def test_hostile_names_stay_text() -> None:
    evil = '</title><script>alert("x")</script>&amp; \x00\x1b ]]> \ud800'
    tensors = tuple(Tensor(evil, (1, 4), DType.INT8, Quantization((0.5,), (0,))) for _ in range(2))
    graph = Graph(tensors, (Node("RELU", (0,), (1,), ElementwiseAttributes()),), (0,), (1,))
    text = render_timeline(compile_graph(graph, "evil"))
    assert "<script" not in text
    ElementTree.fromstring(text.encode())


def test_a_model_without_operators_has_a_picture() -> None:
    graph = Graph((Tensor("x", (1, 3), DType.INT8, Quantization((1.0,), (0,))),), (), (0,), (0,))
    assert "peak 4" in render_timeline(compile_graph(graph, "same"))
