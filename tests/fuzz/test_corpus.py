"""Wrong models with one mistake each, and what a run of the fuzzer found once: each is refused by the right words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlforge.compiler import Isa, compile_graph, read_tflite
from mlforge.errors import ModelError
from tests.corpus.make_models import SOUND, WRONG
from tests.unit.compiler.tflite_writer import write_tflite

PLACE = Path(__file__).parents[1] / "corpus" / "models"
EXPECTED: dict[str, str] = json.loads((PLACE / "expected.json").read_text(encoding="utf-8"))


def test_the_sound_model_compiles() -> None:
    graph = read_tflite(write_tflite(SOUND))
    assert {isa: compile_graph(graph, "sound", isa).program.input_bytes for isa in Isa} == dict.fromkeys(Isa, 16)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_wrong_model_is_refused_by_the_right_words(name: str) -> None:
    with pytest.raises(ModelError) as caught:
        compile_graph(read_tflite((PLACE / f"{name}.bin").read_bytes()), "wrong")
    assert EXPECTED[name] in str(caught.value)


def test_files_are_those_that_the_script_makes() -> None:
    assert sorted(EXPECTED) == sorted(WRONG) == sorted(path.stem for path in PLACE.glob("*.bin"))
    for name, (make, words) in WRONG.items():
        assert (PLACE / f"{name}.bin").read_bytes() == make(), name
        assert EXPECTED[name] == words
