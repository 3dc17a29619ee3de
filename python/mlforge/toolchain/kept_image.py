"""A copy of an image that stays accountable when its build directory has gone on to the next."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from mlforge.toolchain.link_record import record_path, write_link_record
from mlforge.toolchain.linked import read_linked
from mlforge.toolchain.references import reached_by


def keep_account(elf: Path, copy: Path) -> None:
    """Puts beside a copy of an image what lies beside the image, with all that has to be read from the objects that it
    was linked of.

    Raises:
        BuildError: no account can be made of it; see linked.py.
        OSError: the files cannot be written.
    """
    linked = read_linked(elf)
    models = linked.record.models
    reached = {model: reached_by(linked, model) for model in models} if len(models) > 1 else {}
    shutil.copyfile(linked.map, copy.with_suffix(".map"))
    write_link_record(copy, replace(linked.record, sound=True, reached=reached))


def companions(elf: Path) -> tuple[Path, Path]:
    """The files beside an image, whether there are any or not."""
    return elf.with_suffix(".map"), record_path(elf)
