"""zephyr/module.yml, and what docs/zephyr.md has users of Zephyr 3.7 do to it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import yaml

from mlforge.toolchain.sources import root

# What the schema in scripts/zephyr_module.py of Zephyr 3.7 knows.
KEYS_OF_3_7 = {"name", "build", "tests", "samples", "boards", "blobs", "security"}


def test_zephyrs_package_managers_find_files_that_are_there() -> None:
    module = yaml.safe_load((root() / "zephyr" / "module.yml").read_text())
    files = module["package-managers"]["pip"]["requirement-files"]
    assert files
    assert all((root() / file).is_file() for file in files)


def test_the_line_for_the_old_release_leaves_only_what_it_knows(tmp_path: Path) -> None:
    (tmp_path / "zephyr").mkdir()
    module = tmp_path / "zephyr" / "module.yml"
    shutil.copy(root() / "zephyr" / "module.yml", module)
    before = yaml.safe_load(module.read_text())
    found = re.search(r"^sed -i '(?P<script>.*)' zephyr/module.yml$", (root() / "docs" / "zephyr.md").read_text(), re.M)
    assert found
    subprocess.run(["sed", "-i", found["script"], "zephyr/module.yml"], cwd=tmp_path, check=True)
    after = yaml.safe_load(module.read_text())
    assert set(after) <= KEYS_OF_3_7
    assert after == {key: value for key, value in before.items() if key != "package-managers"}
