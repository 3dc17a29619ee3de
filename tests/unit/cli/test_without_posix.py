"""A Python like that of Windows: what needs no POSIX works, the rest says so in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mlforge.toolchain.sources import root

MODEL = str(root() / "samples" / "hello_model" / "model" / "sine.tflite")
ACTIVITY = str(root() / "samples" / "activity")
HIDE = """\
import os, sys
NAMES = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"}
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name in NAMES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hidden())
for name in NAMES:
    sys.modules.pop(name, None)
for name in ("fork", "getuid", "killpg", "setsid", "O_NONBLOCK", "O_CLOEXEC"):
    delattr(os, name)
from mlforge.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", HIDE, *words], capture_output=True, text=True, cwd=cwd, check=False)


@pytest.mark.parametrize(
    "words", [["compile", MODEL, "-o", "c"], ["init", "--name", "a", "."], ["run", MODEL, "--target", "host"]]
)
def test_works(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFORGE_CACHE", str(tmp_path / "cache"))
    done = run(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_works_without_any_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFORGE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert run("run", MODEL, "--target", "host", cwd=tmp_path).returncode == 0
    assert (tmp_path / "mlforge").is_dir()


@pytest.mark.parametrize("words", [["optimise", ACTIVITY], ["verify", ACTIVITY], ["serve", MODEL]])
def test_is_refused_in_one_line(words: list[str], tmp_path: Path) -> None:
    done = run(*words, cwd=tmp_path)
    assert done.returncode == 1
    assert "needs Linux or macOS" in done.stderr.splitlines()[0]
    assert "Traceback" not in done.stderr
