"""Writes the HTML report of an app's study as it stands, finished or not."""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from mlforge.cli.common import add_app, add_json, add_storage, print_json, storage_of
from mlforge.cli.main import Status

if TYPE_CHECKING:
    from mlforge.contract.contract import Contract
    from mlforge.errors import ForgeError


def configure(parser: argparse.ArgumentParser) -> None:
    add_app(parser)
    add_json(parser)
    add_storage(parser)
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="the file to write (default: APP/.mlforge/report.html)"
    )


def execute(arguments: argparse.Namespace) -> Status:
    from mlforge.app.auto_limits import remembered
    from mlforge.app.lockfile import LOCK_NAME, locked_model, read_lock
    from mlforge.app.prepare import prepare
    from mlforge.cli.reporting import report_path, write_report
    from mlforge.contract.load import load_contract
    from mlforge.measure import ranking
    from mlforge.study.memory.artefacts import artefacts_of
    from mlforge.study.memory.database import has_study
    from mlforge.study.optimise import open_store
    from mlforge.study.winner.evidence import evidence
    from mlforge.study.winner.finish import beside_the_nearest

    contract = remembered(load_contract(arguments.app))
    lock = read_lock(contract.app_dir) if (contract.app_dir / LOCK_NAME).is_file() else None
    if lock is not None:
        locked_model(contract.app_dir, lock)
        if lock.contract_sha256 != contract.digest:
            lock = None  # of an older contract: the study of this one has no winner yet
    if lock is None and not has_study(contract.app_dir, storage_of(arguments)):
        raise _nothing_to_report(contract)
    prepared = prepare(contract)
    with closing(open_store(contract, prepared, storage_of(arguments))) as store:
        trials = store.trials()
        number = lock.study.winner if lock else None
        subject = next((trial for trial in trials if trial.number == number), None) or ranking.candidate(trials)
        artefacts = artefacts_of(store.database, contract.app_dir)
        seen = evidence(contract, prepared, artefacts, subject)
    if lock is None and not trials:
        raise _nothing_to_report(contract)
    path = arguments.output or report_path(contract)
    baselines = () if lock is not None else beside_the_nearest(contract, prepared, ranking.candidate(trials))
    write_report(contract, lock, trials, path, prepared.inspect(contract), baselines, seen)
    if arguments.json:
        print_json({"report": str(path), "trials": len(trials), "locked": lock is not None})
    else:
        print(path)
    return Status.DONE


def _nothing_to_report(contract: Contract) -> ForgeError:
    from mlforge.errors import StudyError

    return StudyError(
        f"there is nothing to report: {contract.path} as it is now has no study with a finished trial, and no lock",
        hint="`west mlforge optimise` runs one; a contract that was changed starts another study",
    )
