"""The study's memory: an Optuna storage, in which each evaluation of one of our Trials is one Optuna trial.

Our numbering is our own, without gaps, because Optuna's also counts interrupted evaluations. Any number of processes
may work on a study. Whoever wants to evaluate trial n claims it (claims.py); `begin` stores an Optuna trial as
RUNNING with its parameters; `finish` adds the whole record, settles the claim, and then sets the final state. The
settled claim names the one Optuna trial that counts, so that a trial is finished exactly once, whatever is killed when,
and even where a process wakes up whose trial was taken over in its sleep.
"""

from __future__ import annotations

import contextlib
import warnings
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from mlforge.errors import StudyError
from mlforge.records.trial import Parameter, State, Trial
from mlforge.study.memory.claims import LEASE_S, Claims, LostClaimError
from mlforge.study.memory.database import open_database
from mlforge.study.memory.deaths import LastWords, died_of_itself
from mlforge.toolchain.interrupts import uninterrupted

if TYPE_CHECKING:
    import optuna

NUMBER: Final = "mlforge:number"
RECORD: Final = "mlforge:trial"
INTERRUPTED: Final = "mlforge:interrupted"
WITNESS: Final = "mlforge:witness"
EXCUSED: Final = "mlforge:excused"  # interrupted on purpose, or by what has nothing to do with the trial
FACT: Final = "mlforge:fact:"


class StudyStore:
    """One study in one database. Use from one thread. Ctrl-C waits for the end of each method."""

    def __init__(self, storage: str, name: str, *, maximise: bool, lease_s: float = LEASE_S) -> None:
        """Opens or creates.

        Args:
            storage: an SQLAlchemy URL; see study/memory/database.py.
            lease_s: after so much silence of a process on another machine its trials are evaluated again.

        Raises:
            StudyError: the storage cannot be opened, or holds something else.
        """
        import optuna

        self._optuna = optuna
        self.database = open_database(storage)
        self.claims = Claims(self.database, lease_s=lease_s)
        self._prefix = f"trial/{name}/"
        self._last_words = LastWords(self.database.directory)
        self._begun: dict[int, int] = {}  # our number to Optuna's
        self._study = optuna.create_study(
            storage=self.database.storage,
            study_name=name,
            direction="maximize" if maximise else "minimize",
            load_if_exists=True,
        )

    @uninterrupted()
    def close(self) -> None:
        """Gives back what is claimed, and lets go of the database."""
        self._begun.clear()
        self._last_words.close()
        self.claims.close()
        self.database.close()

    @uninterrupted()
    def recover(self) -> int:
        """Settles what dead processes left open; what living ones are at is left to them.

        Returns:
            how many evaluations were interrupted: their trials may be claimed again.
        """
        interrupted = 0
        settled = self.claims.settled(self._prefix)  # read first: what is settled has its record
        for frozen in self._optuna_trials(self._optuna.trial.TrialState.RUNNING):
            number = frozen.user_attrs.get(NUMBER)
            if number is None or self._begun.get(number) == frozen.number:
                continue
            if outcome := settled.get(str(number)):
                self._close(frozen, keep=outcome == str(frozen.number))
            elif self.claims.take(self._name(number)):
                interrupted += not self._salvaged(number, frozen)
        return interrupted

    @uninterrupted()
    def trials(self, known: Container[int] = ()) -> tuple[Trial, ...]:
        """Every finished trial whose number is not in `known`, by number.

        Raises:
            StudyError: a record is missing or damaged.
        """
        settled = {int(number): int(outcome) for number, outcome in self.claims.settled(self._prefix).items()}
        wanted = sorted(number for number in settled if number not in known)
        kept = {frozen.number: frozen for frozen in self._optuna_trials()} if wanted else {}
        return tuple(self._record(number, kept.get(settled[number])) for number in wanted)

    @uninterrupted()
    def maker_of(self, artefact: str) -> Trial | None:
        """The trial, of this study or any other in the database, that left an artefact with that SHA-256; None where
        there is none. A contract that changes starts another study, and the model stays what it was."""
        for name in (self._study.study_name, *self._optuna.get_all_study_names(self.database.storage)):
            study = self._optuna.load_study(study_name=name, storage=self.database.storage)
            for frozen in study.get_trials(deepcopy=False):
                if artefact in frozen.user_attrs.get(RECORD, ""):
                    return self._record(frozen.user_attrs[NUMBER], frozen)
        return None

    @uninterrupted()
    def claim(self, number: int) -> bool:
        """Takes trial `number` on; False where it is finished, or a living process is at it."""
        return number not in self._begun and self.claims.take(self._name(number))

    @uninterrupted()
    def release(self, number: int) -> None:
        """Gives a claim back that was not begun."""
        self.claims.release(self._name(number))

    @uninterrupted()
    def interruptions(self) -> Mapping[int, int]:
        """How many evaluations of each trial ended their process, or may have; see study/memory/deaths.py."""
        attributes = [frozen.user_attrs for frozen in self._optuna_trials(self._optuna.trial.TrialState.FAIL)]
        return Counter(noted[NUMBER] for noted in attributes if INTERRUPTED in noted and EXCUSED not in noted)

    @uninterrupted()
    def excuse_all(self) -> None:
        """Notes that what is under way here ends for a reason outside of the trials; they are evaluated again. Where
        that cannot be stored either, whoever finds them sees no trace of a fault of theirs."""
        from sqlalchemy.exc import SQLAlchemyError

        unstorable = (self._optuna.exceptions.StorageInternalError, self._optuna.exceptions.UpdateFinishedTrialError)
        with contextlib.suppress(SQLAlchemyError, *unstorable):
            trials = self._study.get_trials(deepcopy=False)
            for number in self._begun.values():
                with contextlib.suppress(self._optuna.exceptions.UpdateFinishedTrialError):
                    self._optuna.Trial(self._study, trials[number]._trial_id).set_user_attr(EXCUSED, True)

    @uninterrupted()
    def release_all(self) -> None:
        """Gives back whatever is claimed, so that others need not wait for it."""
        self._begun.clear()
        self.claims.release_all()

    @uninterrupted()
    def begin(
        self,
        number: int,
        parameters: Mapping[str, Parameter],
        distributions: Mapping[str, optuna.distributions.BaseDistribution],
    ) -> None:
        """Notes that the claimed trial `number` is under way."""
        self._last_words.open()
        frozen = self._optuna.trial.create_trial(
            state=self._optuna.trial.TrialState.RUNNING,
            params=dict(parameters),
            distributions=dict(distributions),
            user_attrs={NUMBER: number, WITNESS: self._last_words.witness().to_dict()},
        )
        storage = self.database.storage
        study_id = storage.get_study_id_from_name(self._study.study_name)
        self._begun[number] = storage.get_trial_number_from_id(storage.create_new_trial(study_id, frozen))

    @uninterrupted()
    def finish(self, trial: Trial) -> bool:
        """Stores the whole record of a trial that `begin` announced.

        Returns:
            False where this process was silent for so long that another one has taken the trial over: it does not
            count then.

        Raises:
            StudyError: it was not announced.
        """
        number = self._begun.pop(trial.number, None)
        if number is None:
            raise StudyError(f"trial {trial.number} is not under way in the study")
        frozen = self._study.get_trials(deepcopy=False)[number]
        handle = self._optuna.Trial(self._study, frozen._trial_id)
        try:
            self._describe(handle, trial)
            self.claims.settle(self._name(trial.number), str(number))
        except (LostClaimError, self._optuna.exceptions.UpdateFinishedTrialError):
            self._close(frozen, keep=False)
            return False
        self._tell(number, trial)
        return True

    @uninterrupted()
    def facts(self) -> Mapping[str, str]:
        """What was noted about the study as a whole."""
        return _facts(self._study.user_attrs)

    @uninterrupted()
    def facts_of_all(self) -> tuple[Mapping[str, str], ...]:
        """What was noted about each study in this database."""
        summaries = self._optuna.get_all_study_summaries(storage=self.database.storage, include_best_trial=False)
        return tuple(_facts(summary.user_attrs) for summary in summaries)

    @uninterrupted()
    def note(self, **facts: str) -> None:
        for key, value in facts.items():
            self._study.set_user_attr(f"{FACT}{key}", value)

    def _name(self, number: int) -> str:
        return f"{self._prefix}{number}"

    def _record(self, number: int, frozen: optuna.trial.FrozenTrial | None) -> Trial:
        try:
            if frozen is None:
                raise ValueError("its record is missing")
            return Trial.from_json(frozen.user_attrs.get(RECORD, ""))
        except ValueError as error:
            raise StudyError(f"trial {number} of the study is damaged: {error}") from error

    def _salvaged(self, number: int, frozen: optuna.trial.FrozenTrial) -> bool:
        """Ends a dead process's evaluation of a trial whose claim is ours now: keeps it where the record is whole."""
        record = frozen.user_attrs.get(RECORD)
        if record:
            self.claims.settle(self._name(number), str(frozen.number))
        self._close(frozen, keep=bool(record))
        if not record:
            self.claims.release(self._name(number))
        return bool(record)

    def _describe(self, handle: optuna.Trial, trial: Trial) -> None:
        for check in trial.verdict.checks if trial.verdict else ():
            if check.hard:
                handle.set_constraint(check.name, -check.margin)
        if trial.failure:
            handle.set_user_attr("reason", f"{trial.failure.stage}: {trial.failure.reason}")
        for epoch, losses in enumerate(trial.history, 1):
            handle.report(losses.validation_loss, epoch)
        handle.set_user_attr(RECORD, trial.to_json())

    def _close(self, frozen: optuna.trial.FrozenTrial, *, keep: bool) -> None:
        """Gives an open Optuna trial its final state. Another process may have done so in the meantime."""
        if keep:
            self._tell(frozen.number, Trial.from_json(frozen.user_attrs[RECORD]))
            return
        with contextlib.suppress(self._optuna.exceptions.UpdateFinishedTrialError):
            self._optuna.Trial(self._study, frozen._trial_id).set_user_attr(INTERRUPTED, True)
            if not died_of_itself(frozen.user_attrs.get(WITNESS), self.database.directory):
                self._optuna.Trial(self._study, frozen._trial_id).set_user_attr(EXCUSED, True)
            self._study.tell(frozen.number, state=self._optuna.trial.TrialState.FAIL, skip_if_finished=True)

    def _tell(self, optuna_number: int, trial: Trial) -> None:
        states = self._optuna.trial.TrialState
        state, goal = states.FAIL if trial.state is State.FAILED else states.PRUNED, None
        if trial.state is State.TRAINED and trial.verdict is not None:
            goal = next((check.measured for check in trial.verdict.checks if not check.hard), 0.0)
            state = states.COMPLETE
        with contextlib.suppress(self._optuna.exceptions.UpdateFinishedTrialError):  # another process was quicker
            self._study.tell(optuna_number, goal, state, skip_if_finished=True)

    def _optuna_trials(self, *states: optuna.trial.TrialState) -> Sequence[optuna.trial.FrozenTrial]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self._study.get_trials(deepcopy=False, states=states or None)


def _facts(noted: Mapping[str, Any]) -> Mapping[str, str]:
    return {key.removeprefix(FACT): value for key, value in noted.items() if key.startswith(FACT)}
