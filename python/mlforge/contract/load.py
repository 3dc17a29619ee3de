"""`mlforge.yaml` to a `Contract`. Every mistake in the file is reported at once, each with its line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from mlforge.contract.build import build
from mlforge.contract.contract import Contract
from mlforge.contract.schema import check_shape, show
from mlforge.contract.tree import Report, parse
from mlforge.errors import ContractError, Problem

CONTRACT_FILE: Final = "mlforge.yaml"
MAX_BYTES: Final = 64 * 1024


def load_contract(path_or_app_dir: Path | str) -> Contract:
    """Reads the contract at the path, or `mlforge.yaml` in the directory at the path.

    Raises:
        ContractError: with every problem found, in the order of the file.
    """
    path = Path(path_or_app_dir)
    if path.is_dir() or path.suffix not in (".yaml", ".yml"):
        path = path / CONTRACT_FILE
    problems: list[Problem] = []

    def report(line: int, key: str, found: str, expected: str) -> None:
        problems.append(Problem(path, line, key, found, expected))

    contract = _load(path, report, problems)
    if problems or contract is None:
        raise ContractError(sorted(dict.fromkeys(problems), key=lambda problem: problem.line))
    return contract


def _load(path: Path, report: Report, problems: list[Problem]) -> Contract | None:
    text = _read(path, report)
    if text is None:
        return None
    root = parse(text, report)
    if problems and root is None:
        return None
    if root is None or not isinstance(root.value, dict):
        found = "an empty file" if root is None or root.value is None else show(root)
        report(root.line if root else 0, "(document)", found, "a mapping of the contract's keys, starting with `name:`")
        return None
    check_shape(root, report)
    return build(root, path, frozenset(problem.key for problem in problems), report)


def _read(path: Path, report: Report) -> str | None:
    """The file as text; None where it cannot be one."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        report(0, "(file)", reason, f"a contract; `west mlforge init {path.parent}` writes one")
        return None
    if len(data) > MAX_BYTES:
        report(0, "(file)", f"more than {MAX_BYTES // 1024} KiB", "a contract, which is a page of text")
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        report(line, "(file)", f"the byte 0x{data[error.start]:02x}", "text in UTF-8")
        return None
    return text if _without_tabs(text, report) else None


def _without_tabs(text: str, report: Report) -> bool:
    tabbed = [number for number, line in enumerate(text.splitlines(), 1) if re.match(r" *\t\s*[^#\s]", line)]
    for number in tabbed:
        report(number, "(syntax)", "a tab as indentation", "spaces: YAML does not indent with tabs")
    return not tabbed
