"""The pages as a site: every link and anchor leads somewhere, and a broken one is an error."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mlforge.toolchain.sources import root
from tests.docs.test_pages import PAGES

SITE = root() / "scripts" / "site.py"
# Names of files that a build, a study or a user writes, and of pages' examples.
WRITTEN = re.compile(
    r"(.*/)?(mlforge\.(lock\.)?yaml|prj\.conf|main\.c|hardware-map\.yml|bundle\.json|(sample|testcase)\.yaml|NAME\S*|MODEL\S*"
    r"|.*dsp_local_response_normalization\.py|\d+\.json|(.*/)?contract\.schema\.json|zephyr\.mlforge\.json)"
)
NAMED = re.compile(r"`([\w./-]+\.(?:py|c|h|md|yaml|yml|json|txt|sh|cmake|j2|svg))`")


def test_no_link_is_broken_and_no_page_left_out() -> None:
    done = subprocess.run([sys.executable, SITE], capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    assert (root() / "build" / "docs" / "site" / "docs" / "zephyr" / "index.html").is_file()


def test_a_broken_link_is_an_error(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("site_script", SITE)
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    config = (root() / "mkdocs.yml").read_text(encoding="utf-8")
    before, _, _ = config.partition("\nnav:")
    (tmp_path / "pages").mkdir()
    (tmp_path / "mkdocs.yml").write_text(re.sub(r"build/docs/(\w+)", r"\1", before), encoding="utf-8")
    for text in ("[a](nowhere.md)", "[a](#nowhere)", "[a](../bench)"):
        (tmp_path / "pages" / "index.md").write_text(f"# Title\n\n{text}\n", encoding="utf-8")
        assert script.build(tmp_path) != 0, text
    (tmp_path / "pages" / "index.md").write_text("# Title\n\n[a](#title)\n", encoding="utf-8")
    assert script.build(tmp_path) == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(root())))
def test_files_that_a_page_names_are_there(page: Path) -> None:
    """A path is one from the root of the repository, from the package, from the page, or the end of one."""
    there = _files()
    for name in NAMED.findall(page.read_text(encoding="utf-8")):
        known = any(file == name or file.endswith(f"/{name}") for file in there)
        assert known or WRITTEN.fullmatch(name) or (page.parent / name).exists(), f"{page.name} names {name}"


def _files() -> list[str]:
    listing = ["git", "-C", str(root()), "ls-files", "--cached", "--others", "--exclude-standard"]
    return subprocess.run(listing, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
