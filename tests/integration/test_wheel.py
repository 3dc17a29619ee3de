"""The sdist and the wheel: what they hold, and that the wheel alone does the work, far from any checkout.

The packages that it needs come from this environment, so that nothing is downloaded; scripts/try_package.sh, which the
release workflow runs, installs them too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from mlforge.targets.registry import target_named
from mlforge.toolchain.sources import root
from tests.integration.test_optimise import make_app
from tests.programs.require import require

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

MODEL = root() / "samples" / "hello_model" / "model" / "sine.tflite"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(place)]
    subprocess.run(command, cwd=root(), check=True, capture_output=True, timeout=120)
    return place


@pytest.fixture(scope="module")
def python(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python in which the wheel is installed, and of this one's packages all but MLForge: a directory that a .pth
    file names gives its packages, but its own .pth files, an editable install among them, are not read."""
    place = tmp_path_factory.mktemp("venv")
    venv.create(place, with_pip=False, symlinks=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = place / "lib" / version / "site-packages"
    (wheel,) = packages.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:  # a wheel without scripts is installed by unpacking it
        archive.extractall(site)
    (site / "others.pth").write_text(f"{Path(sys.prefix) / 'lib' / version / 'site-packages'}\n")
    return place / "bin" / "python"


def mlforge(python: Path, place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MLFORGE_ROOT")}
    command = [str(python), "-m", "mlforge", *words]
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, timeout=400, check=False)


def test_the_wheel_holds_all_that_is_built_on_a_users_machine(packages: Path) -> None:
    (wheel,) = packages.glob("mlforge_zephyr-*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    for place in ("runtime", "ports", "firmware", "cmake", "zephyr", "dts"):
        files = {path for path in (root() / place).rglob("*") if path.is_file() and "__pycache__" not in path.parts}
        assert files
        assert {f"mlforge/source/{path.relative_to(root())}" for path in files} <= held
    package = root() / "python" / "mlforge"
    data = {path for path in package.rglob("*") if path.suffix in (".yaml", ".j2", ".py", ".json", ".typed")}
    assert {f"mlforge/{path.relative_to(package)}" for path in data} <= held
    assert not [name for name in held if name.startswith(("tests", "bench", "samples")) or "__pycache__" in name]


def test_the_sdist_makes_the_same_wheel(packages: Path, tmp_path: Path) -> None:
    (sdist,) = packages.glob("mlforge_zephyr-*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.4 and newer have it
        archive.extractall(tmp_path)
    (source,) = tmp_path.iterdir()
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "again")]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=120)
    (again,) = (tmp_path / "again").glob("*.whl")
    (wheel,) = packages.glob("*.whl")
    assert again.read_bytes() == wheel.read_bytes()


def test_the_package_is_the_wheels(python: Path, tmp_path: Path) -> None:
    code = "import mlforge, mlforge.toolchain.sources as s; print(mlforge.__file__, s.root())"
    done = subprocess.run([python, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert str(root()) not in done.stdout and "mlforge/source" in done.stdout


def test_compile_and_check(python: Path, tmp_path: Path) -> None:
    done = mlforge(python, tmp_path, "compile", str(MODEL), "-o", "generated", "--json")
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "generated").glob("sine*.c"))
    done = mlforge(python, tmp_path, "check", str(root() / "samples" / "hello_model"), "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["name"]


def test_optimise(python: Path, tmp_path: Path) -> None:
    require(target_named("mps2/an386"))
    app = make_app(tmp_path / "app", trials=1, accuracy=0.1)
    done = mlforge(python, tmp_path, "optimise", str(app), "--json")
    assert done.returncode == 0, done.stderr
    assert (app / "model" / "shaker.tflite").is_file() and json.loads(done.stdout)["met"]
