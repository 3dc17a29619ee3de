"""cmake/mlforge.cmake in a plain CMake project: what it builds, when it builds, what it refuses. Needs no Zephyr."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mlforge.app import float_model
from mlforge.toolchain.sources import root
from mlforge.toolchain.zephyr import OLDEST
from tests.programs.locked_app import lock_model, locked_app, tiny_tflite

pytestmark = pytest.mark.requires(tools=("cmake", "ninja"))

PROJECT = """\
cmake_minimum_required(VERSION 3.20.0)
project(plain C)
set(CONFIG_MLFORGE y)
set(PYTHON_EXECUTABLE "{python}")
set(APPLICATION_CONFIG_DIR "${{CMAKE_SOURCE_DIR}}")
set(APPLICATION_SOURCE_DIR "${{CMAKE_SOURCE_DIR}}")
include("{root}/cmake/mlforge.cmake")
file(WRITE "${{CMAKE_BINARY_DIR}}/empty.c" "")
add_library(app STATIC "${{CMAKE_BINARY_DIR}}/empty.c")
{body}
"""


class Project:
    """A source tree with spaces in its path, and a build tree beside it."""

    def __init__(self, directory: Path) -> None:
        self.source, self.build = directory / "the source", directory / "the build"
        self.source.mkdir()

    def write(self, body: str, *, python: str = sys.executable) -> None:
        text = PROJECT.format(python=python, root=root(), body=body)
        (self.source / "CMakeLists.txt").write_text(text, encoding="utf-8")

    def configure(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return _run(["cmake", "-GNinja", "-S", self.source, "-B", self.build, *arguments])

    def ninja(self, target: str) -> str:
        done = _run(["ninja", "-C", self.build, target])
        assert done.returncode == 0, done.stdout
        return done.stdout

    def file(self, name: str) -> Path:
        return self.build / "mlforge" / name


def _run(command: list[str | Path]) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "MLFORGE_PYTHON"}
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, env=environment
    )


def _words(text: str) -> str:
    """CMake wraps its messages: one line again."""
    return " ".join(text.split())


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_two_models_and_no_work_when_nothing_changed(project: Project) -> None:
    for name, seed in (("one", 1), ("two-b", 2)):
        (project.source / f"{name}.tflite").write_bytes(tiny_tflite(seed))
    project.write("mlforge_model(TARGET app MODEL one.tflite)\nmlforge_model(TARGET app MODEL two-b.tflite NAME two)")
    done = project.configure()
    assert done.returncode == 0, done.stdout
    for name in ("one", "two"):
        assert f"Compiling the model {name}" in project.ninja(f"mlforge_compile_{name}")
        assert (
            f"extern const struct mlforge_instance {name}_instance;"
            in project.file(f"{name}/{name}_mlforge.h").read_text()
        )
        assert "no work to do" in project.ninja(f"mlforge_compile_{name}")
    generated = project.file("one/one_model.c").read_text()

    (project.source / "one.tflite").write_bytes(tiny_tflite(3))
    assert "Compiling the model one" in project.ninja("mlforge_compile_one")
    assert project.file("one/one_model.c").read_text() != generated
    assert "no work to do" in project.ninja("mlforge_compile_two")


def test_the_locked_model_of_an_app(project: Project) -> None:
    locked_app(project.source)
    before = _tree(project.source)
    project.write("mlforge_locked_model(app)")
    assert project.configure().returncode == 0
    project.ninja("mlforge_compile_activity")
    assert '#include "activity_pipeline.h"' in project.file("activity/activity_mlforge.h").read_text()
    (project.source / "mlforge.lock.yaml").touch()
    assert "Compiling the model activity" in project.ninja("mlforge_compile_activity")
    assert "no work to do" in project.ninja("mlforge_compile_activity")
    (project.source / "CMakeLists.txt").unlink()
    assert _tree(project.source) == before, "the build wrote into the source tree"


def test_another_model_than_the_locked_one_fails_the_build_until_it_is_locked(project: Project) -> None:
    locked_app(project.source)
    project.write("mlforge_locked_model(app)")
    project.configure()
    (project.source / "model/activity.tflite").write_bytes(tiny_tflite(4))
    failed = _run(["ninja", "-C", project.build, "mlforge_compile_activity"])
    assert failed.returncode != 0
    assert "is not the model that mlforge.lock.yaml names" in failed.stdout
    lock_model(project.source, tiny_tflite(4))
    project.ninja("mlforge_compile_activity")


def _tree(directory: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("mlforge_model(TARGET app)", "expected TARGET <target> MODEL <file> [NAME <name>]"),
        ("mlforge_model(TARGET app MODEL m.tflite SIZE 3)", "expected TARGET <target> MODEL <file> [NAME <name>]"),
        ("mlforge_model(TARGET app MODEL m.tflite REPRESENTATIVE)", "[REPRESENTATIVE <file.npz>]"),
        ("mlforge_model(TARGET app MODEL m.tflite REPRESENTATIVE x.npz)", "x.npz does not exist"),
        (
            "file(WRITE m.keras x)\nmlforge_model(TARGET app MODEL ${CMAKE_SOURCE_DIR}/m.keras)",
            "m.keras is a float model: quantising it needs REPRESENTATIVE <file.npz>",
        ),
        (
            "set(ZEPHYR_BASE /opt/zephyr)\nmlforge_need_zephyr(3.6.99)",
            "MLForge needs Zephyr 3.7.0 or newer, and /opt/zephyr is Zephyr 3.6.99: update the workspace",
        ),
        ("mlforge_model(TARGET app MODEL missing.tflite)", "missing.tflite does not exist"),
        ("mlforge_model(TARGET other MODEL m.tflite)", "there is no target `other`"),
        ("mlforge_model(TARGET app MODEL m.tflite NAME 3d)", "`3d` is no C identifier; pass NAME <name>"),
        (
            "mlforge_model(TARGET app MODEL m.tflite)\nmlforge_model(TARGET app MODEL m.tflite)",
            "two models are called `m`; pass NAME <name>",
        ),
        ("set(CONFIG_MLFORGE)\nmlforge_model(TARGET app MODEL m.tflite)", "set CONFIG_MLFORGE=y in prj.conf"),
        ("file(WRITE mlforge.yaml x)\nmlforge_locked_model(app)", "has no mlforge.lock.yaml beside it"),
        (
            "file(WRITE mlforge.yaml x)\nfile(WRITE mlforge.lock.yaml x)\nmlforge_locked_model(app)",
            "no usable `name:`; `west mlforge check",
        ),
    ],
)
def test_refusals(project: Project, body: str, complaint: str) -> None:
    (project.source / "m.tflite").write_bytes(tiny_tflite())
    project.write(body)
    done = project.configure()
    assert done.returncode != 0
    assert complaint in _words(done.stdout)


def test_a_python_without_the_packages_is_named_with_the_remedy(project: Project, tmp_path: Path) -> None:
    bare = tmp_path / "bare python"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n', encoding="utf-8")
    bare.chmod(0o755)
    (project.source / "m.tflite").write_bytes(tiny_tflite())
    project.write("mlforge_model(TARGET app MODEL m.tflite)")
    done = project.configure(f"-DMLFORGE_PYTHON={bare}")
    assert done.returncode != 0
    words = _words(done.stdout)
    assert "no Python has what it needs" in words
    assert "No module named" in words
    assert "west packages pip --install" in words


def test_new_enough_zephyrs(project: Project) -> None:
    oldest = ".".join(map(str, OLDEST))
    project.write(f"mlforge_need_zephyr({oldest})\nmlforge_need_zephyr(4.1.0)\nmlforge_need_zephyr(10.0.0)")
    done = project.configure()
    assert done.returncode == 0, done.stdout


def test_a_float_model_is_quantised_once(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is quantised is remembered in the build directory: no TensorFlow, not even for data written anew."""
    model, data = project.source / "net.keras", project.source / "x.npz"
    with zipfile.ZipFile(model, "w") as archive:  # of no network: nobody opens what is remembered
        for name in ("config.json", "metadata.json", "model.weights.h5"):
            archive.writestr(name, "")
    np.savez(data, x=np.zeros((3, 32, 1, 6), np.float32))
    project.write("mlforge_model(TARGET app MODEL net.keras REPRESENTATIVE x.npz)")
    assert project.configure().returncode == 0
    monkeypatch.setenv("MLFORGE_CACHE", str(tmp_path / "cache"))
    failed = _run(["ninja", "-C", project.build, "mlforge_compile_net"])
    assert "net.keras: " in failed.stdout

    monkeypatch.setattr(float_model, "_quantised", lambda model, job: tiny_tflite())
    float_model.int8_model(model, model.read_bytes(), data, project.file("net/quantised"))
    shutil.rmtree(tmp_path / "cache")
    assert "Compiling the model net" in project.ninja("mlforge_compile_net")
    assert "no work to do" in project.ninja("mlforge_compile_net")
    data.touch()
    assert "Compiling the model net" in project.ninja("mlforge_compile_net")
    np.savez(data, x=np.ones((3, 32, 1, 6), np.float32))
    assert _run(["ninja", "-C", project.build, "mlforge_compile_net"]).returncode != 0, "other data, another model"


def test_another_mlforge_among_the_modules_is_told(project: Project) -> None:
    for name in ("used", "other", "zlib"):
        module = project.source / name / "zephyr" / "module.yml"
        module.parent.mkdir(parents=True)
        module.write_text(f"name: {'zlib' if name == 'zlib' else 'mlforge'}\n", encoding="utf-8")
    (project.source / "link").symlink_to(project.source / "used")
    here = "${CMAKE_SOURCE_DIR}"
    project.write(
        f'mlforge_warn_of_others("{here}/used" "{here}/used" "{here}/link" "{here}/zlib" "{here}/other" "{here}/none")'
    )
    words = _words(project.configure().stdout)
    assert words.count("MLForge is in this workspace twice") == 1
    assert f"uses {project.source}/used and not {project.source}/other" in words
