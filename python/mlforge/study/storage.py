"""The study's memory: an Optuna storage (SQLite beside the app), in which each of our Trials is one Optuna trial.

Our numbering is our own (`mlforge:number`), without gaps, because Optuna's also counts interrupted trials. A trial is
written in two steps: `begin` stores it as RUNNING with its parameters, `finish` adds the whole record and then sets the
final state. Whatever a kill leaves RUNNING is retried, or, where the record is already there, finished.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from mlforge.errors import StudyError
from mlforge.records.trial import Parameter, State, Trial
from mlforge.study.database import open_database

if TYPE_CHECKING:
    import optuna

NUMBER: Final = "mlforge:number"
RECORD: Final = "mlforge:trial"
INTERRUPTED: Final = "mlforge:interrupted"
FACTS: Final = "mlforge:facts"


class StudyStore:
    """One study in one Optuna storage. Use from one thread."""

    def __init__(self, storage: str, name: str, *, maximise: bool) -> None:
        """Opens or creates.

        Args:
            storage: an SQLAlchemy URL, such as `sqlite:////app/.mlforge/study.db`.

        Raises:
            StudyError: the storage cannot be opened, or holds something else.
        """
        import optuna

        self._optuna = optuna
        self.database = open_database(storage)
        self._study = optuna.create_study(
            storage=self.database.storage,
            study_name=name,
            direction="maximize" if maximise else "minimize",
            load_if_exists=True,
        )

    def recover(self) -> int:
        """Settles trials that a killed run left open; call it when no other process works on the study.

        Returns:
            how many were interrupted and will be evaluated again.
        """
        interrupted = 0
        for frozen in self._optuna_trials(self._optuna.trial.TrialState.RUNNING):
            if record := frozen.user_attrs.get(RECORD):
                self._tell(frozen.number, Trial.from_json(record))
                continue
            self._optuna.Trial(self._study, frozen._trial_id).set_user_attr(INTERRUPTED, True)
            self._study.tell(frozen.number, state=self._optuna.trial.TrialState.FAIL)
            interrupted += 1
        return interrupted

    def trials(self) -> tuple[Trial, ...]:
        """Every finished trial, by number. Raises StudyError where a record is damaged or a number stands twice."""
        found: dict[int, Trial] = {}
        for frozen in self._optuna_trials():
            record = frozen.user_attrs.get(RECORD)
            if record is None or not frozen.state.is_finished():
                continue
            try:
                trial = Trial.from_json(record)
            except ValueError as error:
                raise StudyError(f"trial {frozen.number} of the study is damaged: {error}") from error
            if trial.number in found:
                raise StudyError(f"the study holds trial {trial.number} twice")
            found[trial.number] = trial
        return tuple(found[number] for number in sorted(found))

    def begin(
        self,
        number: int,
        parameters: Mapping[str, Parameter],
        distributions: Mapping[str, optuna.distributions.BaseDistribution],
    ) -> None:
        """Notes that trial `number` is under way."""
        self._study.add_trial(
            self._optuna.trial.create_trial(
                state=self._optuna.trial.TrialState.RUNNING,
                params=dict(parameters),
                distributions=dict(distributions),
                user_attrs={NUMBER: number},
            )
        )

    def finish(self, trial: Trial) -> None:
        """Stores the whole record of a trial that `begin` announced. Raises StudyError where it was not announced."""
        running = [
            frozen
            for frozen in self._optuna_trials(self._optuna.trial.TrialState.RUNNING)
            if frozen.user_attrs.get(NUMBER) == trial.number
        ]
        if len(running) != 1:
            raise StudyError(f"trial {trial.number} is not under way in the study")
        handle = self._optuna.Trial(self._study, running[0]._trial_id)
        if trial.verdict:
            for check in trial.verdict.checks:
                if check.hard:
                    handle.set_constraint(check.name, -check.margin)
        if trial.failure:
            handle.set_user_attr("reason", f"{trial.failure.stage}: {trial.failure.reason}")
        handle.set_user_attr(RECORD, trial.to_json())
        self._tell(running[0].number, trial)

    def facts(self) -> Mapping[str, str]:
        """What was noted about the study as a whole."""
        return dict(self._study.user_attrs.get(FACTS, {}))

    def note(self, **facts: str) -> None:
        self._study.set_user_attr(FACTS, {**self.facts(), **facts})

    def _tell(self, optuna_number: int, trial: Trial) -> None:
        states = self._optuna.trial.TrialState
        if trial.state is State.TRAINED and trial.verdict is not None:
            goal = next((check.measured for check in trial.verdict.checks if not check.hard), 0.0)
            self._study.tell(optuna_number, goal)
        else:
            self._study.tell(optuna_number, state=states.PRUNED if trial.state is State.REJECTED else states.FAIL)

    def _optuna_trials(self, *states: optuna.trial.TrialState) -> Sequence[optuna.trial.FrozenTrial]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self._study.get_trials(deepcopy=False, states=states or None)
