"""The study's memory: what a kill leaves behind is settled, and damage is said."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event

from mlforge.errors import StudyError
from mlforge.study.memory.artefacts import ArtefactStore
from mlforge.study.memory.database import sqlite_url
from mlforge.study.memory.study_store import StudyStore
from mlforge.toolchain.files import write_atomically
from mlforge.toolchain.interrupts import uninterrupted
from tests.unit.study.fakes import HistoryProposer, trial


@pytest.fixture
def store(tmp_path: Path) -> StudyStore:
    return StudyStore(sqlite_url(tmp_path), "test", maximise=True)


def begin(store: StudyStore, number: int) -> None:
    proposal = HistoryProposer(1).propose(number, [])
    assert store.claim(number)
    store.begin(number, proposal.parameters, proposal.distributions)


def test_a_finished_trial_comes_back_whole(store: StudyStore) -> None:
    begin(store, 0)
    store.finish(trial(0))
    assert store.trials() == (trial(0),)


def opened_again(tmp_path: Path) -> StudyStore:
    """The study as another process sees it."""
    return StudyStore(sqlite_url(tmp_path), "test", maximise=True)


def forget(store: StudyStore) -> None:
    """As if the store's process had been killed: nobody renews its claims, and its lease is over."""
    store.claims._closed.set()
    with store.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE mlforge_claims SET beat_s = 0 WHERE owner = ?", (store.claims.owner,))


def test_an_interrupted_trial_is_counted_once_and_forgotten(store: StudyStore, tmp_path: Path) -> None:
    begin(store, 0)
    forget(store)
    other = opened_again(tmp_path)
    assert other.recover() == 1
    assert other.recover() == 0
    assert other.trials() == ()
    assert other.claim(0)


def test_a_living_process_keeps_its_trial(store: StudyStore, tmp_path: Path) -> None:
    begin(store, 0)
    other = opened_again(tmp_path)
    assert other.recover() == 0
    assert not other.claim(0)
    assert store.finish(trial(0))
    assert not other.claim(0)
    assert other.trials() == (trial(0),)


@pytest.mark.parametrize("method", ["settle", "_tell"])
def test_a_trial_killed_behind_its_record_is_finished(
    store: StudyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    begin(store, 0)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store.claims if method == "settle" else store, method, killed)
        with pytest.raises(KeyboardInterrupt):
            store.finish(trial(0))
    forget(store)
    other = opened_again(tmp_path)
    assert other.recover() == 0
    assert other.trials() == (trial(0),)
    assert not [one for one in other._optuna_trials() if not one.state.is_finished()]


def test_who_wakes_up_late_does_not_count(store: StudyStore, tmp_path: Path) -> None:
    begin(store, 0)
    forget(store)
    other = opened_again(tmp_path)
    assert other.claim(0)
    other.begin(0, {"units": 7}, HistoryProposer(1).propose(0, []).distributions)
    assert not store.finish(trial(0, value=0.81))
    assert other.finish(trial(0, value=0.95))
    assert not store.claim(0)
    assert store.trials() == (trial(0, value=0.95),)
    states = sorted(one.state.name for one in store._optuna_trials())
    assert states == ["COMPLETE", "FAIL"]


def test_finishing_what_was_not_begun_is_an_error(store: StudyStore) -> None:
    with pytest.raises(StudyError, match="not under way"):
        store.finish(trial(0))


def test_a_number_is_claimed_once(store: StudyStore) -> None:
    begin(store, 0)
    assert not store.claim(0)
    store.finish(trial(0))
    assert not store.claim(0)


def test_a_damaged_record_is_said(store: StudyStore) -> None:
    begin(store, 0)
    store.finish(trial(0))
    with store.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE trial_user_attributes SET value_json = '\"{}\"'")
    with pytest.raises(StudyError, match="trial 0 of the study is damaged"):
        opened_again_at(store).trials()


def opened_again_at(store: StudyStore) -> StudyStore:
    return StudyStore(store.database.url, "test", maximise=True)


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


@pytest.mark.parametrize("method", ["recover", "trials", "interruptions", "facts_of_all", "excuse_all"])
def test_ctrl_c_within_a_query_leaves_no_lock_behind(store: StudyStore, tmp_path: Path, method: str) -> None:
    begin(store, 0)
    store.finish(trial(0))
    begin(store, 1)
    event.listen(store.database.engine, "after_cursor_execute", interrupt_once())
    with pytest.raises(KeyboardInterrupt) as interruption:
        getattr(store, method)()
    assert interruption.value.__traceback__ is not None  # it keeps alive what its frames hold
    impatient = create_engine(sqlite_url(tmp_path), connect_args={"timeout": 0.2})
    with impatient.begin() as connection:
        connection.exec_driver_sql("UPDATE mlforge_claims SET beat_s = 0")


def test_a_second_ctrl_c_does_not_wait() -> None:
    reached = []
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        signal.raise_signal(signal.SIGINT)
        reached.append("after the first")
        signal.raise_signal(signal.SIGINT)
        reached.append("after the second")
    assert reached == ["after the first"]


def interrupt_once() -> Callable[..., None]:
    """A listener that presses Ctrl-C while the first query's cursor is open."""
    pressed = iter([signal.SIGINT])

    def press(*_: object) -> None:
        for number in pressed:
            signal.raise_signal(number)

    return press
