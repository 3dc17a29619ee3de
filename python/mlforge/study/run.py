"""Runs a study: asks the proposer, evaluates, stores; resumes what a killed run left.

Reproducible with any number of workers: proposal n is made from the trials up to n - workers and nothing else, however
fast the others were. So the same contract and seed propose the same architectures, interrupted or not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from mlforge.errors import SearchError
from mlforge.records.trial import Trial
from mlforge.search.proposer import Proposal, Proposer
from mlforge.study.events import Observer
from mlforge.study.storage import StudyStore

Evaluate = Callable[[int, Proposal, Observer], Trial]


@dataclass(slots=True)
class Study:
    """One run of a study. `run` may be called again with a larger budget."""

    store: StudyStore
    proposer: Proposer
    evaluate: Evaluate
    observer: Observer
    workers: int = 1
    time_s: float | None = None  # wall time after which no further trial starts
    _finished: dict[int, Trial] = field(default_factory=dict)
    _pending: dict[Future[Trial], int] = field(default_factory=dict)
    exhausted: str = ""  # why the proposer gave up before the budget's end

    def run(self, budget: int) -> tuple[Trial, ...]:
        """Evaluates until `budget` trials are finished.

        Returns:
            the trials 0 … budget-1 (fewer where the time ran out or the space is exhausted), by number.

        Raises:
            StudyError: the store is damaged.
            KeyboardInterrupt: passed on; what is finished is stored.
        """
        retried = self.store.recover()
        self._finished = {trial.number: trial for trial in self.store.trials()}
        self.observer.begun(budget, [self._finished[number] for number in sorted(self._finished)], retried)
        deadline = time.monotonic() + self.time_s if self.time_s else None
        pool = ThreadPoolExecutor(self.workers, thread_name_prefix="trial")
        try:
            while self._start_what_is_ready(pool, budget, deadline) or self._pending:
                self._collect()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        return tuple(self._finished[number] for number in sorted(self._finished) if number < budget)

    def _start_what_is_ready(self, pool: ThreadPoolExecutor, budget: int, deadline: float | None) -> bool:
        """Submits every trial that may start now; says whether any was."""
        started = False
        while len(self._pending) < self.workers and (deadline is None or time.monotonic() < deadline):
            number = self._next_number()
            if number >= budget or self.exhausted or not self._knows_all_before(number):
                break
            started |= self._start(pool, number)
        return started

    def _start(self, pool: ThreadPoolExecutor, number: int) -> bool:
        self.observer.stage(number, "propose")
        visible = [self._finished[earlier] for earlier in range(number - self.workers + 1)]
        try:
            proposal = self.proposer.propose(number, visible)
        except SearchError as error:
            self.exhausted = str(error)
            return False
        self.store.begin(number, proposal.parameters, proposal.distributions)
        self._pending[pool.submit(self.evaluate, number, proposal, self.observer)] = number
        return True

    def _next_number(self) -> int:
        taken = self._finished.keys() | self._pending.values()
        return next(number for number in range(len(taken) + 1) if number not in taken)

    def _knows_all_before(self, number: int) -> bool:
        return all(earlier in self._finished for earlier in range(number - self.workers + 1))

    def _collect(self) -> None:
        done, _ = wait(self._pending, return_when=FIRST_COMPLETED)
        for future in sorted(done, key=self._pending.__getitem__):
            trial = future.result()
            del self._pending[future]
            self.store.finish(trial)
            self._finished[trial.number] = trial
            self.observer.ended(trial)
