"""Options of custom operators come from anywhere: whatever they are, the reader says what is wrong with them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from flatbuffers import flexbuffers

from mlforge.compiler import compile_graph, read_tflite
from mlforge.compiler.ops import CUSTOM_OPERATORS
from mlforge.compiler.ops.nearest import unknown_custom_operator
from mlforge.compiler.ops.signal.operator import SignalAttributes
from mlforge.compiler.ops.signal.options import read_options
from mlforge.errors import ForgeError, ModelError, UnsupportedOperatorError
from tests.unit.compiler.cases import Maker
from tests.unit.compiler.cases_signal import CASES
from tests.unit.compiler.tflite_writer import write_tflite

GOOD = bytes(flexbuffers.Dumps({"frame_size": 480, "frame_step": 320, "prefill": True}))


def test_integers_and_truths() -> None:
    assert read_options("X", GOOD) == {"frame_size": 480, "frame_step": 320, "prefill": 1}
    assert read_options("X", b"") == {}


@pytest.mark.parametrize("data", [[1, 2], 7, "text", {"shift": 1.5}, {"shift": "12"}, {"shift": None}, {"shift": [1]}])
def test_no_map_of_integers(data: object) -> None:
    with pytest.raises(ModelError):
        read_options("X", bytes(flexbuffers.Dumps(data)))


def test_many_options() -> None:
    with pytest.raises(ModelError, match="33 options"):
        read_options("X", bytes(flexbuffers.Dumps({f"o{at:02d}": at for at in range(33)})))


def test_bytes_that_were_changed_cut_or_made_up() -> None:
    chance = Random(1)
    for _ in range(3000):
        data = bytearray(GOOD)
        for _ in range(chance.randint(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        for one in (bytes(data), bytes(data[: chance.randrange(len(data))]), chance.randbytes(chance.randrange(40))):
            try:
                assert all(isinstance(value, int) for value in read_options("X", one).values())
            except ModelError as error:
                assert "X: " in str(error)


@pytest.mark.parametrize("kind", sorted(CASES))
def test_options_out_of_range(kind: str) -> None:
    """Each option in turn far too large, too small, gone, or beside one that nobody knows."""
    refused = 0
    for seed in range(4):
        graph = CASES[kind](Maker(seed))
        node = graph.nodes[0]
        values = node.attributes_as(SignalAttributes).values
        limits = (-1, -(1 << 31), (1 << 31) - 1, 1 << 40)
        changes: list[dict[str, int | None]] = [{name: value} for name, _ in values for value in limits]
        changes += [{name: None} for name, _ in values]
        changes.append({"zzz": 1})
        for change in changes:
            pairs: dict[str, int | None] = {**dict(values), **change}
            told = SignalAttributes(tuple((name, value) for name, value in pairs.items() if value is not None))
            data = write_tflite(replace(graph, nodes=(replace(node, attributes=told),)))
            try:
                compile_graph(read_tflite(data), "m")
            except ForgeError as error:
                refused += 1
                assert kind in str(error)
    assert refused >= (4 if CUSTOM_OPERATORS[kind].options_of else 0)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "cure"), [("ethos-u", "Vela"), ("FlexRFFT", "TFLITE_BUILTINS_INT8"), ("TFLite_Detection", "SignalRfft")]
)
def test_other_custom_operators_name_a_way(name: str, cure: str) -> None:
    error = unknown_custom_operator(name, CUSTOM_OPERATORS)
    assert isinstance(error, UnsupportedOperatorError)
    assert cure in error.hint
