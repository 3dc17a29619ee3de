"""What the locked model does to the application's own threads and timers: measured in its own build, in QEMU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from mlforge.app.interference import note_interference, noted_interference
from mlforge.app.lockfile import read_lock
from mlforge.app.own_image import emulated_board
from mlforge.app.paths import memory_directory
from mlforge.contract.contract import Contract
from mlforge.errors import BuildError, ContractError, ImageTooLargeError, Problem
from mlforge.records.cost import Cost
from mlforge.records.program import Program
from mlforge.records.scheduling import Scheduling
from mlforge.records.verdict import Check
from mlforge.targets.scheduling import measured
from mlforge.targets.zephyr_build import PORT, program_files, sync
from mlforge.toolchain.sources import root
from mlforge.toolchain.zephyr import ZephyrBuild, overflow, workspace

SECONDS: Final = 1.0  # of each part
KEPT: Final = "CONFIG_MLFORGE_RAM_KEPT_FREE"
_LEAST_US: Final = 100.0
_ANY_US: Final = 100_000.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that is not locked: its program, completed for the application, and what it cost elsewhere."""

    program: Program
    cost: Cost


def scheduling(
    contract: Contract,
    say: Callable[[str], None],
    period_us: float | None = None,
    seconds: float = SECONDS,
    candidate: Candidate | None = None,
) -> Scheduling:
    """Measures a model in the application: without it, with it, and under the contract's load.

    Args:
        period_us: from one inference to the next; None for what the contract's signal or `power` says.
        candidate: stands in for the locked model.

    Raises:
        ContractError: nothing says how often the model runs, or there is nothing to measure in.
        LockError: there is no lock.
        BuildError, RunError, ToolError: the application cannot be built or run.
    """
    if candidate is None:
        lock = read_lock(contract.app_dir)
        cost = lock.confirmed or lock.cost
    else:
        cost = candidate.cost
    period_us = period_us or period_of(contract, cost)
    board = emulated_board(contract, "target.board")
    say(f"building the application for {board.name}, to measure its threads and timers")
    place = memory_directory(contract.app_dir) / "zephyr" / f"scheduling-{board.name.replace('/', '-')}"
    settings = _settings(contract, period_us, seconds)
    if candidate is not None:
        place = place.with_name(f"{place.name}-candidate")
        settings["MLFORGE_PROGRAM"] = str(place / "program")
        sync(place / "program", program_files(candidate.program))
    build = ZephyrBuild(
        contract.app_dir.resolve(),
        place,
        board.name,
        settings,
        (root() / PORT / "scheduling.conf",),
    )
    try:
        workspace(contract.app_dir).build(build)
    except BuildError as error:
        if over := overflow(error.log):
            kept = f", with {contract.target.ram_kept_free_bytes} bytes kept free" * bool(settings[KEPT] != "0")
            message = f"the image does not fit {board.name}{kept}: it is {over[1]} bytes too large for {over[0]}"
            raise ImageTooLargeError(message, log=error.log) from error
        raise
    say(f"running it: {seconds:g} s without the model, then with it{' and under load' if contract.target.load else ''}")
    found = measured(
        build.elf,
        board,
        contract.target.clock_hz,
        board=board.name,
        period_us=period_us,
        seconds=seconds,
        load=contract.target.load,
        deadlines_us=contract.limits.deadlines_us,
    )
    if candidate is None:
        note_interference(contract, replace(noted_interference(contract), scheduling=found))
    return found


def asked_for(contract: Contract) -> bool:
    """Whether the contract says something that only such a measurement can tell."""
    return bool(contract.limits.deadlines_us or contract.target.load or contract.target.ram_kept_free_bytes)


def period_of(contract: Contract, cost: Cost) -> float:
    """Raises ContractError where neither the signal nor `power` says it."""
    period_us = (contract.power.period_us if contract.power else None) or cost.period_us
    if period_us is None and not (contract.limits.deadlines_us or contract.target.load):
        return _ANY_US  # memory alone is looked at
    if period_us is None:
        found = "a signal whose rate is unknown"
        expected = "its rate, such as {rate: 50 Hz}, which says how often the model runs; or pass --period"
        raise ContractError(
            [Problem(contract.path, contract.line("data.signal", "data"), "data.signal", found, expected)]
        )
    return max(period_us, _LEAST_US)


def scheduling_checks(contract: Contract, found: Scheduling) -> tuple[Check, ...]:
    """The contract's deadlines, its latency under load, and the memory that it keeps free, held against the last part
    of the measurement. A thread that was never ready has kept its deadline."""
    checks = [_deadline(name, limit_us, found) for name, limit_us in contract.limits.deadlines_us.items()]
    latency_us, last = contract.limits.latency_us, found.parts[-1].inference
    if contract.target.load and latency_us is not None and last is not None:
        name = f"latency under {contract.target.load:.0%} load"
        checks.append(_check(name, "us", latency_us, last.worst_us))
    if found.kept_free is not None:
        kept = float(contract.target.ram_kept_free_bytes)
        checks.append(Check("RAM kept free", "bytes", kept, kept if found.kept_free else 0.0, 0.0, hard=True))
        if not found.kept_free:
            checks[-1] = replace(checks[-1], margin=-1.0)
    return tuple(checks)


def _deadline(name: str, limit_us: float, found: Scheduling) -> Check:
    parts = [thread.parts[-1] for thread in found.threads if thread.name == name]
    worst_us = max((part.response.worst_us for part in parts if part.response is not None), default=0.0)
    missed = sum(part.missed for part in parts)
    where = f"missed {missed} times" if missed else "" if parts else "no such thread"
    check = _check(f"deadline of {name}", "us", limit_us, worst_us)
    return replace(check, where=where, margin=check.margin if parts else -1.0)


def _check(name: str, unit: str, limit: float, value: float) -> Check:
    return Check(name, unit, limit, value, (limit - value) / limit, hard=True)


def _settings(contract: Contract, period_us: float, seconds: float) -> dict[str, str]:
    deadlines = ",".join(f"{name}={round(us)}" for name, us in contract.limits.deadlines_us.items())
    return {
        "CONFIG_MLFORGE_ENFORCE_LIMITS": "n",
        "CONFIG_MLFORGE_SCHEDULING_MODEL": f'"{contract.name}"',
        "CONFIG_MLFORGE_SCHEDULING_PERIOD_US": str(round(period_us)),
        "CONFIG_MLFORGE_SCHEDULING_MS": str(round(seconds * 1000)),
        "CONFIG_MLFORGE_SCHEDULING_LOAD": str(round(contract.target.load * 100)),
        "CONFIG_MLFORGE_SCHEDULING_DEADLINES": f'"{deadlines}"',
        KEPT: str(contract.target.ram_kept_free_bytes),
    }
