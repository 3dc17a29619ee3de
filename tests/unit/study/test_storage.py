"""The study's memory: what a kill leaves behind is settled, and damage is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlforge.errors import StudyError
from mlforge.study.artefacts import ArtefactStore, write_atomically
from mlforge.study.database import sqlite_url
from mlforge.study.storage import StudyStore
from tests.unit.study.fakes import HistoryProposer, trial


@pytest.fixture
def store(tmp_path: Path) -> StudyStore:
    return StudyStore(sqlite_url(tmp_path), "test", maximise=True)


def begin(store: StudyStore, number: int) -> None:
    proposal = HistoryProposer(1).propose(number, [])
    store.begin(number, proposal.parameters, proposal.distributions)


def test_a_finished_trial_comes_back_whole(store: StudyStore) -> None:
    begin(store, 0)
    store.finish(trial(0))
    assert store.trials() == (trial(0),)


def test_an_interrupted_trial_is_counted_once_and_forgotten(store: StudyStore) -> None:
    begin(store, 0)
    assert store.recover() == 1
    assert store.recover() == 0
    assert store.trials() == ()


def test_a_trial_killed_between_record_and_state_is_finished(
    store: StudyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(store, 0)
    with monkeypatch.context() as patch:
        patch.setattr(store, "_tell", lambda *_: None)
        store.finish(trial(0))
    assert store.trials() == ()
    assert store.recover() == 0
    assert store.trials() == (trial(0),)


def test_finishing_what_was_not_begun_is_an_error(store: StudyStore) -> None:
    with pytest.raises(StudyError, match="not under way"):
        store.finish(trial(0))


def test_a_doubled_number_is_an_error(store: StudyStore) -> None:
    for _ in range(2):
        begin(store, 0)
        store.finish(trial(0))
    with pytest.raises(StudyError, match="twice"):
        store.trials()


def test_facts_are_kept(store: StudyStore) -> None:
    store.note(opened="yes")
    store.note(other="too")
    assert store.facts() == {"opened": "yes", "other": "too"}


def test_a_file_that_is_no_database_is_a_clear_error(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path)
    (tmp_path / ".mlforge" / "study.db").write_bytes(b"not a database" * 100)
    with pytest.raises(StudyError, match="cannot open the study"):
        StudyStore(url, "test", maximise=True)


def test_the_memory_ignores_itself_in_git(tmp_path: Path) -> None:
    sqlite_url(tmp_path)
    assert (tmp_path / ".mlforge" / ".gitignore").read_text() == "*\n"


def test_artefacts_are_checked_when_read(tmp_path: Path) -> None:
    artefacts = ArtefactStore(tmp_path)
    name = artefacts.put(b"model")
    assert artefacts.get(name) == b"model"
    write_atomically(tmp_path / name, b"other")
    with pytest.raises(StudyError, match="damaged"):
        artefacts.get(name)
    with pytest.raises(StudyError, match="missing"):
        artefacts.get("0" * 64)
