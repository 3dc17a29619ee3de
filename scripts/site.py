"""Builds the documentation as a site. Pages keep their places in the repository, so that their links work in both.

Every file that a page links to is copied beside the pages; a link to anything else is an error, as is a missing anchor.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "build" / "docs" / "pages"
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)\s]*)?\)")


def tracked(pattern: str) -> list[Path]:
    """Files of the repository, new ones included, relative to its root."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", pattern]
    names = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [Path(name) for name in names if (ROOT / name).is_file()]


def linked(page: Path) -> set[Path]:
    """Files of the repository that a page links to, relative to its root."""
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = {(ROOT / page.parent / target).resolve() for target in LINK.findall(text)}
    return {target.relative_to(ROOT) for target in targets if target.is_file() and target.is_relative_to(ROOT)}


def stage() -> None:
    """Copies pages, and what they link to, into the directory that mkdocs reads."""
    shutil.rmtree(PAGES, ignore_errors=True)
    pages = tracked("*.md")
    for file in sorted({*pages, *(target for page in pages for target in linked(page))}):
        if ".github" not in file.parts:
            (PAGES / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, PAGES / file)


def build(directory: Path) -> int:
    """Runs mkdocs on the mkdocs.yml in a directory; returns its exit status."""
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}  # an advertisement for a successor
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    return subprocess.run(command, cwd=directory, env=environment, check=False).returncode


def main() -> int:
    stage()
    return build(ROOT)


if __name__ == "__main__":
    sys.exit(main())
