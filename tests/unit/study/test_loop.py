"""The study's loop: reproducible, resumable, and never losing or doubling a trial."""

from __future__ import annotations

import functools
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from mlforge.errors import MachineError, SearchError
from mlforge.records.architecture import Architecture, Head, Imported
from mlforge.records.trial import State, Trial
from mlforge.search.proposer import Proposal
from mlforge.study.events import Observer, Silent
from mlforge.study.loop import ATTEMPTS, DRAWS, Study
from mlforge.study.memory.study_store import StudyStore
from tests.unit.study import fakes

BUDGET = 12


def study(database: Path, *, workers: int = 1, seed: int = 1, seconds: float = 0.0, attempts: int = ATTEMPTS) -> Study:
    store = StudyStore(f"sqlite:///{database}", "test", maximise=True)
    evaluate = functools.partial(fakes.evaluate, seconds=seconds)
    return Study(store, fakes.HistoryProposer(seed), evaluate, Silent(), workers=workers, attempts=attempts)


def ids(trials: tuple[Trial, ...]) -> list[str]:
    return [trial.architecture.id for trial in trials]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_same_seed_proposes_the_same_whatever_the_timing(tmp_path: Path, workers: int) -> None:
    runs = [study(tmp_path / f"{run}.db", workers=workers, seconds=0.02).run(BUDGET) for run in range(2)]
    assert ids(runs[0]) == ids(runs[1])
    assert [trial.number for trial in runs[0]] == list(range(len(runs[0])))
    assert sum(trial.counts for trial in runs[0]) == BUDGET


def test_another_seed_proposes_others(tmp_path: Path) -> None:
    assert ids(study(tmp_path / "a.db", seed=1).run(5)) != ids(study(tmp_path / "b.db", seed=2).run(5))


def test_a_larger_budget_goes_on_where_the_smaller_one_ended(tmp_path: Path) -> None:
    study(tmp_path / "a.db").run(5)
    assert ids(study(tmp_path / "a.db").run(BUDGET)) == ids(study(tmp_path / "b.db").run(BUDGET))


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_another_proposal_is_drawn_for_each_that_is_rejected(tmp_path: Path, workers: int) -> None:
    """Whatever the timing: what is under way may yet be rejected, and not one trial is started too many."""
    running = study(tmp_path / "a.db", workers=workers, seconds=0.02)
    trials = running.run(BUDGET)
    rejected = [trial for trial in trials if trial.state is State.REJECTED]
    assert len(trials) == BUDGET + len(rejected) > BUDGET
    assert trials[-1].counts
    assert trials == running.store.trials()
    assert not running.exhausted


@pytest.mark.parametrize("workers", [1, 3])
def test_limits_that_nothing_keeps_end_a_study(tmp_path: Path, workers: int) -> None:
    running = study(tmp_path / "a.db", workers=workers)
    running.evaluate = lambda number, *_: fakes.trial(number, flash=3000, value=None)
    assert len(running.run(2)) == 2 * DRAWS
    assert running.exhausted == f"of {2 * DRAWS} proposals {2 * DRAWS} broke a limit before training"
    assert len(running.run(3)) == 3 * DRAWS
    assert running.exhausted == f"of {3 * DRAWS} proposals {3 * DRAWS} broke a limit before training"


def test_an_interrupt_in_an_evaluation_loses_nothing_finished(tmp_path: Path) -> None:
    calls = 0

    def stubborn(number, proposal, observer, visible):  # type: ignore[no-untyped-def]
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt
        return fakes.evaluate(number, proposal, observer)

    first = study(tmp_path / "a.db")
    first.evaluate = stubborn
    with pytest.raises(KeyboardInterrupt):
        first.run(BUDGET)
    assert len(first.store.trials()) == 3
    assert ids(study(tmp_path / "a.db").run(BUDGET)) == ids(study(tmp_path / "b.db").run(BUDGET))


def test_an_exhausted_proposer_ends_the_study_with_what_there_is(tmp_path: Path) -> None:
    class Tired(fakes.HistoryProposer):
        def propose(self, number, trials):  # type: ignore[no-untyped-def]
            if number == 3:
                raise SearchError("nothing new")
            return super().propose(number, trials)

    running = study(tmp_path / "a.db")
    running.proposer = Tired(1)
    assert len(running.run(BUDGET)) == 3
    assert running.exhausted == "nothing new"


def test_no_trial_starts_after_the_time_is_up(tmp_path: Path) -> None:
    running = study(tmp_path / "a.db", seconds=0.2)
    running.time_s = 0.3
    assert 0 < len(running.run(1000)) < 100


def test_kill_at_twenty_random_moments_loses_and_doubles_nothing(tmp_path: Path) -> None:
    database = tmp_path / "killed.db"
    program = (
        "import sys, pathlib; sys.path.insert(0, sys.argv[1])\n"
        "from tests.unit.study.test_loop import study\n"
        "study(pathlib.Path(sys.argv[2]), seconds=0.05).run(40)\n"
    )
    command = [sys.executable, "-c", program, str(Path(__file__).parents[3]), str(database)]
    started = time.monotonic()
    subprocess.run(["true"], check=True)
    moments = random.Random(20)
    for _ in range(20):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.3, 1.5))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert time.monotonic() - started < 120
    final = study(database).run(40)
    assert [trial.number for trial in final] == list(range(len(final)))
    assert sum(trial.counts for trial in final) == 40
    assert final == study(tmp_path / "whole.db").run(40)
    assert {trial.state for trial in final} == set(State)


SUICIDE = """
import os, pathlib, sys
sys.path.insert(0, sys.argv[1])
from tests.unit.study import fakes
from tests.unit.study.test_loop import study

def deadly(number, proposal, observer, visible):
    with open(sys.argv[3], "a") as log:
        log.write(f"{number}\\n")
    if number == 3:
        os.abort()
    return fakes.evaluate(number, proposal, observer, visible)

running = study(pathlib.Path(sys.argv[2]), workers=2)
running.evaluate = deadly
running.run(6)
"""


def test_what_kills_its_process_each_time_is_given_up_and_no_neighbour_with_it(tmp_path: Path) -> None:
    database, log = tmp_path / "deadly.db", tmp_path / "log"
    command = [sys.executable, "-c", SUICIDE, str(Path(__file__).parents[3]), str(database), str(log)]
    ends = [subprocess.run(command, stderr=subprocess.DEVNULL, timeout=60, check=False).returncode for _ in range(4)]
    assert ends == [-signal.SIGABRT] * ATTEMPTS + [0]
    assert log.read_text().split().count("3") == ATTEMPTS
    trials = study(database, workers=2).run(6)
    assert [trial.number for trial in trials if trial.failure and trial.failure.stage == "evaluate"] == [3]
    assert trials[3].state is State.FAILED
    assert trials[3].failure is not None
    assert "3 evaluations" in trials[3].failure.reason


def test_who_is_killed_from_outside_again_and_again_is_not_blamed(tmp_path: Path) -> None:
    """Power cuts, CI jobs that are cancelled: they leave no trace of a fault, however often."""
    database, log = tmp_path / "killed.db", tmp_path / "log"
    program = SUICIDE.replace("os.abort()", "os.kill(os.getpid(), 9)").replace("number == 3", "number == 0")
    command = [sys.executable, "-c", program, str(Path(__file__).parents[3]), str(database), str(log)]
    for _ in range(ATTEMPTS + 2):
        done = subprocess.run(command, stderr=subprocess.DEVNULL, timeout=60, check=False)
        assert done.returncode == -signal.SIGKILL
    assert log.read_text().split().count("0") == ATTEMPTS + 2
    assert study(database).run(4) == study(tmp_path / "whole.db").run(4)
    assert len(list(tmp_path.glob("last-words-*"))) <= 1, "what died without a word is cleared away"


@pytest.mark.parametrize("reason", [KeyboardInterrupt(), MachineError("no worker starts")])
def test_whoever_is_interrupted_on_purpose_or_by_the_machine_is_not_blamed(
    tmp_path: Path, reason: BaseException
) -> None:
    def stops(*_: object) -> Trial:
        raise reason

    for _ in range(ATTEMPTS + 1):
        running = study(tmp_path / "a.db")
        running.evaluate = stops
        with pytest.raises(type(reason)):
            running.run(1)
        running.store.close()
    assert study(tmp_path / "a.db").run(4) == study(tmp_path / "b.db").run(4)


def test_a_first_candidate_that_proposers_do_not_see(tmp_path: Path) -> None:
    first = Architecture((4,), (), 2, Head.SOFTMAX, imported=Imported("a", "b", "net.onnx"))
    one = study(tmp_path / "study.db")
    one.first, plain = first, one.evaluate

    def evaluate(number: int, proposal: Proposal, observer: Observer, visible: Sequence[Trial]) -> Trial:
        if proposal.architecture.imported:
            return Trial(number, State.TRAINED, proposal.architecture, proposal.parameters)
        return plain(number, proposal, observer, [trial for trial in visible if not trial.architecture.imported])

    one.evaluate = evaluate
    trials = one.run(3)
    assert [trial.number for trial in trials if trial.architecture.imported] == [0]
    second = fakes.HistoryProposer(1).propose(1, [])
    assert trials[1].architecture == second.architecture
