"""What our sources include of Zephyr is there: some of them are compiled in the longest of builds only."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mlforge.toolchain.sources import root
from tests.zephyr.workspace import Workspace

FOLDERS = ("zephyr", "ports/zephyr", "samples", "tests/zephyr")
INCLUDE = re.compile(r"^#include <(zephyr/[^>]+)>", re.MULTILINE)


def _sources() -> list[Path]:
    found = (path for folder in FOLDERS for path in (root() / folder).rglob("*"))
    return sorted(path for path in found if path.suffix in (".c", ".h", ".cc", ".cpp", ".inc", ".in"))


@pytest.mark.parametrize("source", _sources(), ids=lambda path: str(path.relative_to(root())))
def test_every_header_of_zephyr_exists(zephyr: Workspace, source: Path) -> None:
    includes = [zephyr.base / "include", zephyr.base / "subsys" / "testsuite" / "ztest" / "include"]
    wanted = INCLUDE.findall(source.read_text())
    assert not [name for name in wanted if not any((folder / name).is_file() for folder in includes)]
