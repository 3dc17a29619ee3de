"""What a firmware build needs of an app: its locked model, features and facts as C files. Imports no training."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from mlforge.app.decisions import decision_files
from mlforge.app.lockfile import LOCK_NAME, locked_model, read_lock
from mlforge.app.model import read_model, with_features
from mlforge.app.tflm_arenas import Machine, known_size
from mlforge.app.tightened import refuse_tightened
from mlforge.compiler.emitter import CompiledModel
from mlforge.compiler.isa import Isa
from mlforge.compiler.tflm import TflmModel, compile_tflm
from mlforge.contract.contract import Contract
from mlforge.contract.load import CONTRACT_FILE, load_contract
from mlforge.contract.stages import Gaps
from mlforge.errors import ForgeError, LockError
from mlforge.features.pipeline import Pipeline
from mlforge.records.lock import Lock
from mlforge.records.program import Engine, Program
from mlforge.templating import environment
from mlforge.toolchain.files import write_changed

PACKAGE: Final = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class AppSources:
    """`files` maps names to C text; `inputs` are the files of the app that they were made from."""

    compiled: CompiledModel | TflmModel
    files: Mapping[str, str]
    inputs: tuple[Path, ...]
    stale: bool  # the contract is no longer the one that the model was searched for
    contract: Contract
    lock: Lock


def app_sources(app: Path, name: str = "", machine: Machine | None = None) -> AppSources:
    """The C files of the model that an app's lock names, for the engine and the processor of `machine` (default: the
    contract's engine, for any processor).

    Raises:
        LockError: no lock, another model than the locked one, or not the model `name` (where one is given).
        ContractError: `mlforge.yaml` is wrong, or asks for more than the locked model was measured at.
        ModelError: the model cannot be compiled.
        ForgeError: the contract asks for another engine, or the size of its arena was never found.
    """
    contract, lock = load_contract(app), read_lock(app)
    machine = machine or Machine(contract.engine, "arm", Isa.GENERIC)
    _check_engine(contract, machine.engine)
    if lock.name != contract.name or (name and lock.name != name):
        raise LockError(
            f"{app / LOCK_NAME} is the lock of {lock.name!r}, {CONTRACT_FILE} asks for {name or contract.name!r}",
            hint="`west mlforge optimise` locks a model for the contract as it is now",
        )
    stale = lock.contract_sha256 != contract.digest
    if stale:
        refuse_tightened(contract, lock)
    data, pipeline = locked_model(app, lock), Pipeline.from_json(json.dumps(lock.features))
    compiled: CompiledModel | TflmModel
    if machine.engine.interprets:
        arena_bytes = known_size(lock.arenas, machine, app / lock.model.path, app)
        compiled = compile_tflm(data, lock.name, arena_bytes, machine.engine)
        pipeline, program = with_features(compiled, pipeline)
    else:
        whole = read_model(data, lock.name, pipeline, machine.isa)
        run = whole.on_device(contract.execution, lock.cost.prefer)
        compiled, pipeline, program = run.compiled, whole.pipeline, run.program
    output = compiled.outputs[0]
    decision = decision_files(contract, lock, pipeline, output.scale, output.zero_point)
    thresholds = _thresholds(contract, lock)
    files = {**program_files(contract, program, lock.classes, lock.model.sha256, thresholds), **decision}
    inputs = (contract.path, app / LOCK_NAME, app / lock.model.path)
    return AppSources(compiled, files, inputs, stale, contract, lock)


def _thresholds(contract: Contract, lock: Lock) -> dict[str, float]:
    """Those of the lock. Raises LockError where the contract has a rule that no study has followed."""
    found = {each.name: each for each in lock.thresholds}
    for name, rule in contract.bundle.thresholds.items():
        if isinstance(rule, float) or (name in found and found[name].rule == rule.share):
            continue
        by = f" by the rule {{false_alarms: {rule.share:g}}}" if name in found else ""
        raise LockError(
            f"{contract.app_dir / LOCK_NAME} has no threshold {name!r}{by}",
            hint="`west mlforge optimise` finds it; or state a number in the contract",
        )
    return {name: each.value for name, each in found.items()}


def _check_engine(contract: Contract, built: Engine) -> None:
    """What the image is built with must be what the contract says, or its figures are those of something else."""
    if contract.engine is built:
        return
    line = contract.lines.get("engine")
    where = f"{contract.path}:{line}" if line else str(contract.path)
    raise ForgeError(
        f"{where}: engine: {contract.engine}, but this is built with {built}",
        hint=f"set CONFIG_MLFORGE_ENGINE_{contract.engine.name}=y in prj.conf, or `engine: {built}` in the contract",
    )


def write_files(directory: Path, files: Mapping[str, str]) -> tuple[Path, ...]:
    """Writes the files whose text differs from what stands there, and returns their paths.

    Raises:
        ForgeError: the directory cannot be written.
    """
    changed = []
    try:
        for name, text in sorted(files.items()):
            if write_changed(directory / name, text.encode()):
                changed.append(directory / name)
    except OSError as error:
        raise ForgeError(f"{directory} cannot be written: {error.strerror}") from error
    return tuple(changed)


def depfile(target: Path, inputs: Iterable[Path]) -> str:
    """A Makefile rule: `target` depends on the inputs, and on the code of MLForge that has been loaded."""
    loaded = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    code = {path for path in map(Path, filter(None, loaded)) if path.is_relative_to(PACKAGE)}
    own = code | set(PACKAGE.rglob("*.j2"))
    paths = [*(path.absolute() for path in inputs), *sorted(own)]
    return f"{_escaped(target)}: \\\n  " + " \\\n  ".join(map(_escaped, paths)) + "\n"


def program_files(
    contract: Contract,
    program: Program,
    classes: Sequence[str],
    model_sha256: str,
    thresholds: Mapping[str, float] = MappingProxyType({}),
) -> dict[str, str]:
    """All C files of the contract's model, by name: its program, and the facts that the application may ask for."""
    text = facts(contract, classes, model_sha256, thresholds)
    return {**program.sources, f"{contract.name}_facts.h": text}


def facts(
    contract: Contract,
    classes: Sequence[str],
    model_sha256: str,
    thresholds: Mapping[str, float] = MappingProxyType({}),
) -> str:
    """The header NAME_facts.h of the contract's model. `thresholds` are those of the lock; a number in the contract
    goes before them. What is yet to be found, of a candidate, is 0."""
    rules = contract.bundle.thresholds.items()
    stated = {name: value for name, value in rules if isinstance(value, float)}
    unknown = {name: 0.0 for name, rule in rules if not isinstance(rule, float)}
    return (
        environment("mlforge.app")
        .get_template("facts.h.j2")
        .render(
            name=contract.name,
            task=contract.task.value,
            classes=tuple(classes),
            latency_us=round(contract.limits.latency_us or 0),
            clock_hz=contract.target.clock_hz,
            gaps=(contract.data.signal.gaps if contract.data.signal else Gaps.KEEP).value,
            thresholds=sorted({**unknown, **thresholds, **stated}.items()),
            model_sha256=model_sha256,
            contract_sha256=contract.digest,
        )
    )


def _escaped(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace("$", "$$").replace(" ", "\\ ").replace("#", "\\#")
