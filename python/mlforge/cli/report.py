"""Writes the HTML report of an app's study as it stands, finished or not."""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path

from mlforge.cli.common import add_app, add_json, add_storage, print_json, storage_of
from mlforge.cli.main import Status


def configure(parser: argparse.ArgumentParser) -> None:
    add_app(parser)
    add_json(parser)
    add_storage(parser)
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="where to (default: APP/.mlforge/report.html)"
    )


def execute(arguments: argparse.Namespace) -> Status:
    from mlforge.app.auto_limits import remembered
    from mlforge.app.lockfile import LOCK_NAME, locked_model, read_lock
    from mlforge.app.prepare import prepare
    from mlforge.cli.reporting import report_path, write_report
    from mlforge.contract.load import load_contract
    from mlforge.study.optimise import open_store

    contract = remembered(load_contract(arguments.app))
    lock = read_lock(contract.app_dir) if (contract.app_dir / LOCK_NAME).is_file() else None
    if lock is not None:
        locked_model(contract.app_dir, lock)
        if lock.contract_sha256 != contract.digest:
            lock = None  # of an older contract: the study of this one has no winner yet
    with closing(open_store(contract, prepare(contract), storage_of(arguments))) as store:
        trials = store.trials()
    path = arguments.output or report_path(contract)
    write_report(contract, lock, trials, path)
    if arguments.json:
        print_json({"report": str(path), "trials": len(trials), "locked": lock is not None})
    else:
        print(path)
    return Status.DONE
