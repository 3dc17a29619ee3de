"""The three stages of a locked model, measured again: is what lies beside `prj.conf` still what the lock says it is?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

from mlforge.app.auto_limits import remembered
from mlforge.app.energy_log import Measured, note
from mlforge.app.lockfile import locked_model, read_lock
from mlforge.app.model import read_model
from mlforge.app.own_image import own_blocking
from mlforge.app.prepare import prepare
from mlforge.app.scheduling import asked_for, scheduling, scheduling_checks
from mlforge.app.verdicts import judge
from mlforge.app.zephyr_app import application, is_zephyr_app
from mlforge.contract.contract import Contract
from mlforge.errors import ContractError, LockError, Problem, StudyError, TargetUnavailableError
from mlforge.measure.energy import energy_of
from mlforge.measure.energy import measured as energy_measured
from mlforge.records.cost import Cost
from mlforge.records.lock import Lock
from mlforge.records.quality import Quality, Split, Stage
from mlforge.records.scheduling import Scheduling
from mlforge.records.verdict import Verdict
from mlforge.study.evaluate import FLOAT_MODEL_FILE, Evaluator
from mlforge.study.memory.artefacts import artefacts_of
from mlforge.study.memory.study_store import StudyStore
from mlforge.study.optimise import open_store, recipe, usable_target
from mlforge.study.winner.seal import note_opening
from mlforge.targets.probes.probe import Probe
from mlforge.targets.probes.registry import opened_probe
from mlforge.targets.registry import target_named
from mlforge.targets.target import Target
from mlforge.targets.zephyr_build import Application
from mlforge.training.trainer import Trainer


@dataclass(frozen=True, slots=True)
class Verification:
    name: str
    qualities: tuple[Quality, ...]
    cost: Cost
    verdict: Verdict  # on the test split, int8 on the target
    notes: tuple[str, ...]  # what differs from the lock, and what could not be measured
    measured: Measured | None = None  # by a power meter
    scheduling: Scheduling | None = None  # where the contract asks for what only that tells


def verify(
    contract: Contract,
    target_name: str | None = None,
    storage: str = "",
    say: Callable[[str], None] = lambda _: None,
    probe: str = "",
) -> Verification:
    """Measures the locked model on validation and test data at every stage.

    Args:
        storage: the URL of the study's database; empty for the one beside the app.
        say: takes a sentence about what is being measured.
        probe: KIND:PORT of the power meter in the board's supply; empty for estimates.

    Raises:
        LockError: no lock, a model that is not the locked one, or a lock of other data.
        LimitError: a limit of `auto` that no study has given a number.
        RunError: host and target disagree on an int8 output.
        TargetUnavailableError: the target cannot be used here, or measures nothing.
    """
    contract = remembered(contract)
    searched = contract  # whose study has the float model, whatever it is verified on
    if target_name is not None:
        contract = replace(contract, target=replace(contract.target, board=target_name))
    lock = read_lock(contract.app_dir)
    tflite = locked_model(contract.app_dir, lock)
    target = _measuring_target(contract, lock)
    prepared = prepare(contract, say).behind(lock.architecture.front_end)
    if prepared.data_digest != lock.data_sha256:
        raise LockError("the data are not those that the lock names", hint="`west mlforge optimise` locks a new model")
    with (
        _meter(contract, probe) as meter,  # first: it may be what feeds the board
        closing(Trainer()) as trainer,
        closing(open_store(searched, prepared, storage)) as store,
    ):  # a worker starts only if there is a float model to ask
        evaluator = Evaluator(
            contract=contract,
            prepared=prepared,
            target=target,
            host=target_named("host"),
            trainer=trainer,
            artefacts=artefacts_of(store.database, contract.app_dir),
            recipe=recipe(contract),
        )
        model = read_model(tflite, contract.name, prepared.pipeline, evaluator.isa)
        float_model, notes = _float_model(evaluator, store, lock)
        qualities: list[Quality] = []
        ours = lock.study.winner if lock.contract_sha256 == contract.digest else None
        opening = note_opening(store, prepared.data_digest, contract.data.split, ours, lock.model.sha256)
        for split, examples in ((Split.VALIDATE, prepared.validate), (Split.TEST, prepared.open_test(opening))):
            if float_model is not None:
                say(f"FP32 on the host: {len(examples)} examples of the {split} split")
                outputs = evaluator.float_outputs(float_model, examples.x)
                qualities.append(evaluator.judge(outputs, examples, Stage.FP32_HOST, split))
            say(f"int8 on the host and on {target.name}: {len(examples)} examples of the {split} split")
            qualities += evaluator.int8_qualities(model, examples, split)
        say(f"flash, RAM, stack and latency on {target.name}")
        cost = evaluator.measure(model, lock.cost.prefer)
        measured = None
        if meter is not None:
            say(f"energy by {meter.name} at {meter.supply_v:g} V")
            power = evaluator.power(model, meter, cost.prefer)
            measured = Measured(power, energy_measured(contract, cost, power), energy_of(contract, cost))
            note(contract.app_dir, target.name, lock.model.sha256, measured)
    found = scheduling(contract, say) if asked_for(contract) else None
    final = (lock.final if lock.folds else None) or qualities[-1]  # of folds, one alone would be less sure
    verdict = judge(
        contract,
        cost,
        final,
        in_application=contract.target.board.startswith(("zephyr:", "board:")),
        power=measured.power if measured else None,
        blocking=None if contract.limits.blocking_us is None else own_blocking(contract, say),
    )
    if found is not None:
        verdict = Verdict((*verdict.checks, *scheduling_checks(contract, found)))
    return Verification(
        contract.name,
        tuple(qualities),
        cost,
        verdict,
        (*notes, *_changes(lock, qualities)),
        measured,
        found,
    )


@contextmanager
def _meter(contract: Contract, probe: str) -> Iterator[Probe | None]:
    """The power meter, at the voltage of the contract's `power`. Raises RunError, ContractError."""
    if not probe:
        yield None
        return
    if contract.power is None:
        found, expected = "nothing", "the board's `supply` and currents, for a meter to be set by and compared with"
        raise ContractError([Problem(contract.path, 0, "power", found, expected)])
    with opened_probe(probe, contract.power.supply_v) as opened:
        yield opened


def _measuring_target(contract: Contract, lock: Lock) -> Target:
    """Raises TargetUnavailableError where it cannot be used here, or a contract cannot be held against it."""
    target = usable_target(contract.target.board, _application(contract, lock))
    if not target.measures:
        raise TargetUnavailableError(
            f"{target.name} runs models, but measures neither stack nor latency: no contract can be verified there",
            hint=f"`run {contract.app_dir / lock.model.path} --target {target.name}` compares its outputs; "
            "without --target, verify takes the contract's board",
        )
    return target


def _application(contract: Contract, lock: Lock) -> Application | None:
    """Where a Zephyr target measures: in the application itself."""
    if not is_zephyr_app(contract.app_dir):
        return None
    return application(contract, lock.classes, lock.model.sha256)


def _float_model(evaluator: Evaluator, store: StudyStore, lock: Lock) -> tuple[bytes | None, tuple[str, ...]]:
    """The float model of the winner, where this machine still has a study that made it."""
    maker = store.maker_of(lock.model.sha256)
    missing = "FP32 not measured: no study on this machine made this model"
    if maker is None or FLOAT_MODEL_FILE not in maker.artefacts:
        return None, (missing,)
    try:
        return evaluator.artefacts.get(maker.artefacts[FLOAT_MODEL_FILE]), ()
    except StudyError:
        return None, (missing,)


def _changes(lock: Lock, qualities: list[Quality]) -> tuple[str, ...]:
    """Where a measured quality is not the one in the lock."""
    locked = {(quality.stage, quality.split, quality.metric): quality.value for quality in lock.qualities}
    return tuple(
        f"{quality.metric} at {quality.stage} on {quality.split}: {quality.value:.4f}, the lock says {before:.4f}"
        for quality in qualities
        if (before := locked.get((quality.stage, quality.split, quality.metric))) is not None
        and abs(before - quality.value) > 1e-9
    )
