"""Many machines, one study: with a real PostgreSQL server, three worker processes, and one of them killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from mlforge.errors import StudyError
from mlforge.measure.ranking import winner
from mlforge.records.trial import Trial
from mlforge.study.events import Silent
from mlforge.study.loop import Study
from mlforge.study.memory import claims as claims_module
from mlforge.study.memory.artefacts import ArtefactStore, DatabaseArtefacts, artefacts_of
from mlforge.study.memory.claims import Claims
from mlforge.study.memory.database import Database, open_database
from mlforge.study.memory.result_cache import DatabaseResults
from mlforge.study.memory.study_store import StudyStore
from tests.programs import postgres
from tests.programs.require import require_packages
from tests.unit.study import fakes

BUDGET = 15
LEASE_S = 3.0

# A machine of its own: process ids of others mean nothing to it, so that only silence tells it of a death.
WORKER = """
import json, sys, time
root, url, name, seconds, log, lease_s, budget = sys.argv[1:]
sys.path.insert(0, root)
from mlforge.study.memory import claims
claims.machine = lambda: name
from mlforge.study.events import Silent
from mlforge.study.loop import Study
from mlforge.study.memory.study_store import StudyStore
from tests.unit.study import fakes

class Log(Silent):
    def stage(self, number, stage):
        with open(log, "a") as file:
            file.write(f"{name} {number}\\n")

def evaluate(*trial):
    while name != "victim" and not all(lines().count(each) >= 2 for each in ("left", "right")):
        time.sleep(0.05)  # until both have work, so that neither does it all while the other one still starts
    return fakes.evaluate(*trial, seconds=float(seconds))

def lines():
    with open(log) as file:
        return [line.split()[0] for line in file]

store = StudyStore(url, "many", maximise=True, lease_s=float(lease_s))
study = Study(store, fakes.HistoryProposer(1), evaluate, Log(), workers=2, shared=True, poll_s=0.1)
print(json.dumps([trial.to_json() for trial in study.run(int(budget))]))
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    postgres.require_postgres()
    with postgres.server() as url:
        yield url


@pytest.fixture
def empty(server: str) -> str:
    """The server's URL, with nothing in the database."""
    database = open_database(server)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    database.close()
    return server


@pytest.fixture
def database(empty: str) -> Iterator[Database]:
    with closing(open_database(empty)) as opened:
        yield opened


def start(url: str, name: str, log: Path, seconds: float) -> subprocess.Popen[str]:
    root = str(Path(__file__).parents[3])
    command = [sys.executable, "-c", WORKER, root, url, name, str(seconds), str(log), str(LEASE_S), str(BUDGET)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until_busy(log: Path, name: str, trials: int) -> None:
    for _ in range(2400):
        if log.is_file() and sum(line.startswith(name) for line in log.read_text().splitlines()) >= trials:
            return
        time.sleep(0.05)
    pytest.fail(f"{name} never started {trials} trials")


def test_three_workers_one_killed_finish_every_trial_once(empty: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    victim = start(empty, "victim", log, 1000.0)  # it is at its first trials when it dies
    wait_until_busy(log, "victim", 2)
    others = [start(empty, name, log, 0.3) for name in ("left", "right")]
    for name in ("left", "right"):
        wait_until_busy(log, name, 1)
    os.kill(victim.pid, signal.SIGKILL)
    victim.communicate()
    answers = []
    for worker in others:
        out, err = worker.communicate(timeout=200)
        assert worker.returncode == 0, err
        answers.append([Trial.from_json(text) for text in json.loads(out)])
    store = StudyStore(empty, "many", maximise=True)
    trials, evaluations = store.trials(), store._optuna_trials()
    store.close()
    assert [trial.number for trial in trials] == list(range(len(trials)))
    assert sum(trial.counts for trial in trials) == BUDGET
    assert answers == [list(trials)] * 2
    completed = [one for one in evaluations if "mlforge:trial" in one.user_attrs]
    assert len(completed) == len(trials)
    assert all(one.state.is_finished() for one in evaluations)
    assert sum("mlforge:interrupted" in one.user_attrs for one in evaluations) == 2
    chosen = winner(trials)
    assert chosen is not None
    assert [winner(answer) for answer in answers] == [chosen] * 2
    assert chosen.verdict is not None
    assert chosen.verdict.met


def test_machines_may_start_in_the_same_moment(empty: str) -> None:
    """All find no tables and make them."""
    with ThreadPoolExecutor(4) as pool:
        for opened in pool.map(open_database, [empty] * 4):
            opened.close()


def test_a_name_is_one_owners_at_a_time(database: Database) -> None:
    ours, theirs = Claims(database), Claims(database)
    assert ours.take("trial/0")
    assert not theirs.take("trial/0")
    assert theirs.take("trial/1")
    theirs.release("trial/0")  # nothing happens: it is not theirs
    assert not theirs.take("trial/0")
    ours.release("trial/0")
    assert theirs.take("trial/0")
    ours.close()
    theirs.close()


def test_a_dead_machines_claim_is_free_after_its_lease(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(claims_module, "machine", lambda: "elsewhere")
        dead = Claims(database, lease_s=1.0)
    assert dead.take("trial/x")
    living = Claims(database, lease_s=1.0)
    time.sleep(1.5)
    assert not living.take("trial/x")  # its heart beats
    dead._closed.set()
    time.sleep(1.5)
    assert living.take("trial/x")
    with pytest.raises(StudyError, match="taken over"):
        dead.settle("trial/x", "done")
    living.close()


def test_models_and_results_lie_where_every_machine_reaches_them(
    database: Database, empty: str, tmp_path: Path
) -> None:
    here, there = database, open_database(empty)
    artefacts = artefacts_of(here, tmp_path)
    assert isinstance(artefacts, DatabaseArtefacts)
    name = artefacts.put(bytes(range(256)) * 300)
    assert artefacts.put(bytes(range(256)) * 300) == name
    assert artefacts_of(there, tmp_path).get(name) == bytes(range(256)) * 300
    DatabaseResults(here).keep("k" * 64, "value")
    DatabaseResults(here).keep("k" * 64, "newer")
    assert DatabaseResults(there).find("k" * 64) == "newer"
    with here.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE mlforge_files SET content = 'changed'")
    with pytest.raises(StudyError, match="damaged"):
        artefacts_of(there, tmp_path).get(name)
    with pytest.raises(StudyError, match="missing"):
        artefacts_of(there, tmp_path).get("0" * 64)
    there.close()
    assert list(tmp_path.iterdir()) == []


def test_passwords_stay_out_of_every_message(server: str) -> None:
    wrong = server.replace(postgres.QUOTED, "wr%2Fong-pass")
    nowhere = server.rpartition("/")[0] + "/absent"
    closed = "postgresql://forge:wr%2Fong-pass@127.0.0.1:1/postgres?sslpassword=hidden"
    for url in (wrong, nowhere, closed, server.replace("postgresql:", "postgresql+nodriver:")):
        with pytest.raises(StudyError) as caught:
            open_database(url)
        chain = f"{caught.value}{caught.value.__cause__ or ''}"
        for secret in (postgres.PASSWORD, postgres.QUOTED, "wr/ong-pass", "wr%2Fong-pass", "hidden"):
            assert secret not in chain
        assert "forge@127.0.0.1" in chain


def test_optuna_dashboard_reads_the_study(empty: str) -> None:
    require_packages("optuna_dashboard")
    import threading
    import urllib.request
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    import optuna
    import optuna_dashboard as dashboard

    store = StudyStore(empty, "many", maximise=True)
    trials = Study(store, fakes.HistoryProposer(1), fakes.evaluate, Silent(), poll_s=0.1).run(5)

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_: object) -> None: ...

    storage = optuna.storages.RDBStorage(store.database.url.replace("postgresql://", "postgresql+psycopg://"))
    with make_server("127.0.0.1", 0, dashboard.wsgi(storage), handler_class=Quiet) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        with urllib.request.urlopen(f"http://127.0.0.1:{http.server_port}/api/studies", timeout=20) as answer:
            (study,) = json.load(answer)["study_summaries"]
        with urllib.request.urlopen(
            f"http://127.0.0.1:{http.server_port}/api/studies/{study['study_id']}?after=0", timeout=20
        ) as answer:
            detail = json.load(answer)
        http.shutdown()
    storage.remove_session()
    storage.engine.dispose()
    store.close()
    assert study["study_name"] == "many"
    assert len(detail["trials"]) == len(trials) >= 5


def test_beside_one_app_models_are_files(tmp_path: Path) -> None:
    with closing(open_database(f"sqlite:///{tmp_path / 'study.db'}")) as database:
        assert isinstance(artefacts_of(database, tmp_path), ArtefactStore)
        assert not database.shared
