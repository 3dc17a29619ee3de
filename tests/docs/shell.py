"""A scratch workspace as a user's: MLForge's checkout, an application beside it, `west` and `mlforge` on PATH, a home
directory of its own. Runs the shell blocks of a page in it.

Nothing that a block writes lands in the real checkout.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mlforge.toolchain.sources import root
from tests.docs.blocks import Block

SAMPLE = root() / "samples" / "hello_model"  # the application of the pages: its search takes seconds
WEST_CONFIG = "[manifest]\npath = mlforge\nfile = west-standalone.yml\n"
_KEPT = ("LANG", "LC_ALL", "TERM", "TMPDIR", "MLFORGE_CACHE", "CCACHE_DIR", "PIP_INDEX_URL", "PIP_CACHE_DIR")


@dataclass(frozen=True)
class Shell:
    """`environment` is all that a block sees of ours. Blocks run in `workspace`, or in a directory in it."""

    workspace: Path
    environment: Mapping[str, str]

    def write(self, block: Block) -> None:
        """Adds the block to the file that its page names.

        Raises:
            ValueError: the file has no line where the block belongs.
        """
        path = self.workspace / block.marks["to"]
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
        at = len(lines)
        for place, offset in (("after", 1), ("before", 0)):
            if place in block.marks:
                text = block.marks[place]
                at = next((number for number, line in enumerate(lines) if text in line), -2) + offset
        if at < 0:
            raise ValueError(f"{path} has no line with '{text}'")
        path.write_text("".join((*lines[:at], block.text, *lines[at:])), encoding="utf-8")

    def run(self, block: Block, timeout_s: float) -> str:
        """What the block printed.

        Raises:
            ValueError: it failed, or did not end in time; the message is what it printed.
        """
        process = subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", block.text],
            cwd=self.workspace / block.marks.get("in", "."),
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            return _printed(process, block.marks.get("until"), timeout_s)
        finally:
            _end(process)


def _printed(process: subprocess.Popen[bytes], until: str | None, timeout_s: float) -> str:
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    text, end = "", time.monotonic() + timeout_s
    while time.monotonic() < end:
        status = process.poll()
        text += (process.stdout.read() or b"").decode(errors="replace")
        if until is not None and until in text:
            return text
        if status is not None:
            if status != 0 or until is not None:
                raise ValueError(f"status {status}, wanted: {until or 'status 0'}\n{text[-4000:]}")
            return text
        time.sleep(0.05)
    raise ValueError(f"not over after {timeout_s:g} s\n{text[-4000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def desk(scratch: Path) -> Shell:
    """A workspace without Zephyr, where MLForge was installed into the Python that runs now."""
    workspace = _checkout_and_app(scratch)
    (workspace / ".west").mkdir()
    (workspace / ".west" / "config").write_text(WEST_CONFIG, encoding="utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return Shell(workspace, {**_environment(scratch), "PATH": path})


def _environment(scratch: Path) -> dict[str, str]:
    home = scratch / "home"
    home.mkdir()
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "HOME": str(home), "MLFORGE": str(scratch / "workspace" / "mlforge")}


def _checkout_and_app(scratch: Path) -> Path:
    workspace = scratch / "workspace"
    listing = ["git", "-C", str(root()), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, capture_output=True, text=True, check=True, timeout=60).stdout.split("\0")
    for name in filter(None, names):
        if (root() / name).is_file():
            target = workspace / "mlforge" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root() / name, target)
    shutil.copytree(SAMPLE, workspace / "app", ignore=shutil.ignore_patterns(".mlforge", "build"))
    return workspace
