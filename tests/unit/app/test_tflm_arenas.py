"""Sizes of TensorFlow Lite Micro's arenas: kept with the model that they were found for, asked for where unknown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlforge.app.lockfile import LOCK_NAME, read_lock, write_lock
from mlforge.app.run_model import run_model
from mlforge.app.tflm_arenas import Machine, arena_file, known_size, read_sizes, write_size
from mlforge.cli.engines import mismatches, same_outputs
from mlforge.cli.main import main
from mlforge.compiler import compile_tflm
from mlforge.compiler.isa import Isa
from mlforge.contract.load import load_contract
from mlforge.errors import BuildError, ForgeError
from mlforge.records.program import Engine
from mlforge.targets.host import HostTarget
from tests.programs.locked_app import locked_app, tiny_tflite

M3 = Machine(Engine.TFLM, "arm", Isa.GENERIC)
M4 = Machine(Engine.TFLM_CMSIS_NN, "arm", Isa.DSP)
DATA = b"a model"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "net.tflite"
    path.write_bytes(DATA)
    return path


def test_sizes_are_kept_by_machine(model: Path) -> None:
    assert read_sizes(model, DATA) == {}
    assert write_size(model, DATA, M4, 2000) == write_size(model, DATA, M3, 1000) == model.with_name("net.arena.yaml")
    assert read_sizes(model, DATA) == {"tflm arm generic": 1000, "tflm-cmsis-nn arm dsp": 2000}
    assert known_size(read_sizes(model, DATA), M3, model, model) == 1000
    text = arena_file(model).read_bytes()
    write_size(model, DATA, M3, 1000)
    assert arena_file(model).read_bytes() == text


def test_another_model_of_that_name_has_no_size(model: Path) -> None:
    write_size(model, DATA, M3, 1000)
    with pytest.raises(ForgeError, match="another model"):
        read_sizes(model, b"another")
    write_size(model, b"another", M4, 2000)
    assert read_sizes(model, b"another") == {"tflm-cmsis-nn arm dsp": 2000}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "model_sha256: 1\narena_bytes: {}\n",
        "model_sha256: x\narena_bytes: {a: -1}\n",
        "a: &b",
        "\x00",
        "arena_bytes: {a: {b: {c: {d: {}}}}}\n",
    ],
)
def test_a_damaged_file_is_refused(model: Path, text: str) -> None:
    arena_file(model).write_text(text)
    with pytest.raises(ForgeError, match=r"net\.arena\.yaml"):
        read_sizes(model, DATA)


def test_an_unknown_size_names_the_command_that_finds_it(model: Path) -> None:
    with pytest.raises(ForgeError) as refused:
        known_size({str(M3): 1000}, M4, model, Path("app"))
    assert "is not known yet" in refused.value.message
    assert "`west mlforge arena app --engine tflm-cmsis-nn --board mps2/an386`" in refused.value.hint


def with_engine(app: Path, engine: str, sizes: dict[str, int]) -> None:
    contract = app / "mlforge.yaml"
    contract.write_text(contract.read_text().replace("goals:", f"engine: {engine}\ngoals:"))
    write_lock(app, replace(read_lock(app), arenas=sizes, contract_sha256=load_contract(app).digest))


def test_the_lock_keeps_them_for_an_app(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app = locked_app(tmp_path / "app")
    assert "arenas" not in (app / LOCK_NAME).read_text()
    with_engine(app, "tflm", {str(M3): 5008})
    command = ["compile", "--app", str(app), "-o", str(tmp_path / "out")]
    assert main(command) == 0
    assert "arena 5008 bytes (found by running)" in capsys.readouterr().out
    assert "AddConv2D" in (tmp_path / "out/activity_tflm.cc").read_text()
    assert (tmp_path / "out/activity_pipeline.c").is_file()
    assert main([*command, "--isa", "dsp"]) == 1
    assert f"`west mlforge arena {app} --engine tflm --board mps2/an386`" in capsys.readouterr().err


@pytest.mark.parametrize(("asked", "built"), [("tflm", "static"), ("static", "tflm"), ("tflm", "tflm-cmsis-nn")])
def test_contract_and_build_must_agree(
    tmp_path: Path, asked: str, built: str, capsys: pytest.CaptureFixture[str]
) -> None:
    app = locked_app(tmp_path / "app")
    with_engine(app, asked, {str(M3): 5008, "tflm-cmsis-nn arm generic": 5008})
    assert main(["compile", "--app", str(app), "-o", str(tmp_path / "out"), "--engine", built]) == 1
    complaint = capsys.readouterr().err
    line = (app / "mlforge.yaml").read_text().splitlines().index(f"engine: {asked}") + 1
    assert f"mlforge.yaml:{line}: engine: {asked}, but this is built with {built}" in complaint
    assert f"CONFIG_MLFORGE_ENGINE_{asked.upper()}=y in prj.conf, or `engine: {built}`" in complaint


def test_only_zephyr_runs_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "net.tflite"
    model.write_bytes(tiny_tflite())
    assert main(["run", str(model), "--engine", "tflm", "--target", "host"]) == 1
    assert "host cannot run tflm: TensorFlow Lite Micro is a Zephyr module" in capsys.readouterr().err
    assert main(["run", str(model), "--engine", "static,onnx"]) == 2
    assert "no engine is called 'onnx': expected static, tflm, tflm-cmsis-nn" in capsys.readouterr().err
    assert main(["run", str(model), "--engine", "tflm,tflm"]) == 2
    with pytest.raises(BuildError, match="which only Zephyr builds"):
        HostTarget().build(compile_tflm(tiny_tflite(), "net", 4096).program)


def test_engines_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "net.tflite"
    model.write_bytes(tiny_tflite())
    assert main(["arena", str(model), "--board", "no_such_board"]) == 1
    assert "no such target: zephyr:no_such_board" in capsys.readouterr().err
    one = run_model(tiny_tflite(), "net", HostTarget(), 1)
    outputs = tuple(np.where(output == output.max(), output - 3, output) for output in one.outputs)
    other = replace(one, outputs=outputs)
    assert same_outputs({Engine.STATIC: one, Engine.TFLM: one})
    assert not same_outputs({Engine.STATIC: one, Engine.TFLM: other})
    changed = int((one.outputs[0] == one.outputs[0].max()).sum())
    values = one.outputs[0].size
    assert mismatches({Engine.STATIC: one, Engine.TFLM: other}) == {
        "values": values,
        "differing": changed,
        "largest": 3.0,
    }


def test_a_model_alone_has_a_file_beside_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "net.tflite"
    model.write_bytes(tiny_tflite())
    command = ["compile", str(model), "-o", str(tmp_path / "out"), "--engine", "tflm"]
    assert main(command) == 1
    assert f"`west mlforge arena {model} --engine tflm --board qemu_cortex_m3`" in capsys.readouterr().err
    write_size(model, tiny_tflite(), M3, 3008)
    stamp, depfile = tmp_path / "stamp", tmp_path / "stamp.d"
    assert main([*command, "--stamp", str(stamp), "--depfile", str(depfile)]) == 0
    assert str(arena_file(model)) in depfile.read_text()
    assert main([*command, "--arena", str(tmp_path / "arena.svg")]) == 1
    assert "only the device knows the memory plan" in capsys.readouterr().err
