"""What a model may write: read by type, validated, bounded; the rest is a complaint, and nothing is executed."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any, get_args

import pytest

from mlforge.errors import ArchitectureError
from mlforge.records.architecture import Architecture, Conv, Dense, GlobalAveragePool, Head, Layer, Residual, Trees
from mlforge.search.agent.answer import ComplaintError, one_sentence, read_answer
from mlforge.search.agent.bounds import check_bounds
from mlforge.search.agent.schema import answer_schema, without_pair_menus
from mlforge.search.sizes import layer_sizes
from tests.unit.search.agent.endpoint import proposal
from tests.unit.search.agent.scripted import POOL, conv, task

FRAME = task().frame


def read(text: str, flash_bytes: int | None = 12_000, questions: int = 4) -> Any:
    return read_answer(text, FRAME, flash_bytes, questions)


@pytest.mark.parametrize("wrap", ["{}", "```json\n{}\n```", "Sure! Here it is: {} I hope it helps."])
def test_a_good_answer_is_read_wherever_it_stands(wrap: str) -> None:
    answer = read(wrap.replace("{}", proposal([conv(), POOL])))
    assert answer.propose
    assert answer.architectures == (
        Architecture((128, 1, 6), (Conv(8, (3, 1), (2, 1)), GlobalAveragePool()), 7, Head.SOFTMAX),
    )
    assert answer.reasoning == "because"


WITNESS = Path(tempfile.gettempdir()) / f"mlforge-executed-{os.getpid()}"
INJECTION = f"__import__('pathlib').Path({str(WITNESS)!r}).touch()"
BAD = {
    "no object": "I would rather not",
    "half an object": '{"reasoning": "x", "action": "prop',
    "a list": "[1, 2]",
    "an action that is none": proposal([conv()], action="train"),
    "nobody asked for that key": '{"action": "propose", "architectures": [{"layers": [1]}], "code": "import os"}',
    "no layers": proposal([]),
    "layers that are text": json.dumps({"action": "propose", "architectures": [{"layers": INJECTION}]}),
    "a kind that is none": proposal([{"kind": "Lambda", "function": INJECTION}]),
    "a kind of Python's": proposal([{"kind": "os.system", "args": "ls"}]),
    "code for a number": proposal([{**conv(), "filters": INJECTION}]),
    "a field too many": proposal([{**conv(), "init": INJECTION}]),
    "a fraction": proposal([{**conv(), "filters": 7.5}]),
    "true for a number": proposal([{**conv(), "filters": True}]),
    "no filters": proposal([{**conv(), "filters": 0}]),
    "not a number": proposal([{"kind": "Dropout", "rate": float("nan")}]),
    "beyond any number": proposal([conv()]).replace('"filters": 8', '"filters": ' + "9" * 5000),
    "beyond any float": proposal([{"kind": "Dropout", "rate": 0.5}]).replace("0.5", "1e999"),
    "deep": '{"action": ' + "[" * 30_000,
    "weights that cannot fit": proposal([conv(128), conv(128)]),
    "a tensor beyond the language": proposal([conv(10**9)]),
    "too long": proposal([conv()] * 3000),
    "two proposals": json.dumps({"action": "propose", "architectures": [{"layers": [conv()]}] * 2}),
    "more questions than allowed": json.dumps({"action": "cost", "architectures": [{"layers": [conv()]}] * 5}),
    "another input": json.dumps({"action": "propose", "architectures": [{"layers": [conv()], "outputs": 99}]}),
    "a null": "null {null}",
    "a lone surrogate": '{"\\ud800": 1}',
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_anything_else_is_a_complaint_in_printable_words(text: str) -> None:
    with pytest.raises(ComplaintError) as caught:
        read(text)
    assert not WITNESS.exists()
    assert 10 < len(str(caught.value)) < 800


def test_no_cost_can_be_asked_for_without_a_budget() -> None:
    with pytest.raises(ComplaintError, match="propose"):
        read(proposal([conv()], action="cost"), questions=0)


@pytest.mark.parametrize(
    "evil", ["\x1b[31mred\x1b]0;title\x07", "a\u202eb", "x\r\ny\x00", "\ud800", "\U000e0041tag", "z" * 9999]
)
def test_reasoning_is_one_bounded_printable_line(evil: str) -> None:
    line = read(proposal([conv(), POOL], reasoning=evil)).reasoning
    assert line.isprintable() or line == ""
    assert len(line) <= 300
    assert one_sentence(["no", "text"]) == ""


def test_bounds_refuse_what_would_exhaust_the_host() -> None:
    def design(*layers: Layer, shape: tuple[int, ...] = (4096, 1, 16)) -> Architecture:
        return Architecture(shape, layers, 2, Head.SOFTMAX)

    with pytest.raises(ArchitectureError, match="multiplications"):
        check_bounds(design(Conv(128, (3, 1)), Conv(128, (3, 1)), GlobalAveragePool()), None)
    with pytest.raises(ArchitectureError, match="weights"):
        check_bounds(design(Dense(1000), shape=(4000,)), None)
    with pytest.raises(ArchitectureError, match="values: at most"):
        check_bounds(design(Conv(300, (1, 1)), Conv(1, (1, 1)), GlobalAveragePool()), None)
    with pytest.raises(ArchitectureError, match="layers: at most"):
        check_bounds(design(*[Dense(2)] * 60, shape=(4,)), None)
    check_bounds(design(Dense(10), shape=(40,)), 500)
    with pytest.raises(ArchitectureError, match="weights alone take 420 bytes of the 300"):
        check_bounds(design(Dense(10), shape=(40,)), 300)


def test_layer_sizes_are_those_of_the_layers() -> None:
    body = (Conv(8, (3, 1)),)
    sizes = layer_sizes(
        Architecture((16, 1, 4), (Conv(8, (3, 1), (2, 1)), Residual(body), GlobalAveragePool()), 3, Head.SOFTMAX)
    )
    assert [(size.path, size.output_bytes, size.weights, size.macs) for size in sizes] == [
        ("layers[0]", 64, 96, 768),
        ("layers[1].body[0]", 64, 192, 1536),
        ("layers[1]", 64, 0, 0),
        ("layers[2]", 8, 0, 0),
        ("output", 3, 24, 24),
    ]


def objects(schema: Any) -> list[dict[str, Any]]:
    inner = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    found = [one for value in inner for one in objects(value)]
    return [schema, *found] if isinstance(schema, dict) and schema.get("type") == "object" else found


def test_the_schema_has_every_layer_with_every_field() -> None:
    layers = answer_schema((128, 1, 6), questions=4)["properties"]["architectures"]["items"]["properties"]["layers"]
    kinds = {one["properties"]["kind"]["enum"][0]: one for one in layers["items"]["anyOf"]}
    assert kinds.keys() == {kind.__name__ for kind in get_args(Layer) if kind is not Trees}  # the agent's are networks
    assert set(kinds["Conv"]["properties"]) == {
        "kind",
        "filters",
        "kernel",
        "stride",
        "padding",
        "activation",
        "batch_norm",
    }
    assert [3, 1] in kinds["Conv"]["properties"]["kernel"]["enum"]
    flat = answer_schema((8,), questions=0)
    assert flat["properties"]["action"]["enum"] == ["propose"]
    assert "Conv" not in json.dumps(flat)


@pytest.mark.parametrize("shape", [(128, 1, 6), (32, 32, 3), (20,)])
def test_the_schema_is_strict_and_has_no_numeric_bounds(shape: tuple[int, ...]) -> None:
    schema = answer_schema(shape, questions=3)
    for one in objects(schema):
        assert one["additionalProperties"] is False
        assert one["required"] == list(one["properties"])
    assert not any(word in json.dumps(schema) for word in ("minimum", "maximum", "$ref"))
    lists = [member for member in json.dumps(without_pair_menus(schema)).split('"enum": ') if member.startswith("[[")]
    assert lists == []
