"""Paths in a contract that lead nowhere good."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from mlforge.contract import load_contract
from mlforge.data.load import load_dataset
from mlforge.errors import ForgeError

CONTRACT = """\
name: paths
task: classification
data:
  loader: {loader}
  split: {{validate: 0.2, test: 0.2}}
limits:
  flash: 32 KiB
goals:
  accuracy: 0.8
"""
LOADERS = (
    '{npz: "/dev/null"}',
    '{npz: "."}',
    '{npz: "pipe"}',
    '{npz: "../../../../../../etc/passwd"}',
    '{npz: "a\\0b"}',
    '{csv: "a\\0b"}',
    '{wav: "\\0"}',
    '{csv: "/dev/null"}',
    '{wav: "pipe"}',
    f'{{npz: "{"x" * 5000}"}}',
    f'{{csv: "{"x" * 5000}"}}',
    '{python: "../elsewhere:f"}',
    '{python: "a\\0:f"}',
    '{python: "os:system"}',
)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader[:24].replace("\0", "0"))
def test_refuses(loader: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "mlforge.yaml").write_text(CONTRACT.format(loader=loader), encoding="utf-8")
    with pytest.raises(ForgeError) as caught:
        load_dataset(load_contract(tmp_path))
    assert "loader" in str(caught.value) or str(tmp_path) in str(caught.value) or "/dev/null" in str(caught.value)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(path))


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def _directory(path: Path) -> None:
    path.mkdir()


def _empty(path: Path) -> None:
    path.touch()


def _nothing(path: Path) -> None:
    path.symlink_to("nowhere")


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", [_pipe, _socket, _device, _link_to_itself, _directory, _empty, _nothing])
@pytest.mark.parametrize("suffix", ["csv", "wav", "npz"])
@pytest.mark.parametrize("layout", ["folders", "index", "file"])
def test_data_folder_with_what_is_no_file(
    kind: Callable[[Path], None], suffix: str, layout: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named with a reason, and nobody waits for it."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "data" / "walk" / f"odd.{suffix}"
    path.parent.mkdir(parents=True)
    kind(path)
    (tmp_path / "data" / "run").symlink_to("walk")
    if layout == "index":
        (tmp_path / "data" / "index.csv").write_text(f"file,label\nwalk/odd.{suffix},a\nrun/odd.{suffix},b\n")
    argument = f"data/walk/odd.{suffix}" if layout == "file" else "data"
    (tmp_path / "mlforge.yaml").write_text(CONTRACT.format(loader=f"{{{suffix}: {argument}}}"), encoding="utf-8")
    with pytest.raises(ForgeError) as caught:
        load_dataset(load_contract(tmp_path))
    assert str(tmp_path) in str(caught.value)
    assert not str(caught.value).rstrip().endswith(":"), "a reason is given"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("layout", ["folders", "index"])
def test_folders_that_lead_in_a_circle(layout: str, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "walk"
    folder.mkdir(parents=True)
    (folder / "again").symlink_to("..")
    (folder / "self").symlink_to("self")
    if layout == "index":
        (tmp_path / "data" / "index.csv").write_text("file,label\n" + "walk/self/a.csv,a\nwalk/again/walk/a.csv,b\n")
    (tmp_path / "mlforge.yaml").write_text(CONTRACT.format(loader="{csv: data}"), encoding="utf-8")
    with pytest.raises(ForgeError) as caught:
        load_dataset(load_contract(tmp_path))
    assert str(tmp_path) in str(caught.value)
