"""`optimise`: wires data, target, trainer, proposer and store into one study, runs it, and concludes it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from mlforge.app import auto_limits, free_memory
from mlforge.app.free_memory import Shape
from mlforge.app.import_model import Source
from mlforge.app.prepare import Prepared, prepare
from mlforge.app.verdicts import limits_alone
from mlforge.contract.contract import Contract, Execution, Family, Pruner
from mlforge.contract.describe import stand_in
from mlforge.data.looking import refuse
from mlforge.errors import ContractError, Problem, TargetUnavailableError
from mlforge.records.data_summary import Inspection
from mlforge.records.evidence import Evidence
from mlforge.records.program import Engine
from mlforge.search.registry import proposer_named
from mlforge.search.space import FrontEndSpace, Space, can_be_trees, families_for, space_for, with_families
from mlforge.search.stream_space import StreamSpace
from mlforge.study.agent import agent_for, decisive, refuse_replay_without_agent
from mlforge.study.evaluate import Evaluator
from mlforge.study.events import Observer
from mlforge.study.halving import Halving, halving
from mlforge.study.loop import Study
from mlforge.study.memory.artefacts import Artefacts, artefacts_of
from mlforge.study.memory.database import Database, storage_url
from mlforge.study.memory.result_cache import DatabaseResults, ResultCache, identity_of
from mlforge.study.memory.study_store import StudyStore
from mlforge.study.origin import Origin, described, origin_of
from mlforge.study.winner.confirm import Confirmer, confirming_target
from mlforge.study.winner.evidence import evidence
from mlforge.study.winner.finish import Outcome, conclude, write_nearest, write_winner
from mlforge.study.winner.provenance import tool_versions
from mlforge.targets.registry import target_named
from mlforge.targets.target import Target
from mlforge.targets.zephyr_build import Application
from mlforge.toolchain.cache import digest
from mlforge.training.request import Recipe
from mlforge.training.trainer import Trainer

Said = Callable[[str], None]
GROWING: Final = "`pip install 'mlforge-zephyr[train]'` brings it"


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """The outcome, and the files that were written beside the app: none where the contract was not met."""

    outcome: Outcome
    model: Path | None
    lock: Path | None
    exhausted: str  # why the study ended before its budget; empty where it did not
    data: Inspection
    nearest: Path | None = None  # the model of the nearest miss, where the contract was not met
    evidence: Evidence | None = None


def optimise(
    contract: Contract,
    observer: Observer,
    say: Said,
    storage: str = "",
    *,
    replay: bool = False,
    origin: Source | None = None,
) -> Result:
    """Runs or resumes the study of a contract and, where it is met, writes the winner beside `prj.conf`.

    Args:
        say: takes a sentence about what is being done before the first trial and after the last one, and about an
            agent that failed.
        storage: the URL of the study's database; empty for the one beside the app.
        replay: the agent's stored exchanges only; no model is asked.
        origin: a trained model that is the first candidate, and where it is a network the teacher of the others.

    Raises:
        ForgeError: the data, the target or the study cannot be used. Failing trials do not raise.
        KeyboardInterrupt: everything finished is stored; the same call resumes.
    """
    refuse_other_engines(contract)
    refuse_replay_without_agent(contract, replay=replay)
    target = usable_target(contract.target.board)
    if sentence := stand_in(contract):
        say(sentence)
    confirmed_on = confirming_target(contract, say)
    with Trainer() as trainer:
        say(f"data: {contract.data.loader}")
        prepared = prepare(contract, say)
        say(
            f"data: {len(prepared.train)} examples to train on, {len(prepared.validate)} to validate; "
            "the test split stays sealed until there is a winner"
        )
        inspection = prepared.inspect(contract)
        for finding in inspection.findings:
            say(f"data: {finding}")
        refuse(inspection)
        imported = origin_of(contract, prepared, origin) if origin else None
        if imported:
            say(described(imported))
            if imported.teaches:
                contract = dataclasses.replace(contract, training=dataclasses.replace(contract.training, distil=True))
        resolved = free_memory.resolve(contract, say, Shape(prepared.pipeline, prepared.classes, prepared.outputs))
        contract = resolved.contract
        for line in auto_limits.account(resolved):
            say(line)
        free_memory.remember(resolved)
        with closing(open_store(contract, prepared, storage, imported)) as store:
            artefacts = artefacts_of(store.database, contract.app_dir)
            if imported:
                artefacts.put(imported.int8)
                artefacts.put(imported.floats)
            evaluator = Evaluator(
                contract=contract,
                prepared=prepared,
                target=target,
                host=target_named("host"),
                trainer=trainer,
                artefacts=artefacts,
                recipe=recipe(contract),
                cache=result_cache(store.database, artefacts, target),
                halving=halving(contract.search.epochs) if contract.search.pruner is Pruner.HALVING else Halving(),
                teacher=imported.floats if imported and imported.teaches else b"",
            )
            study = _study(evaluator, store, observer, say, replay=replay)
            study.first = imported.architecture if imported else None
            trials = study.run(contract.search.trials)
            confirmer = Confirmer(evaluator, confirmed_on, say) if confirmed_on else None
            outcome = conclude(evaluator, store, trials, target.programs, say, confirmer)
            model, lock = write_winner(outcome, evaluator) if outcome.met else (None, None)
            nearest = None if outcome.met else write_nearest(outcome, evaluator)
            seen = evidence(contract, prepared, artefacts, outcome.winner or outcome.nearest)
    return Result(outcome, model, lock, study.exhausted, inspection, nearest, seen)


def usable_target(name: str, app: Application | None = None) -> Target:
    """The target of that name, a `zephyr:BOARD` in that application. Raises TargetUnavailableError where this machine
    cannot run it."""
    target = target_named(name, app)
    if reason := target.unavailable():
        raise TargetUnavailableError(f"{name} cannot be used here: {reason}", hint="`west mlforge doctor` helps")
    return target


def refuse_other_engines(contract: Contract) -> None:
    """Candidates are costed as the static engine compiles them, which says nothing of another's flash, arena and
    latency. Raises ContractError for any other engine."""
    if contract.engine is not Engine.STATIC:
        line = contract.lines.get("engine", 0)
        raise ContractError(
            [
                Problem(
                    contract.path,
                    line,
                    "engine",
                    str(contract.engine),
                    "static: no other costs candidates; what it finds can be built with another (docs/zephyr.md)",
                )
            ]
        )


def recipe(contract: Contract) -> Recipe:
    """How candidates of this contract are trained."""
    return Recipe(epochs=contract.search.epochs, seed=contract.search.seed, augmentation=contract.data.augment)


def open_store(contract: Contract, prepared: Prepared, storage: str = "", origin: Origin | None = None) -> StudyStore:
    """The study of exactly this contract, these data, this recipe and first candidate: any change starts another one
    beside it."""
    maximise = contract.metric.higher_is_better
    url = storage_url(contract.app_dir, storage)
    return StudyStore(url, study_name(contract, prepared.data_digest, origin), maximise=maximise)


def result_cache(database: Database, artefacts: Artefacts, target: Target) -> ResultCache:
    """What any study in this database measured with the tools of this machine."""
    versions = tool_versions((*target.programs, *target_named("host").programs))
    return ResultCache(DatabaseResults(database), artefacts, identity_of(versions.items()))


def study_name(contract: Contract, data_digest: str, origin: Origin | None = None) -> str:
    """`NAME-` and 12 hex digits of everything that decides a trial's result; the budget is not part of it. A limit from
    the app's build counts with its number, as one that was written."""
    content = dataclasses.asdict(
        dataclasses.replace(
            contract,
            path=Path(),
            lines={},
            digest="",
            search=dataclasses.replace(contract.search, trials=0, time_us=None, agent=decisive(contract)),
            limits=dataclasses.replace(contract.limits, auto=frozenset(), service_bytes=0),
            target=dataclasses.replace(contract.target, product=""),
        )
    )
    for after_the_choice in ("bundle", "robustness"):
        content.pop(after_the_choice)
    content["data"].pop("allow")  # whether data are refused, not what they give
    content["target"].pop("confirm")  # which trial wins, not what one is
    if contract.execution is Execution.WHOLE:
        content.pop("execution")
    content["search"].pop("seeds")  # which trial wins, too
    for optional in ("agent", "families"):
        if content["search"][optional] is None:
            content["search"].pop(optional)
    described = json.dumps(content, sort_keys=True, default=str)
    parts = [described, data_digest, repr(recipe(contract)), *([origin.architecture.id] if origin else [])]
    return f"{contract.name}-{digest(parts)[:12]}"


def _space(contract: Contract, prepared: Prepared, say: Said) -> Space:
    """Networks and trees for the input that the contract's front end makes, together with the choice of a front end.

    Raises:
        ContractError: the contract asks for trees, which cannot be grown here or for so many values.
    """
    can_grow = find_spec("lightgbm") is not None
    if Family.TREES in (contract.search.families or ()):
        _refuse_trees(contract, prepared, can_grow=can_grow)

    def behind(front_end: str) -> Space:
        made = prepared.behind(front_end)
        shape, outputs = made.pipeline.input_shape, made.outputs
        families = families_for(contract.task, shape, outputs, contract.execution, contract.search.families)
        if Family.TREES in families and not can_grow:
            say(f"networks alone are searched: LightGBM, which grows trees, is not here; {GROWING}")
            families = (Family.NETWORKS,)
        networks = space_for(contract.task, shape, outputs)
        if contract.execution is not Execution.WHOLE:
            networks = StreamSpace(networks, contract.execution)
        return with_families(networks, families, shape, outputs, contract.task)

    if len(contract.front_ends) == 1:
        return behind("")
    return FrontEndSpace({one.name: one.settings for one in contract.front_ends}, behind)


def _refuse_trees(contract: Contract, prepared: Prepared, *, can_grow: bool) -> None:
    line = contract.lines.get("search.families", 0)
    if not can_be_trees(contract.task, prepared.outputs):
        found, expected = f"trees for {prepared.outputs} values", "[networks]: trees give one value"
    elif not can_grow:
        found, expected = "trees, but LightGBM, which grows them, is not here", f"LightGBM: {GROWING}"
    else:
        return
    raise ContractError([Problem(contract.path, line, "search.families", found, expected)])


def _limits(contract: Contract) -> dict[str, float]:
    return {check.name: check.limit for check in limits_alone(contract).checks if check.hard}


def _study(evaluator: Evaluator, store: StudyStore, observer: Observer, say: Said, *, replay: bool) -> Study:
    contract, prepared = evaluator.contract, evaluator.prepared
    space = _space(contract, prepared, say)
    agent = agent_for(evaluator, study_name(contract, prepared.data_digest), say, replay=replay)
    return Study(
        store=store,
        proposer=proposer_named(
            contract.search.proposer, space, contract.search.seed, evaluator.metric, agent, _limits(contract)
        ),
        evaluate=evaluator,
        observer=observer,
        workers=contract.search.workers,
        time_s=contract.search.time_us / 1e6 if contract.search.time_us else None,
        shared=store.database.shared,
    )
