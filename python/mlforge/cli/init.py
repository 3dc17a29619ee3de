"""Writes a commented contract beside prj.conf, to be filled in. An existing one is never overwritten."""

from __future__ import annotations

import argparse
import re

from mlforge.cli.common import add_app
from mlforge.cli.main import Status


def configure(parser: argparse.ArgumentParser) -> None:
    add_app(parser)
    parser.add_argument("--name", help="the model's name, a C identifier (default: the directory's name)")


def execute(arguments: argparse.Namespace) -> Status:
    from mlforge.app.paths import write_editor_schema
    from mlforge.contract.template import contract_template
    from mlforge.errors import ForgeError

    app = arguments.app.resolve()
    if not app.is_dir():
        raise ForgeError(f"{arguments.app} is not a directory")
    path = app / "mlforge.yaml"
    name = arguments.name or (re.sub(r"\W", "_", app.name).lstrip("0123456789_") or "model")[:32]
    text = contract_template(name)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ForgeError(f"{path} exists already", hint="edit it, or delete it first") from None
    except OSError as error:
        raise ForgeError(f"cannot write {path}: {error.strerror}") from error
    write_editor_schema(app)
    print(f"{path}\nnext: fill it in, then `west mlforge check` and `west mlforge optimise`")
    return Status.DONE
