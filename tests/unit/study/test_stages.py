"""`verify` says at once where it can measure nothing, and finds the float model whatever became of the contract."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mlforge.app.paths import memory_directory
from mlforge.contract.load import load_contract
from mlforge.errors import TargetUnavailableError
from mlforge.study.memory.database import sqlite_url
from mlforge.study.memory.study_store import StudyStore
from mlforge.study.stages import verify
from tests.programs.locked_app import locked_app
from tests.unit.study import fakes


@pytest.mark.parametrize("name", ["host", "zephyr:native_sim"])
def test_what_measures_nothing_is_refused_at_once(tmp_path: Path, name: str) -> None:
    said: list[str] = []
    with pytest.raises(TargetUnavailableError) as caught:
        verify(load_contract(locked_app(tmp_path)), name, say=said.append)
    assert not said
    assert "measures" in caught.value.message or "cannot be used here" in caught.value.message


def test_a_model_is_known_by_the_study_that_made_it(tmp_path: Path) -> None:
    memory_directory(tmp_path)
    url = sqlite_url(tmp_path)
    made = replace(fakes.trial(0), artefacts={"model.tflite": "a" * 64, "model.keras": "b" * 64})
    first = StudyStore(url, "before-the-limit-changed", maximise=True)
    assert first.claim(0)
    first.begin(0, {}, {})
    assert first.finish(made)
    first.close()
    second = StudyStore(url, "after", maximise=True)
    assert second.maker_of("a" * 64) == made
    assert second.maker_of("c" * 64) is None
    assert second.trials() == ()
    second.close()
