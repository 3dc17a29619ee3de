"""Zephyr's own sample with a model in it, as the README of samples/upstream_hello_world says; and bad weather."""

from __future__ import annotations

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mlforge.toolchain.sources import root
from tests.docs.blocks import blocks
from tests.zephyr.workspace import Workspace, boards, run_image

pytestmark = pytest.mark.zephyr

SAMPLES = root() / "samples"
README = SAMPLES / "upstream_hello_world" / "README.md"


def readme_lines() -> tuple[str, str, str]:
    """What the README has one write: into prj.conf, below the include, and before the end of main."""
    conf, include, lines = (block.text for block in blocks(README) if "to" in block.marks)
    return conf, include, lines


def adopted(zephyr: Workspace, app: Path) -> Path:
    """A copy of Zephyr's hello_world, changed as the README says."""
    shutil.copytree(zephyr.base / "samples" / "hello_world", app)
    for name in ("mlforge.yaml", "mlforge.lock.yaml", "model"):
        source = SAMPLES / "hello_model" / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, app / name)
    conf, include, lines = readme_lines()
    with (app / "prj.conf").open("a") as file:
        file.write(conf)
    main = (app / "src" / "main.c").read_text()
    main = main.replace("#include <stdio.h>\n", "#include <stdio.h>\n" + include)
    (app / "src" / "main.c").write_text(main.replace("\treturn 0;\n", lines + "\n\treturn 0;\n"))
    return app


def test_the_readme_and_the_sample_say_the_same() -> None:
    names = ("prj.conf", "include.txt", "main.txt")
    kept = tuple((README.parent / "lines" / name).read_text() for name in names)
    assert readme_lines() == kept
    assert sum(text.count("\n") for text in kept) == 4


@pytest.mark.parametrize("board", boards("qemu_cortex_m3", "native_sim")[:1])
@pytest.mark.usefixtures("need_toolchain")
def test_four_lines_in_a_sample_of_zephyrs_own(zephyr: Workspace, board: str, tmp_path: Path) -> None:
    printed = zephyr.build(adopted(zephyr, tmp_path / "app"), tmp_path / "build", board)
    assert "limits.flash: 8 KiB; model and runtime take" in printed
    lines = run_image(tmp_path / "build", board, "thousandths")
    assert lines[0].startswith("Hello World! ")
    found = re.fullmatch(r"sin\(pi/2\) = (\d+) thousandths", lines[1])
    assert found and 950 <= int(found[1]) <= 1050


def test_two_builds_at_once_and_the_application_untouched(zephyr: Workspace, tmp_path: Path) -> None:
    app = adopted(zephyr, tmp_path / "app")
    before = listing(app)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda name: zephyr.build(app, tmp_path / name, "native_sim"), ("one", "two")))
    for name in ("one", "two"):
        assert "thousandths" in run_image(tmp_path / name, "native_sim", "thousandths")[1]
    assert listing(app) == before, "a source tree may be read-only"


def listing(directory: Path) -> dict[Path, tuple[int, int]]:
    """Every file and directory below, with size and time of the last change."""
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in (directory, *directory.rglob("*"))}


def test_an_unknown_board(zephyr: Workspace, tmp_path: Path) -> None:
    done = zephyr.configure(adopted(zephyr, tmp_path / "app"), tmp_path / "build", "no_such_board")
    assert done.returncode != 0
    assert "No board named 'no_such_board' found" in " ".join(done.stdout.split())
