"""The bundle block of an app, from its contract, its lock and what lies beside the model."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlforge.app.build_step import AppSources


def bundle_sources(built: AppSources, board: str) -> tuple[Mapping[str, str], tuple[Path, ...]]:
    """The C file of the block, and the files of the app that it was made from. Raises ForgeError."""
    from mlforge.app.lockfile import locked_reference
    from mlforge.bundle.assemble import assemble
    from mlforge.bundle.source import bundle_files
    from mlforge.bundle.versions import check_version, version_file

    app, lock = built.contract.app_dir, built.lock
    check_version(built.contract)
    reference = locked_reference(app, lock)
    if reference is None:
        print(
            f"note: the bundle of {lock.name} has no self-test and no baseline for drift: its lock is older than "
            "those; `west mlforge optimise` adds them",
            file=sys.stderr,
        )
    files = bundle_files(assemble(built.contract, lock, built.compiled.outputs[0], reference, board))
    beside = [app / lock.reference.path] if lock.reference else []
    version = version_file(app)
    return files, (*beside, *([version] if version else []))
