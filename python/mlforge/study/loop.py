"""Runs a study: asks the proposer, evaluates, stores; resumes what a killed run left.

Reproducible with any number of workers: proposal n is made from the trials up to n - workers and nothing else, however
fast the others were. So the same contract and seed propose the same architectures, interrupted or not. Several
processes beside one app keep to that rule together. Where machines share a study nobody waits for a neighbour: proposal
n is then made from whatever trials before it are finished when it is claimed, and so depends on their speed.

The budget is one of trainings. A trial that is rejected for its cost took a fraction of a second, so another one is
drawn in its place, with a number of its own, and the proposer is told why. Trial n belongs to the study exactly if
fewer than `budget` of the trials before it were not rejected, and n is less than `DRAWS` times the budget.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from mlforge.errors import MachineError, SearchError
from mlforge.records.architecture import Architecture
from mlforge.records.trial import Failure, State, Trial
from mlforge.search.proposer import Proposal, Proposer
from mlforge.study.events import Observer
from mlforge.study.memory.study_store import StudyStore
from mlforge.toolchain.machine import machine_failure

Evaluate = Callable[[int, Proposal, Observer, Sequence[Trial]], Trial]
POLL_S: Final = 1.0  # how often to look what other processes have finished, or left behind
DRAWS: Final = 20  # proposals for each trial of the budget, on average, before limits are taken to be out of reach
ATTEMPTS: Final = 3  # evaluations of one trial that may end with the death of their process


@dataclass(slots=True)
class Study:
    """One run of a study. `run` may be called again with a larger budget."""

    store: StudyStore
    proposer: Proposer
    evaluate: Evaluate  # number, proposal, observer, and the trials that the proposer saw
    observer: Observer
    workers: int = 1
    time_s: float | None = None  # wall time after which no further trial starts
    shared: bool = False  # whether several machines work on it
    poll_s: float = POLL_S
    attempts: int = ATTEMPTS
    first: Architecture | None = None  # the first proposal, of which proposers know nothing
    _finished: dict[int, Trial] = field(default_factory=dict)
    _pending: dict[Future[Trial], int] = field(default_factory=dict)
    exhausted: str = ""  # why the proposer gave up before the budget's end

    def run(self, budget: int) -> tuple[Trial, ...]:
        """Evaluates until `budget` trials are finished that were not rejected for their cost, by whomever.

        Returns:
            those and the rejected ones between them (fewer where the time ran out, the space is exhausted, or hardly a
            proposal keeps the limits), by number.

        Raises:
            StudyError: the store is damaged.
            MachineError, KeyboardInterrupt: passed on; what is finished is stored, and no trial is blamed.
        """
        self.exhausted = ""
        retried = self.store.recover()
        self._finished = {trial.number: trial for trial in self.store.trials()}
        self.observer.begun(budget, [self._finished[number] for number in sorted(self._finished)], retried)
        deadline = time.monotonic() + self.time_s if self.time_s else None
        pool = ThreadPoolExecutor(self.workers, thread_name_prefix="trial")
        try:
            while True:
                started = self._start_what_is_ready(pool, budget, deadline)
                if self._pending:
                    self._collect()
                elif not started and not self._waits_for_others(budget, deadline):
                    break
        except (KeyboardInterrupt, MachineError):
            self.store.excuse_all()
            raise
        except Exception as error:
            if failure := machine_failure(error):
                self.store.excuse_all()
                raise failure from error
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            self.store.release_all()
        return tuple(self._concluded(budget))

    def _start_what_is_ready(self, pool: ThreadPoolExecutor, budget: int, deadline: float | None) -> bool:
        """Submits every trial that may start now; says whether any was."""
        started = False
        for number in self._open_numbers(budget):
            if self.exhausted or _passed(deadline) or not self._has_room_for(number):
                break
            if not (self.shared or self._knows_all_before(number)):
                break
            started |= self.store.claim(number) and self._start(pool, number)
        return started

    def _has_room_for(self, number: int) -> bool:
        """Whether it may start beside what is under way. A trial that may have ended its process is evaluated alone, so
        that no neighbour is blamed for it."""
        suspects = self.store.interruptions().keys()
        alone = not suspects.isdisjoint({number, *self._pending.values()})
        return len(self._pending) < (1 if alone else self.workers)

    def _start(self, pool: ThreadPoolExecutor, number: int) -> bool:
        self.observer.stage(number, "propose")
        if self.shared:
            self._learn()
            visible = [self._finished[earlier] for earlier in sorted(self._finished) if earlier < number]
        else:
            visible = [self._finished[earlier] for earlier in range(number - self.workers + 1)]
        try:
            proposal = self._proposal(number, visible)
        except SearchError as error:
            self.exhausted = str(error)
            self.store.release(number)
            return False
        attempts = self.store.interruptions().get(number, 0)
        evaluate = self.evaluate if attempts < self.attempts else partial(_given_up, attempts)
        self.store.begin(number, proposal.parameters, proposal.distributions)
        self._pending[pool.submit(evaluate, number, proposal, self.observer, visible)] = number
        return True

    def _proposal(self, number: int, visible: Sequence[Trial]) -> Proposal:
        if number == 0 and self.first is not None:
            return Proposal(self.first, {}, proposer="from")
        return self.proposer.propose(number, [trial for trial in visible if trial.architecture.imported is None])

    def _concluded(self, budget: int) -> list[Trial]:
        """The finished trials of the budget, by number."""
        trials = [self._finished[number] for number in self._numbers(budget) if number in self._finished]
        counted = sum(trial.counts for trial in trials)
        if len(trials) >= DRAWS * budget and counted < budget:
            self.exhausted = f"of {len(trials)} proposals {len(trials) - counted} broke a limit before training"
        return trials

    def _numbers(self, budget: int) -> Iterator[int]:
        """The trials of the budget, as far as is known: one that is not finished may yet be rejected, and another one
        takes its place then. So no number is ever too many, whatever the timing."""
        counted = 0
        for number in range(DRAWS * budget):
            if counted >= budget:
                return
            yield number
            trial = self._finished.get(number)
            counted += trial is None or trial.counts

    def _open_numbers(self, budget: int) -> Iterator[int]:
        """Trials that this process neither knows to be finished nor is at, in order."""
        taken = self._finished.keys() | set(self._pending.values())
        return (number for number in self._numbers(budget) if number not in taken)

    def _knows_all_before(self, number: int) -> bool:
        return all(earlier in self._finished for earlier in range(number - self.workers + 1))

    def _collect(self) -> None:
        """Waits for one of our own trials, and looks now and then at what others have done."""
        done, _ = wait(self._pending, timeout=self.poll_s, return_when=FIRST_COMPLETED)
        for future in sorted(done, key=self._pending.__getitem__):
            trial = future.result()
            del self._pending[future]
            if self.store.finish(trial):
                self._end(trial)
        if not done:
            self._look_around()

    def _waits_for_others(self, budget: int, deadline: float | None) -> bool:
        """Waits a little for what other processes are at; says whether there is any reason to go on."""
        before = len(self._finished)
        self._look_around()
        if self.exhausted or _passed(deadline) or not any(True for _ in self._open_numbers(budget)):
            return False
        if len(self._finished) == before:
            time.sleep(self.poll_s)
        return True

    def _look_around(self) -> None:
        self.store.recover()
        self._learn()

    def _learn(self) -> None:
        for trial in self.store.trials(known=self._finished):
            self._end(trial)

    def _end(self, trial: Trial) -> None:
        self._finished[trial.number] = trial
        self.observer.ended(trial)


def _given_up(attempts: int, number: int, proposal: Proposal, _: Observer, __: Sequence[Trial]) -> Trial:
    """What stands for a trial whose evaluation ends the process each time: else a study would never get beyond it."""
    return Trial(
        number=number,
        state=State.FAILED,
        architecture=proposal.architecture,
        parameters=dict(proposal.parameters),
        failure=Failure(
            "evaluate", f"{attempts} evaluations died with their process; the machine may have run out of memory"
        ),
        proposer=proposal.proposer,
        reasoning=proposal.reasoning,
        handed_over=proposal.handed_over,
    )


def _passed(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() >= deadline
