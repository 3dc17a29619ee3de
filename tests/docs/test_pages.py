"""Every page, block by block. A block without a mark is run; CONTRIBUTING.md says how to mark one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mlforge.toolchain.sources import root
from tests.docs.blocks import Block, Stage, UnmarkedError, blocks
from tests.docs.checks import CHECKS
from tests.docs.shell import Shell, desk
from tests.docs.zephyr_checks import ZEPHYR_CHECKS
from tests.docs.zephyr_shell import zephyr_shell
from tests.zephyr.workspace import require_toolchain, require_workspace

LEFT_OUT = ("CHANGELOG.md", ".venv", "build")
PAGES = sorted(path for path in root().rglob("*.md") if not set(path.relative_to(root()).parts) & set(LEFT_OUT))
TIMEOUT_S = {Stage.QUICK: 120.0, Stage.ZEPHYR: 900.0, Stage.NIGHTLY: 7200.0}


def _with(stage: Stage) -> list[Path]:
    """Pages with blocks of the stage. One that cannot be read is left to the first test."""
    return [page for page in PAGES if stage in _stages(page)]


def _stages(page: Path) -> set[Stage]:
    try:
        return {block.stage for block in blocks(page)}
    except UnmarkedError:
        return set()


def _name(page: Path) -> str:
    return str(page.relative_to(root()))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_block_is_run_or_validated_or_marked(page: Path) -> None:
    for block in blocks(page):
        assert block.stage is Stage.NEVER or block.language in {"sh", "text", *CHECKS, *ZEPHYR_CHECKS}


@pytest.mark.parametrize("page", _with(Stage.QUICK), ids=_name)
def test_page(page: Path, tmp_path: Path) -> None:
    _follow(page, Stage.QUICK, desk(tmp_path), lambda block, scratch: CHECKS[block.language](block, scratch))


@pytest.mark.zephyr
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("page", _with(Stage.ZEPHYR), ids=_name)
def test_page_in_zephyr(page: Path, tmp_path: Path) -> None:
    zephyr = require_workspace()
    require_toolchain("qemu_cortex_m3")  # pages build for Arm's boards

    def check(block: Block, scratch: Path) -> None:
        ZEPHYR_CHECKS[block.language](block, scratch, zephyr)

    _follow(page, Stage.ZEPHYR, zephyr_shell(tmp_path, zephyr), check)


if os.environ.get("MLFORGE_NIGHTLY") == "1":

    @pytest.mark.timeout(10800)
    @pytest.mark.parametrize("page", _with(Stage.NIGHTLY), ids=_name)
    def test_page_at_night(page: Path, tmp_path: Path) -> None:
        _follow(page, Stage.NIGHTLY, desk(tmp_path), lambda block, scratch: CHECKS[block.language](block, scratch))


def _follow(page: Path, stage: Stage, shell: Shell, check: Callable[[Block, Path], None]) -> None:
    """Does what the page says, from top to bottom. Files are written at every stage; what runs is the stage's alone."""
    printed: str | None = None
    for number, block in enumerate(blocks(page)):
        scratch = shell.workspace.parent / f"block-{number}"
        scratch.mkdir()
        try:
            if "to" in block.marks and block.stage in {stage, Stage.QUICK}:
                shell.write(block)
            if block.language == "text":
                _compare(block, printed)
            elif block.stage is not stage:
                printed = None
            elif block.language == "sh":
                printed = shell.run(block, TIMEOUT_S[stage])
            elif "in" in block.marks or (stage is Stage.QUICK and block.language != "c"):  # else built later
                check(block, scratch)
        except Exception as error:
            raise AssertionError(f"{block.place}: {error}") from error


def _compare(block: Block, printed: str | None) -> None:
    """Each line of the block was printed, in this order; `…` stands for anything. `printed` is None: nothing ran."""
    if "output" not in block.marks or printed is None:
        return
    rest = iter(" ".join(line.split()) for line in printed.splitlines())
    for line in block.text.splitlines():
        wanted = " ".join(line.split())
        if wanted not in ("", "…") and not any(wanted in found for found in rest):
            raise ValueError(f"the output has no line '{line}' there:\n{printed[-3000:]}")
