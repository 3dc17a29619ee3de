"""The one Jinja environment: C text and pages come from template files, with the same options everywhere.

A name that a template uses and nobody gave is an error, never an empty string.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment, FileSystemLoader, StrictUndefined


@cache
def environment(package: str, *, markup: bool = False) -> Environment:
    """Templates in the folder `templates` of a package, such as `mlforge.compiler`.

    Args:
        markup: the text is HTML or SVG, and every value is escaped.
    """
    return _environment(FileSystemLoader(str(files(package) / "templates")), markup=markup)


def render_file(template: Path, values: dict[str, Any], *, markup: bool = False) -> str:
    """The text of one template that lies outside the package."""
    return _environment(FileSystemLoader(template.parent), markup=markup).get_template(template.name).render(values)


def c_text(text: str) -> str:
    """The inside of a C string literal: printable ASCII as it is, all other bytes of its UTF-8 in octal."""
    return "".join(
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\?' else f"\\{byte:03o}"
        for byte in text.encode(errors="replace")
    )


def _environment(loader: BaseLoader, *, markup: bool) -> Environment:
    made = Environment(
        loader=loader,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=markup,
    )
    made.filters["c_text"] = c_text
    return made
