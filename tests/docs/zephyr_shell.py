"""The scratch workspace with Zephyr in it: the projects of the user's own workspace, linked, and this checkout.

Zephyr's build takes its modules from the workspace of ZEPHYR_BASE, which is the user's: links to it confuse its linker
scripts. So MLForge is named as a module once more, as docs/zephyr.md has it for workspaces without west.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from tests.docs.shell import Shell, desk
from tests.zephyr.workspace import Workspace

MANIFEST = """\
manifest:
  projects:
{projects}
  self:
    path: manifest
"""
PROJECT = "    - {{name: {name}, url: https://example.invalid/{name}, path: {path}{more}}}"
# MLForge's packages are in this Python, Zephyr's in that one; a user has both in one, as docs/ci.md says.
WEST = """\
#!/bin/sh
if [ "$1" = mlforge ]; then exec {ours} -m west "$@"; fi
exec {zephyrs} -m west "$@"
"""
WEST_CONFIG = "[manifest]\npath = manifest\nfile = west.yml\n[zephyr]\nbase = zephyr\n"
EXTENSIONS = ", west-commands: scripts/west-commands.yml"


def zephyr_shell(scratch: Path, zephyr: Workspace) -> Shell:
    """As `desk`, with `west build` and what belongs to it."""
    shell = desk(scratch)
    workspace = shell.workspace
    lines = [PROJECT.format(name="mlforge", path="mlforge", more=EXTENSIONS)]
    for name, path in _projects(zephyr):
        link = workspace / path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(zephyr.base.parent / path)
        lines.append(PROJECT.format(name=name, path=path, more=EXTENSIONS if name == "zephyr" else ""))
    manifest = workspace / "manifest" / "west.yml"
    manifest.parent.mkdir()
    manifest.write_text(MANIFEST.format(projects="\n".join(lines)), encoding="utf-8")
    (workspace / ".west" / "config").write_text(WEST_CONFIG, encoding="utf-8")
    west = workspace.parent / "bin" / "west"
    west.parent.mkdir()
    west.write_text(WEST.format(ours=sys.executable, zephyrs=zephyr.real.python), encoding="utf-8")
    west.chmod(0o755)
    return replace(shell, environment={**shell.environment, **_environment(zephyr, shell)})


def _environment(zephyr: Workspace, shell: Shell) -> dict[str, str]:
    """Zephyr's Python first on PATH, as if its virtual environment were active; ours compiles the models."""
    names = ("ZEPHYR_", "GNUARMEMB_", "CROSS_COMPILE", "TOOLCHAIN_ROOT")
    kept = {name: value for name, value in os.environ.items() if name.startswith(names)}
    folders = (shell.workspace.parent / "bin", Path(zephyr.real.python).parent, Path(sys.executable).parent)
    path = os.pathsep.join((*map(str, folders), os.environ["PATH"]))
    module = str(shell.workspace / "mlforge")
    ours = {"ZEPHYR_BASE": str(zephyr.base), "ZEPHYR_EXTRA_MODULES": module, "MLFORGE_PYTHON": sys.executable}
    return {**kept, **ours, "PATH": path}


def _projects(zephyr: Workspace) -> list[tuple[str, str]]:
    """Name and path of each project of the user's workspace that is there, without the manifest itself."""
    command = [zephyr.real.python, "-m", "west", "list", "-f", "{name} {path}"]
    done = subprocess.run(command, cwd=zephyr.base, capture_output=True, text=True, check=True, timeout=120)
    found = [
        (name, path) for name, path in map(str.split, done.stdout.splitlines()) if name not in ("manifest", "mlforge")
    ]
    there = [(name, path) for name, path in found if (zephyr.base.parent / path).is_dir()]
    return [("zephyr", zephyr.base.name), *(pair for pair in there if pair[0] != "zephyr")]
