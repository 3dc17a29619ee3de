"""The end of a study: picks the winner, opens the test split for it, and makes the lock that goes beside `prj.conf`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from mlforge.app.lockfile import write_lock
from mlforge.app.model import Model, int8_inputs, read_model
from mlforge.app.prepare import Prepared
from mlforge.app.verdicts import judge
from mlforge.contract.contract import Contract
from mlforge.contract.streams import FalseAccepts
from mlforge.measure import ranking
from mlforge.measure.ranking import Choice
from mlforge.records.baseline import Baseline
from mlforge.records.events import EventQuality
from mlforge.records.folds import CrossValidation
from mlforge.records.lock import LOCK_FORMAT, Lock, ModelFile, StudyFacts
from mlforge.records.opening import Opening
from mlforge.records.quality import Split, Stage
from mlforge.records.trial import State, Trial
from mlforge.records.verdict import Verdict
from mlforge.study.evaluate import FLOAT_MODEL_FILE, MODEL_FILE, Evaluator
from mlforge.study.memory.study_store import StudyStore
from mlforge.study.winner.baselines import baselines
from mlforge.study.winner.confirm import Confirmer, PassedOver, Selection, select
from mlforge.study.winner.folds import cross_validate, sealed
from mlforge.study.winner.golden_selection import reference
from mlforge.study.winner.provenance import tool_versions
from mlforge.study.winner.ranges import tensor_ranges
from mlforge.study.winner.robustness import robustness
from mlforge.study.winner.seal import note_opening
from mlforge.study.winner.seeds import trained_again
from mlforge.study.winner.thresholds import thresholds
from mlforge.toolchain.files import sha256, write_atomically


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a study ended. `winner` and `lock` are there where a trial met the contract on validation data; `met` says
    whether it also did on the test split, on the target. `nearest` is the one to look at otherwise; `passed_over` those
    that would have won but for the application."""

    contract: Contract
    trials: tuple[Trial, ...]
    winner: Trial | None
    lock: Lock | None
    nearest: Trial | None
    passed_over: tuple[PassedOver, ...] = ()
    baselines: tuple[Baseline, ...] = ()  # on validation data, where there is no lock to hold them

    @property
    def met(self) -> bool:
        return self.lock is not None and self.lock.verdict.met

    @property
    def verdict(self) -> Verdict | None:
        """The final figures where there is a winner, else those of the nearest miss."""
        if self.lock is not None:
            return self.lock.verdict
        return self.nearest.verdict if self.nearest else None


def conclude(
    evaluator: Evaluator,
    store: StudyStore,
    trials: Sequence[Trial],
    programs: tuple[str, ...],
    say: Callable[[str], None] = lambda _: None,
    confirmer: Confirmer | None = None,
) -> Outcome:
    """Picks the winner, confirmed in the application where there is a confirmer, and measures it on the test split.

    Raises:
        ForgeError: the winner cannot be measured again (its artefacts are gone, a tool is).
    """
    folded = cross_validate(evaluator, trials, say) if evaluator.contract.data.split.folds else None
    finalists = folded.trials if folded else trained_again(evaluator, trials, say)
    selection = select(confirmer, finalists)
    choice, passed = selection.choice, selection.passed_over
    if choice is None:
        nearest = passed[0].trial if passed else ranking.nearest_miss(finalists)
        beside = beside_the_nearest(evaluator.contract, evaluator.prepared, nearest)
        return Outcome(evaluator.contract, tuple(trials), None, None, nearest, passed, beside)
    best = next(trial for trial in trials if trial.number == choice.winner.number)  # as the search judged it
    say(ranking.why(best.number, choice.best.number, choice.tied))
    say(f"opening the test split for trial {best.number}")
    folds = sealed(evaluator, store, folded) if folded else None
    lock = _final_lock(evaluator, store, selection, choice, best, trials, programs, folds)
    return Outcome(evaluator.contract, tuple(trials), best, lock, None if lock.verdict.met else best, passed)


def beside_the_nearest(contract: Contract, prepared: Prepared, nearest: Trial | None) -> tuple[Baseline, ...]:
    """Baselines on validation data, the test split stays sealed, held against a trial that was trained."""
    if nearest is None:
        return baselines(contract, prepared, prepared.validate, Split.VALIDATE)
    prepared = prepared.behind(nearest.architecture.front_end)
    return baselines(contract, prepared, prepared.validate, Split.VALIDATE, ranking.validation(nearest))


def write_winner(outcome: Outcome, evaluator: Evaluator) -> tuple[Path, Path]:
    """Writes the model and the lock file beside `prj.conf`; returns their paths. Call it for a met contract only."""
    if outcome.winner is None or outcome.lock is None:
        raise ValueError("there is no winner to write")
    app = outcome.contract.app_dir
    model = app / outcome.lock.model.path
    write_atomically(model, evaluator.artefacts.get(outcome.winner.artefacts[MODEL_FILE]))
    if outcome.lock.reference is not None:
        write_atomically(app / outcome.lock.reference.path, evaluator.artefacts.get(outcome.lock.reference.sha256))
    return model, write_lock(app, outcome.lock)


def write_nearest(outcome: Outcome, evaluator: Evaluator) -> Path | None:
    """Keeps the model of the nearest miss beside `prj.conf`, under a name of its own that no build takes for the
    winner; None where none was trained. `run` and `compile` take it like any other."""
    trial = outcome.winner or outcome.nearest
    if trial is None or MODEL_FILE not in trial.artefacts:
        return None
    path = outcome.contract.app_dir / "model" / f"{outcome.contract.name}_nearest.tflite"
    write_atomically(path, evaluator.artefacts.get(trial.artefacts[MODEL_FILE]))
    return path


def _final_lock(
    evaluator: Evaluator,
    store: StudyStore,
    selection: Selection,
    choice: Choice,
    best: Trial,
    trials: Sequence[Trial],
    programs: tuple[str, ...],
    folds: CrossValidation | None,
) -> Lock:
    contract = evaluator.contract
    evaluator = evaluator.behind(best.architecture.front_end)
    prepared = evaluator.prepared
    tflite = evaluator.artefacts.get(best.artefacts[MODEL_FILE])
    model = read_model(tflite, contract.name, prepared.pipeline, evaluator.isa)
    opening = note_opening(store, prepared.data_digest, contract.data.split, best.number, sha256(tflite))
    examples = prepared.open_test(opening)
    outputs = evaluator.float_outputs(evaluator.artefacts.get(best.artefacts[FLOAT_MODEL_FILE]), examples.x)
    float_quality = evaluator.judge(outputs, examples, Stage.FP32_HOST, Split.TEST)
    host, on_target = evaluator.int8_qualities(model, examples, Split.TEST)
    cost = evaluator.measure(model, best.cost.prefer if best.cost else None)
    events = _events(evaluator, model, opening)
    rule = contract.decision.common if contract.decision else None
    return Lock(
        format=LOCK_FORMAT,
        name=contract.name,
        model=ModelFile(f"model/{contract.name}.tflite", sha256(tflite), len(tflite)),
        contract_sha256=contract.digest,
        data_sha256=prepared.data_digest,
        features=json.loads(model.pipeline.to_json()),
        classes=prepared.classes,
        architecture=best.architecture,
        study=_facts(contract, choice, trials, opening),
        cost=cost,
        qualities=tuple(replace(each, deviations=()) for each in (*best.qualities, float_quality, host, on_target)),
        verdict=judge(
            contract,
            selection.confirmed or cost,
            folds.sealed[-1] if folds else on_target,
            events[-1] if events else None,
            in_application=selection.confirmed is not None,
        ),
        tools=tool_versions(programs),
        attempts=best.attempts,
        ranges=tensor_ranges(model.graph, "ranges", evaluator.host, int8_inputs(model, prepared.validate)),
        robustness=robustness(evaluator, model),
        thresholds=thresholds(evaluator, model, examples),
        confirmed=selection.confirmed,
        reference=_reference_file(evaluator, model),
        folds=folds,
        baselines=(
            *baselines(contract, prepared, prepared.validate, Split.VALIDATE, ranking.validation(best)),
            *baselines(contract, prepared, examples, Split.TEST, on_target),
        ),
        events=events,
        decision_rule=rule.per_hour if events and isinstance(rule, FalseAccepts) else None,
    )


def _events(evaluator: Evaluator, model: Model, opening: Opening) -> tuple[EventQuality, ...]:
    """Of the validation streams, and of the test streams by what was found on those."""
    if evaluator.contract.events is None:
        return ()
    validate = evaluator.event_quality(model, evaluator.prepared.validation_streams(), Split.VALIDATE)
    streams = evaluator.prepared.open_test_streams(opening)
    decision = evaluator.contract.decision
    enter = validate.enter if decision and isinstance(decision.common, FalseAccepts) else None
    return validate, evaluator.event_quality(model, streams, Split.TEST, enter)


def _reference_file(evaluator: Evaluator, model: Model) -> ModelFile:
    data = reference(evaluator, model).to_bytes()
    return ModelFile(f"model/{evaluator.contract.name}.bundle.npz", evaluator.artefacts.put(data), len(data))


def _facts(contract: Contract, choice: Choice, trials: Sequence[Trial], opening: Opening) -> StudyFacts:
    states = [trial.state for trial in trials]
    training = [trial.seconds["train"] for trial in trials if "train" in trial.seconds]
    whole = [
        trial.seconds["train"]
        for trial in trials
        if trial.state is State.TRAINED and "train" in trial.seconds and "train" not in trial.recalled
    ]
    rejected = states.count(State.REJECTED)
    return StudyFacts(
        proposer=str(contract.search.proposer),
        seed=contract.search.seed,
        trials=len(trials),
        trained=states.count(State.TRAINED),
        rejected=rejected,
        stopped=states.count(State.STOPPED),
        failed=states.count(State.FAILED),
        winner=choice.winner.number,
        test_opened_for=opening.trials,
        test_models=opening.models,
        tied=choice.tied,
        best=choice.best.number,
        unproven=choice.unproven,
        training_seconds=round(sum(training), 1),
        training_seconds_saved=round(rejected * median(whole), 1) if whole else 0.0,
    )
