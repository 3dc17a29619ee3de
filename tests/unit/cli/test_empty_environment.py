"""Every command where packages are missing: it works, or says in one line what to install. Never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from importlib import metadata
from pathlib import Path

import pytest

from mlforge.cli.main import COMMANDS
from mlforge.toolchain.packages import packages
from mlforge.toolchain.sources import root

SAMPLES = root() / "samples"
MODEL = str(SAMPLES / "hello_model" / "model" / "sine.tflite")
APP = str(SAMPLES / "hello_model")
WORDS = {
    "init": ["--name", "motor"],
    "check": [APP],
    "optimise": [APP, "--trials", "1"],
    "import": [MODEL, "--app", APP],
    "compile": [MODEL, "-o", "generated"],
    "arena": [MODEL, "--board", "mps2/an385"],
    "run": [MODEL, "--target", "host"],
    "serve": [MODEL],
    "trace": [APP],
    "verify": [APP],
    "scheduling": [APP],
    "blocking": [MODEL, "--board", "qemu_cortex_m3"],
    "footprint": [MODEL],
    "bundle": [APP],
    "update": ["image.bin", "--port", "/dev/nothing"],
    "monitor": ["--replay", MODEL],
    "record": [APP, "--port", "/dev/nothing", "--label", "walk"],
    "report": [APP],
    "targets": [],
    "doctor": [],
    "completion": ["bash"],
}
NEED_NOTHING = {"doctor"}
# Hides every distribution but some from a Python that has more.
BLOCK = """\
import sys
from importlib.machinery import PathFinder
class Only:
    allowed = set(ALLOWED)
    def find_spec(self, name, path=None, target=None):
        first = name.partition(".")[0]
        if path is None and first not in self.allowed | sys.stdlib_module_names and first[0] != "_":
            raise ModuleNotFoundError(f"No module named {first!r}", name=first)
sys.meta_path.insert(0, Only())
"""


def test_no_command_is_forgotten() -> None:
    assert WORDS.keys() >= COMMANDS.keys()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("empty")
    venv.create(place, with_pip=False, symlinks=True)
    return place / "bin" / "python"


def run(python: Path, name: str, place: Path, *more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((*more, str(root() / "python")))}
    command = [str(python), "-m", "mlforge", name, *WORDS[name]]
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("name", COMMANDS)
def test_without_any_package(name: str, empty: Path, tmp_path: Path) -> None:
    done = run(empty, name, tmp_path)
    assert "Traceback" not in done.stderr
    if name in NEED_NOTHING:
        assert done.stdout or done.returncode == 0
        return
    assert done.returncode == 1
    assert done.stderr.startswith("error: "), done.stderr
    if name == "update":  # nothing but Python is needed to see that this is no bundle
        return
    assert "pip install '" in done.stderr.splitlines()[1]
    as_json = subprocess.run(
        [empty, "-m", "mlforge", name, *WORDS[name], "--json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root() / "python")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "pip install" in json.loads(as_json.stdout)["error"]["hint"] or as_json.returncode == 2


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("optimise", "serve", "arena", "report")])
def test_after_zephyrs_pip(name: str, tmp_path: Path) -> None:
    """`west packages pip --install` in a fresh environment: no command ends for want of a package, but those that sign
    or talk to devices, which name it."""
    hide = tmp_path / "hide"
    hide.mkdir()
    (hide / "sitecustomize.py").write_text(BLOCK.replace("ALLOWED", repr(sorted(base_modules() | {"sitecustomize"}))))
    done = run(Path(sys.executable), name, tmp_path, str(hide))
    assert "Traceback" not in done.stderr, done.stderr
    if name in ("bundle", "update", "monitor"):
        assert done.returncode == 1 and done.stderr.startswith("error: ")
    else:
        assert "pip install" not in done.stderr


def base_modules() -> set[str]:
    """The top-level modules of what Zephyr's pip installs, and of what that needs in turn."""
    modules, waiting, seen = {"mlforge"}, [package.requirement for package in packages("")], set[str]()
    while waiting:
        requirement = waiting.pop()
        name = requirement.split(";")[0].strip()
        for end in "<>=!~ [(":
            name = name.partition(end)[0]
        if name in seen or "extra ==" in requirement:
            continue
        seen.add(name)
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # a marker excludes it here
            continue
        waiting += distribution.requires or []
        files = distribution.files or []
        modules |= {
            file.parts[0].removesuffix(".py").partition(".")[0] for file in files if file.suffix in (".py", ".so")
        }
    return modules
