"""What is checked of a block that is no shell command: one function for each language. Each raises where the block is
wrong, and runs nothing that the block says, but for Python."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from ruamel.yaml import YAML
from west.manifest import Manifest

from mlforge.contract.load import load_contract
from mlforge.targets.hardware_map import read_map
from mlforge.toolchain.sources import root
from tests.docs.blocks import Block

FRAMES = Path(__file__).with_name("frames")
PLACE = "@BLOCK@"  # where a frame takes the block
# A whole contract, which a part of one is put into; by its task.
CONTRACTS = {"anomaly": root() / "samples" / "anomaly", "": root() / "samples" / "activity"}
CHECK_TIMEOUT_S = 120


def framed(block: Block, frame: Path) -> str:
    """The frame's text with the block in it.

    Raises:
        ValueError: the frame has no place for it.
    """
    before, place, after = frame.read_text(encoding="utf-8").partition(PLACE)
    if not place:
        raise ValueError(f"{frame} has no {PLACE}")
    return before + block.text + after


def check_yaml(block: Block, scratch: Path) -> None:
    """A contract or a part of one, a manifest of west's, twister's hardware map, or steps of a workflow of GitHub's."""
    found = YAML(typ="safe").load(block.text)
    if isinstance(found, list) and any("uses" in step for step in found):
        _workflow(found, scratch)
    elif isinstance(found, list):
        (scratch / "hardware-map.yml").write_text(block.text, encoding="utf-8")
        read_map(scratch / "hardware-map.yml")
    elif "projects" in found:
        Manifest.from_data({"manifest": found}, import_flags=1)
    else:
        _contract(block, found, scratch)


def _workflow(steps: list[dict[str, object]], scratch: Path) -> None:
    """The steps against GitHub's schema, and what they hand to our action against its inputs."""
    workflow = scratch / "workflow.yml"
    job = {"runs-on": "ubuntu-24.04", "steps": steps}
    with workflow.open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump({"on": "push", "jobs": {"build": job}}, file)
    _run([Path(sys.executable).with_name("check-jsonschema"), "--builtin-schema", "vendor.github-workflows", workflow])
    action = YAML(typ="safe").load(root() / "action.yml")
    for step in steps:
        if "/mlforge@" in str(step.get("uses")):
            unknown = set(step.get("with", {})) - set(action["inputs"])  # type: ignore[call-overload]
            if unknown:
                raise ValueError(f"action.yml has no input {', '.join(sorted(unknown))}")


def _contract(block: Block, found: Mapping[str, object], scratch: Path) -> None:
    """Keys that the block does not have are those of a sample with the same task."""
    path = scratch / "mlforge.yaml"
    if {"name", "task", "data", "limits", "goals"} <= set(found):
        path.write_text(block.text, encoding="utf-8")
    else:
        task = next((task for task in CONTRACTS if f"task: {task}" in block.text), "")
        sample = YAML(typ="safe").load(CONTRACTS[task] / "mlforge.yaml")
        data = {**sample["data"], **found.get("data", {})}  # type: ignore[dict-item]
        with path.open("w", encoding="utf-8") as file:
            YAML(typ="safe").dump({**sample, **found, "data": data}, file)
    load_contract(path)


def check_json(block: Block, scratch: Path) -> None:
    json.loads(block.text)


def check_python(block: Block, scratch: Path) -> None:
    source = scratch / "block.py"
    source.write_text(block.text, encoding="utf-8")
    runpy.run_path(str(source), run_name="page")


def check_c(block: Block, scratch: Path) -> None:
    """Compiles the block in its frame against the public headers and what the build generates of samples/activity."""
    source = scratch / "block.c"
    source.write_text(framed(block, FRAMES / f"{block.marks['in']}.in"), encoding="utf-8")
    includes = [f"-I{path}" for path in (root() / "runtime" / "include", generated(scratch))]
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"]
    _run(["cc", *flags, *includes, source])


def generated(scratch: Path) -> Path:
    """The directory with `activity_mlforge.h`, made as the build makes it."""
    build = _configured("mlforge_locked_model(app)\n", "plain", root() / "samples" / "activity", scratch)
    _run(["ninja", "-C", build, "mlforge_compile_activity"])
    return build / "mlforge" / "activity"


def _configured(text: str, frame: str, app: Path, scratch: Path) -> Path:
    """A plain project's build directory, configured; `text` is put into the frame."""
    source = scratch / "project"
    shutil.copytree(FRAMES / frame, source, dirs_exist_ok=True)
    lists = source / "CMakeLists.txt"
    lists.write_text(lists.read_text(encoding="utf-8").replace(PLACE, text), encoding="utf-8")
    settings = (f"-DMLFORGE={root()}", f"-DAPP={app}", f"-DPYTHON_EXECUTABLE={sys.executable}")
    _run(["cmake", "-GNinja", *settings, "-S", source, "-B", scratch / "build"])
    return scratch / "build"


def check_kconfig(block: Block, scratch: Path) -> None:
    """Every symbol of MLForge's is defined in its Kconfig, and every line assigns."""
    known = (root() / "zephyr" / "Kconfig").read_text(encoding="utf-8")
    for line in block.text.splitlines():
        if not line or line.startswith("#"):  # a comment behind a value would be part of the value
            continue
        assignment = re.fullmatch(r"(?:SB_)?CONFIG_(\w+)=(y|n|-?\d+|\".*\")", line)
        if assignment is None:
            raise ValueError(f"found '{line}', expected CONFIG_NAME=VALUE")
        if assignment[1].startswith("MLFORGE") and not re.search(rf"config {assignment[1]}\b", known):
            raise ValueError(f"zephyr/Kconfig has no {assignment[1]}")


def check_cmake(block: Block, scratch: Path) -> None:
    """Configures a plain project with the block in its frame. Models and contracts that it names are small ones."""
    for name in re.findall(r"mlforge_locked_model\(\w+ ([\w/]+)\)", block.text):
        shutil.copytree(root() / "samples" / "hello_model", scratch / "project" / name)
    for name in re.findall(r"[\w/]+\.(?:tflite|keras|npz)", block.text):
        model = scratch / "project" / name
        model.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root() / "samples" / "hello_model" / "model" / "sine.tflite", model)
    _configured(block.text, block.marks["in"], scratch, scratch)


def _run(command: list[str | Path]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=CHECK_TIMEOUT_S, check=False)
    if done.returncode != 0:
        raise ValueError(done.stdout + done.stderr)


CHECKS: Mapping[str, Callable[[Block, Path], None]] = {
    "yaml": check_yaml,
    "json": check_json,
    "python": check_python,
    "c": check_c,
    "kconfig": check_kconfig,
    "cmake": check_cmake,
}
