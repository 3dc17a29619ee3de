"""Which deaths are an evaluation's own: fatal signals and memory that ran out; nothing that came from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlforge.study.memory import deaths
from mlforge.study.memory.deaths import Witness, died_of_itself

BEFORE = Witness("this boot", 4, "last-words-1-ab").to_dict()


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deaths, "_boot", lambda: "this boot")
    monkeypatch.setattr(deaths, "_out_of_memory", lambda: 4)


def test_a_death_without_a_trace_came_from_outside(tmp_path: Path) -> None:
    assert not died_of_itself(BEFORE, tmp_path)
    (tmp_path / "last-words-1-ab").touch()
    assert not died_of_itself(BEFORE, tmp_path)


def test_last_words_tell(tmp_path: Path) -> None:
    (tmp_path / "last-words-1-ab").write_text("Fatal Python error: Segmentation fault")
    assert died_of_itself(BEFORE, tmp_path)


def test_memory_that_ran_out_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deaths, "_out_of_memory", lambda: 5)
    assert died_of_itself(BEFORE, tmp_path)


def test_a_machine_that_went_down_blames_nobody(tmp_path: Path) -> None:
    (tmp_path / "last-words-1-ab").write_text("x")
    assert not died_of_itself({**BEFORE, "boot": "another"}, tmp_path)


@pytest.mark.parametrize("found", [None, {}, {"out_of_memory": -1}])
def test_where_nobody_can_tell_it_counts(found: dict[str, object] | None, tmp_path: Path) -> None:
    assert died_of_itself(found, tmp_path)
    assert died_of_itself(BEFORE, None)


def test_no_other_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    assert not died_of_itself({**BEFORE, "words": "../secret"}, tmp_path / "inside")
    assert not died_of_itself({**BEFORE, "words": "last-words-/../../secret"}, tmp_path)
