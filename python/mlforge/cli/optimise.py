"""Runs or resumes the study of an app's contract: proposes architectures, costs each on the emulated target, trains
what fits, and locks the winner beside prj.conf.

Exit status: 0 the contract is met, 3 the budget ended without, 1 an error. Ctrl-C stops; the same command resumes.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlforge.cli.common import add_app, add_json, add_storage, bounded, console, print_json, storage_of
from mlforge.cli.main import Status

if TYPE_CHECKING:
    from rich.console import Console

    from mlforge.contract.contract import Contract
    from mlforge.study.optimise import Result
    from mlforge.study.winner.finish import Outcome


def configure(parser: argparse.ArgumentParser) -> None:
    add_app(parser)
    add_json(parser)
    add_storage(parser)
    parser.add_argument(
        "--trials", type=bounded(int, 1), metavar="N", help="budget of trials (default: the contract's)"
    )
    parser.add_argument(
        "--seed", type=bounded(int, 0), metavar="S", help="seed of the search (default: the contract's)"
    )
    parser.add_argument(
        "--workers", type=bounded(int, 1), metavar="W", help="trials at the same time (default: the contract's)"
    )

    parser.add_argument(
        "--from",
        dest="origin",
        metavar="MODEL",
        help="a trained model, as `import` takes it: the first candidate, and the teacher of smaller networks",
    )
    parser.add_argument("--weights", metavar="F", type=Path, help="with --from FILE.py:FACTORY: a checkpoint")
    parser.add_argument(
        "--replay", action="store_true", help="take the agent's proposals from its stored exchanges; ask no model"
    )


def execute(arguments: argparse.Namespace) -> Status:
    from rich.console import Console

    from mlforge.cli.import_model import source_of
    from mlforge.cli.progress import Progress
    from mlforge.cli.reporting import report_path, write_report
    from mlforge.contract.load import load_contract
    from mlforge.errors import ForgeError
    from mlforge.study.optimise import optimise
    from mlforge.toolchain.posix import refuse_without_posix

    refuse_without_posix("optimise")
    if arguments.weights and not arguments.origin:
        raise ForgeError("--weights goes with --from FILE.py:FACTORY")
    origin = source_of(arguments.origin, arguments.weights) if arguments.origin else None
    contract = _overridden(load_contract(arguments.app), arguments)
    screen = Console(stderr=True, highlight=False) if arguments.json else console()

    def say(sentence: str) -> None:
        screen.print(sentence, style="dim", soft_wrap=True, markup=False)

    try:
        with Progress(screen) as progress:
            result = optimise(contract, progress, say, storage_of(arguments), replay=arguments.replay, origin=origin)
    except KeyboardInterrupt:
        print(file=sys.stderr)  # behind the ^C
        raise ForgeError("stopped; everything finished is stored, and the same command resumes") from None
    report = report_path(contract)
    write_report(
        contract,
        result.outcome.lock,
        result.outcome.trials,
        report,
        result.data,
        result.outcome.baselines,
        result.evidence,
    )
    if arguments.json:
        print_json(_document(result, report))
    else:
        _print_result(screen, result, report)
    return Status.DONE if result.outcome.met else Status.UNMET


def _overridden(contract: Contract, arguments: argparse.Namespace) -> Contract:
    given = {key: getattr(arguments, key) for key in ("trials", "seed", "workers")}
    changes = {key: value for key, value in given.items() if value is not None}
    return replace(contract, search=replace(contract.search, **changes))


def _print_result(screen: Console, result: Result, report: Path) -> None:
    from mlforge.contract.contract import Proposer
    from mlforge.report import terminal
    from mlforge.report.energy import energy_section
    from mlforge.report.facts import selection_words
    from mlforge.report.quality_tables import baselines_table, folds_table
    from mlforge.report.variants import ranges_sentence

    outcome = result.outcome
    screen.print()
    if result.exhausted:
        screen.print(f"the search ended early: {result.exhausted}")
    if outcome.lock is not None and outcome.winner is not None:
        screen.print(terminal.quality_table(outcome.lock.qualities))
        if outcome.lock.folds is not None:
            screen.print(folds_table(outcome.lock.folds))
        screen.print(baselines_table(outcome.lock.baselines))
        if len(outcome.lock.attempts) > 1:
            screen.print(terminal.attempts_table(outcome.lock.attempts))
        if outcome.lock.ranges:
            screen.print(ranges_sentence(outcome.lock.ranges), style="dim", soft_wrap=True)
        if outcome.lock.robustness:
            screen.print(terminal.robustness_table(outcome.lock.robustness))
        if outcome.lock.thresholds:
            screen.print(terminal.thresholds_table(outcome.lock.thresholds))
        if outcome.lock.events:
            screen.print(terminal.events_table(outcome.lock.events))
        screen.print(terminal.cost_table(outcome.lock.cost))
        if (energy := energy_section(outcome.contract, outcome.lock.confirmed or outcome.lock.cost)) is not None:
            screen.print(terminal.energy_table(energy))
        if outcome.lock.confirmed is not None:
            screen.print(terminal.comparison_table(outcome.lock.cost, outcome.lock.confirmed))
        title = f"{outcome.contract.name}: trial {outcome.winner.number}, test split opened"
        screen.print(terminal.verdict_table(outcome.lock.verdict, title=title))
        screen.print(selection_words(outcome.lock), soft_wrap=True)
    elif outcome.verdict is not None and outcome.nearest is not None:
        screen.print(terminal.quality_table(outcome.nearest.qualities))
        screen.print(baselines_table(outcome.baselines))
        title = f"{outcome.contract.name}: nearest miss, trial {outcome.nearest.number}"
        screen.print(terminal.verdict_table(outcome.verdict, title=title))
    if numbers := _front(outcome) if outcome.contract.search.proposer is Proposer.NSGA2 else ():
        listed = ", ".join(str(number) for number in numbers)
        screen.print(f"front of quality, flash, RAM and latency: trials {listed}", soft_wrap=True)
    screen.print(_ending(outcome), style="bold green" if outcome.met else "bold red")
    for sentence in () if outcome.met else _next_steps(outcome):
        screen.print(f"- {sentence}", soft_wrap=True, markup=False)
    for label, path in (
        ("model", result.model),
        ("nearest", result.nearest),
        ("lock", result.lock),
        ("report", report),
    ):
        if path is not None:
            screen.print(f"{label + ':':<8}{path}", soft_wrap=True)


def _ending(outcome: Outcome) -> str:
    if outcome.met:
        return "the contract is met"
    binding = outcome.verdict.binding if outcome.verdict else None
    if binding is None:
        return "the contract is not met: no trial got as far as a verdict"
    where = "on the test split, which the search never saw" if outcome.lock else "by the nearest miss"
    return f"the contract is not met: {binding.name} is the binding one, missed by {-binding.margin:.1%} {where}"


def _next_steps(outcome: Outcome) -> list[str]:
    from mlforge.measure.advice import advice, binding, reached

    if outcome.lock is not None:
        where = "on test data, though it held on validation data: a narrow miss, or too few validation groups"
        return [f"{missed} {where}" for missed in binding(outcome.lock.verdict.checks)]
    missed = binding(outcome.verdict.checks) if outcome.verdict else []
    return [*missed, *reached(outcome.contract, outcome.trials), *advice(outcome.contract, outcome.trials)]


def _front(outcome: Outcome) -> tuple[int, ...]:
    from mlforge.search.objectives import front

    return front(outcome.trials, outcome.contract.metric)


def _document(result: Result, report: Path) -> dict[str, Any]:
    """The --json document. `binding` names the check with the least margin, `front` the trials that no other beats in
    all of quality, flash, RAM and latency."""
    import json

    outcome = result.outcome
    files = (("model", result.model), ("nearest", result.nearest), ("lock", result.lock), ("report", report))
    binding = outcome.verdict.binding if outcome.verdict else None
    return {
        "met": outcome.met,
        "winner": outcome.winner.number if outcome.winner else None,
        "nearest_miss": outcome.nearest.number if outcome.nearest else None,
        "binding": binding.name if binding else None,
        "front": list(_front(outcome)),
        "lock": outcome.lock.to_dict() if outcome.lock else None,
        "passed_over": [{"trial": one.trial.number, "reason": one.reason} for one in outcome.passed_over],
        "trials": [json.loads(trial.to_json()) for trial in outcome.trials],
        "files": {name: str(path) for name, path in files if path},
        "next_steps": [] if outcome.met else _next_steps(outcome),
        "exhausted": result.exhausted,
        "data": dataclasses.asdict(result.data),
        "baselines": [dataclasses.asdict(one) for one in (outcome.lock or outcome).baselines],
    }
