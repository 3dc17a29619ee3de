"""The commented contract that `init` writes beside `prj.conf`."""

from __future__ import annotations

import re
from pathlib import Path

from mlforge.contract.json_schema import MODELINE


def contract_template(directory_name: str) -> str:
    """The text of a contract whose name is made from the app's directory: "my-app" becomes `my_app`."""
    from jinja2 import StrictUndefined, Template

    name = re.sub(r"[^A-Za-z0-9_]", "_", directory_name)[:31]
    name = f"_{name}" if not name or name[0].isdecimal() else name
    text = (Path(__file__).parent / "template.yaml.j2").read_text(encoding="utf-8")
    return str(
        Template(text, undefined=StrictUndefined, keep_trailing_newline=True).render(name=name, modeline=MODELINE)
    )
