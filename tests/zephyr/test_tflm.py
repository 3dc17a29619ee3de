"""TensorFlow Lite Micro as the engine, in QEMU. The module is some 170 files of C++: minutes to compile, so that these
tests run only where MLFORGE_TEST_TFLM=1. They share one build directory with `mlforge run`, and ccache with all others.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlforge.app.lockfile import locked_model, read_lock, write_lock
from mlforge.app.tflm_arena_search import find_arena
from mlforge.app.tflm_arenas import arena_file, read_sizes
from mlforge.cli.main import main
from mlforge.compiler import compile_tflm
from mlforge.contract.load import load_contract
from mlforge.errors import RunError
from mlforge.measure.elf_image import read_image
from mlforge.records.program import Engine
from mlforge.targets.registry import target_named
from mlforge.targets.zephyr import ZephyrTarget
from tests.programs.locked_app import locked_app, tiny_tflite
from tests.zephyr.test_zephyr import HERE, on_host
from tests.zephyr.workspace import Workspace, run_image

BOARD = "qemu_cortex_m3"
MACHINE = "tflm arm generic"
BUILD_TIMEOUT_S = 3600
FOUND_LESS = 16  # bytes: by what sizes are rounded

pytestmark = [
    pytest.mark.zephyr,
    pytest.mark.timeout(3600),
    pytest.mark.requires(asked="MLFORGE_TEST_TFLM=1"),
]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.tflite"
    path.write_bytes(tiny_tflite())
    return path


@pytest.mark.parametrize("board", [BOARD])
@pytest.mark.usefixtures("zephyr", "need_toolchain")
def test_engines_side_by_side(board: str, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["run", str(model), "--engine", "static,tflm", "--target", f"zephyr:{board}"]
    assert main([*command, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["same_outputs"] is True
    assert document["mismatches"]["differing"] == 0 < document["mismatches"]["values"]
    static, tflm = document["engines"]["static"], document["engines"]["tflm"]
    assert (static["engine"], tflm["engine"]) == ("static", "tflm")
    assert [one["kind"] for one in tflm["operators"]] == ["CONV_2D", "AVERAGE_POOL_2D", "FULLY_CONNECTED", "SOFTMAX"]
    assert all(one["instructions"] > 0 for one in tflm["operators"])
    assert sum(one["instructions"] for one in tflm["operators"]) <= tflm["instructions"]
    assert tflm["flash"]["weights"] >= len(tiny_tflite())
    for key in ("image_flash_bytes", "image_ram_bytes", "arena_bytes", "instructions", "cycles", "stack_bytes"):
        assert tflm[key] > static[key] > 0, key
    assert main(command) == 0
    printed = capsys.readouterr().out
    assert "Flash of the image" in printed
    assert "0 CONV_2D" in printed
    assert "byte for byte" in printed


@pytest.mark.parametrize("board", [BOARD])
@pytest.mark.usefixtures("zephyr", "need_toolchain")
def test_an_arena_is_as_small_as_it_may_be(board: str, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["arena", str(model), "--board", board, "--engine", "tflm", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["file"] == str(arena_file(model))
    assert read_sizes(model, tiny_tflite()) == {MACHINE: found["arena_bytes"]}
    assert found["machine"] == MACHINE
    assert found["arena_bytes"] > found["used_bytes"]  # of so small a model: planning takes memory that is free again
    target = target_named(f"zephyr:{board}")
    program = compile_tflm(tiny_tflite(), "tiny", found["arena_bytes"] - FOUND_LESS).program
    firmware = target.build(program)
    with pytest.raises(RunError, match="cannot run tiny: "):
        target.infer(firmware, np.zeros((1, program.input_bytes), np.int8))


@pytest.mark.parametrize("board", [BOARD])
@pytest.mark.usefixtures("need_toolchain")
def test_an_application(zephyr: Workspace, board: str, tmp_path: Path) -> None:
    app, build = locked_app(_parity(tmp_path)), tmp_path / "build"
    (app / "prj.conf").write_text("CONFIG_MLFORGE=y\nCONFIG_MLFORGE_ENGINE_TFLM=y\n")
    disagreeing = zephyr.configure(app, build, board)
    assert disagreeing.returncode == 0, disagreeing.stdout[-3000:]
    assert "engine: static, but this is built with tflm" in zephyr.ninja(build, "mlforge_compile_activity").stdout
    contract = app / "mlforge.yaml"
    text = contract.read_text().replace("flash: 32 KiB", "flash: 128 KiB").replace("goals:", "engine: tflm\ngoals:")
    contract.write_text(text)
    assert (
        f"`west mlforge arena {app} --engine tflm --board {board}`"
        in zephyr.ninja(build, "mlforge_compile_activity").stdout
    )
    target = target_named(f"zephyr:{board}")
    assert isinstance(target, ZephyrTarget)
    lock = read_lock(app)
    arena_bytes = find_arena(locked_model(app, lock), lock.name, target, Engine.TFLM).arena_bytes
    _lock_arena(app, arena_bytes)
    built = zephyr.real.ninja(build, timeout_s=BUILD_TIMEOUT_S)
    assert built.status == 0, built.output[-4000:]
    assert "limits.flash: 128 KiB; model and runtime take" in built.output
    assert run_image(build, board, "done") == on_host(app)
    names = {symbol.name for symbol in read_image(build / "zephyr" / "zephyr.elf").symbols}
    assert not names & {"malloc", "calloc", "k_malloc", "k_heap_alloc", "sys_heap_alloc"}
    _lock_arena(app, arena_bytes - FOUND_LESS)
    assert zephyr.ninja(build).returncode == 0
    console = "\n".join(run_image(build, board, "mlforge: activity: "))
    assert re.search(r"activity: (AllocateTensors failed|it aborted)", console)


def _parity(directory: Path) -> Path:
    shutil.copytree(HERE / "parity", directory / "app")
    return directory / "app"


def _lock_arena(app: Path, arena_bytes: int) -> None:
    digest = load_contract(app).digest
    write_lock(app, replace(read_lock(app), arenas={MACHINE: arena_bytes}, contract_sha256=digest))
