"""Another arena for an image that is built: the right word of the file, and no other."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from mlforge.compiler import compile_graph, read_tflite
from mlforge.errors import BuildError
from mlforge.records.program import Firmware
from mlforge.targets.resized import with_arena
from mlforge.toolchain.sources import root
from tests.programs.locked_app import tiny_tflite

PROGRAM = compile_graph(read_tflite(tiny_tflite()), "net").program


@pytest.fixture(scope="module")
def firmware(tmp_path_factory: pytest.TempPathFactory) -> Firmware:
    place = tmp_path_factory.mktemp("image")
    for name, text in PROGRAM.sources.items():
        (place / name).write_text(text)
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler is not None
    elf = place / "net.elf"
    command = [
        compiler,
        "-shared",
        "-fPIC",
        f"-I{root() / 'runtime/include'}",
        str(place / "net_model.c"),
        "-o",
        str(elf),
    ]
    subprocess.run(command, check=True, timeout=60)
    return Firmware("host", "host", elf, None, PROGRAM)


def test_one_word_differs(firmware: Firmware, tmp_path: Path) -> None:
    changed = with_arena(firmware, 16, tmp_path)
    before, after = firmware.elf.read_bytes(), changed.elf.read_bytes()
    places = [index for index, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]]
    assert 1 <= len(places) <= 4
    assert max(places) - min(places) < 4
    assert with_arena(replace(changed, program=replace(PROGRAM, arena_bytes=16)), 32, tmp_path).elf.name == "32.elf"


def test_an_image_of_another_program_is_refused(firmware: Firmware, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="has no arena of"):
        with_arena(replace(firmware, program=replace(PROGRAM, arena_bytes=1)), 16, tmp_path)
    with pytest.raises(BuildError, match="has no other_model"):
        with_arena(replace(firmware, program=replace(PROGRAM, model_symbol="other_model")), 16, tmp_path)
