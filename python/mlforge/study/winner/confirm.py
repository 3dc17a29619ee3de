"""The promising few, measured once more where they are to run: in the user's own Zephyr application.

A search is costed without an operating system, which takes a second for each candidate. Whoever is about to win is then
built into the application, and the contract is held against what that image takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from mlforge.app.model import int8_inputs, read_model
from mlforge.app.scheduling import Candidate, asked_for, scheduling, scheduling_checks
from mlforge.app.verdicts import judge
from mlforge.app.zephyr_app import application, application_digest, is_zephyr_app
from mlforge.contract.contract import Confirm, Contract
from mlforge.errors import BuildError, ImageTooLargeError, RunError, TargetUnavailableError
from mlforge.measure import ranking
from mlforge.measure.ranking import Choice
from mlforge.records.cost import Cost
from mlforge.records.program import Prefer
from mlforge.records.scheduling import Scheduling
from mlforge.records.trial import Trial
from mlforge.records.verdict import Verdict
from mlforge.study.evaluate import MODEL_FILE, Evaluator
from mlforge.study.memory.result_cache import ResultCache
from mlforge.study.workbench import run_int8
from mlforge.targets.registry import target_named
from mlforge.targets.zephyr_boards import zephyr_name
from mlforge.targets.zephyr_build import Application
from mlforge.toolchain.files import sha256

MOST: Final = 5  # candidates that are confirmed before the study gives up
COMPARED: Final = 32  # examples whose answers must be the host's


@dataclass(frozen=True, slots=True)
class Measured:
    """What a trial's model took in the application. `cost` is None where it could not be measured, and `reason` says
    why."""

    cost: Cost | None
    reason: str = ""
    scheduling: Scheduling | None = None  # where the contract keeps memory free, has a load, or deadlines of threads


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A trial that would have won, had it not broken the contract in the application."""

    trial: Trial  # with the cost and the verdict of the application, where there are such
    reason: str


@dataclass(frozen=True, slots=True)
class Selection:
    """`choice` is None where nobody met the contract; `confirmed` is its cost in the application, None where that was
    not asked for."""

    choice: Choice | None
    confirmed: Cost | None = None
    passed_over: tuple[PassedOver, ...] = ()


@dataclass(frozen=True, slots=True)
class Confirmer:
    """Builds and measures winners in the contract's application, on the Zephyr target `name`."""

    evaluator: Evaluator
    name: str  # such as zephyr:mps2/an386
    say: Callable[[str], None] = field(compare=False)

    def select(self, trials: Sequence[Trial]) -> Selection:
        """The first in the order in which trials win that meets the contract in the application, too.

        Raises:
            ForgeError: the application cannot be built for the board, whatever the model.
        """
        passed: list[PassedOver] = []
        left = list(trials)
        while (choice := ranking.choose(left)) is not None and len(passed) < MOST:
            trial = choice.winner
            measured = self._measured(trial)
            verdict = self._verdict(trial, measured)
            if measured.cost is not None and verdict is not None and verdict.met:
                return Selection(choice, measured.cost, tuple(passed))
            reason = measured.reason or _broken(verdict)
            self.say(f"trial {trial.number} is passed over: on {self.name}, in the application, {reason}")
            passed.append(PassedOver(replace(trial, cost=measured.cost, verdict=verdict or trial.verdict), reason))
            left.remove(trial)
        return Selection(None, passed_over=tuple(passed))

    def _measured(self, trial: Trial) -> Measured:
        """From the study's memory where it is there and the application is still the same."""
        base = self.evaluator.behind(trial.architecture.front_end)
        tflite = base.artefacts.get(trial.artefacts[MODEL_FILE])
        app = application(base.contract, base.prepared.classes, sha256(tflite))
        parts = [self.name, str(base.contract.target.clock_hz), sha256(tflite), base.prepared.pipeline.to_json()]
        parts += [*app.files.values(), application_digest(app.directory)]
        prefer = trial.cost.prefer if trial.cost else base.contract.prefer
        if prefer is not Prefer.SPEED:
            parts.append(prefer)
        if asked_for(base.contract):
            target, deadlines = base.contract.target, base.contract.limits.deadlines_us
            parts.append(f"{target.load} {target.ram_kept_free_bytes} {sorted(deadlines.items())}")
        try:
            return base.cache.once(Measured, "confirmed", parts, lambda: self._measure(base, tflite, app, prefer)).value
        except RunError as error:
            return Measured(None, error.message)

    def _measure(self, base: Evaluator, tflite: bytes, app: Application, prefer: Prefer) -> Measured:
        self.say(f"building a winner into the application for {self.name}, and measuring it there")
        evaluator = replace(base, target=target_named(self.name, app), cache=ResultCache())
        try:
            model = read_model(tflite, base.contract.name, base.prepared.pipeline, evaluator.isa)
            cost = evaluator.measure(model, prefer)
        except ImageTooLargeError as error:
            return Measured(None, error.message)
        inputs = int8_inputs(model, base.prepared.validate)[:COMPARED]
        answers = [
            run_int8(target, model.compiled_for(target.isa).program, inputs) for target in (base.host, evaluator.target)
        ]
        if different := int((answers[0] != answers[1]).any(axis=1).sum()):
            raise RunError(f"{different} of {len(inputs)} outputs differ from the host's")
        if not asked_for(base.contract):
            return Measured(cost)
        program = app.completed(model.compiled_for(evaluator.isa).program)
        try:
            return Measured(cost, scheduling=scheduling(base.contract, self.say, candidate=Candidate(program, cost)))
        except ImageTooLargeError as error:
            return Measured(None, error.message)

    def _verdict(self, trial: Trial, measured: Measured) -> Verdict | None:
        if measured.cost is None:
            return None
        contract = self.evaluator.contract
        verdict = judge(contract, measured.cost, ranking.validation(trial), trial.events, in_application=True)
        if measured.scheduling is None:
            return verdict
        return Verdict((*verdict.checks, *scheduling_checks(contract, measured.scheduling)))


def confirming_target(contract: Contract, say: Callable[[str], None]) -> str:
    """The Zephyr target that winners are confirmed on; empty where none are, which `say` is told the reason of.

    Raises:
        TargetUnavailableError: the contract insists, and it cannot be done here.
    """
    if contract.target.confirm is Confirm.NONE:
        return ""
    named = contract.target.product or contract.target.board
    board = zephyr_name(named)
    reason: str | None
    if not is_zephyr_app(contract.app_dir):
        reason = f"{contract.app_dir} is not a Zephyr application"
    elif board is None or (name := f"zephyr:{board}") == "zephyr:native_sim":
        reason = f"no emulator is known for Zephyr's {named}"
    elif (reason := target_named(name).unavailable()) is None:
        return name
    if contract.target.confirm is Confirm.ZEPHYR:
        line = contract.lines.get("target.confirm", 0)
        raise TargetUnavailableError(
            f"{contract.path}:{line}: target.confirm: zephyr: winners cannot be confirmed: {reason}"
        )
    say(f"winners are not confirmed on Zephyr: {reason}")
    return ""


def unconfirmed(trials: Sequence[Trial]) -> Selection:
    """The choice as the search measured it."""
    return Selection(ranking.choose(trials))


def select(confirmer: Confirmer | None, trials: Sequence[Trial]) -> Selection:
    """The winner, confirmed where that is asked for. An application that does not build stops the study only where the
    contract insists.

    Raises:
        BuildError, ToolError: the contract says `confirm: zephyr`, and the application cannot be built.
    """
    if confirmer is None:
        return unconfirmed(trials)
    try:
        return confirmer.select(trials)
    except BuildError as error:
        if confirmer.evaluator.contract.target.confirm is Confirm.ZEPHYR:
            raise
        confirmer.say(f"the winner is not confirmed on Zephyr: {error.message}")
        return unconfirmed(trials)


def _broken(verdict: Verdict | None) -> str:
    """Which limits, in the contract's words."""
    checks = [check for check in verdict.checks if not check.met] if verdict else []
    return ", ".join(f"{check.name} is {check.measured:g} {check.unit} of {check.limit:g}".strip() for check in checks)
