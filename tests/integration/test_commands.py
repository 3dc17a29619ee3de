"""`run` and `footprint` on real models: the numbers are those of the tools that people would check them with."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from mlforge.cli.main import Status, main
from mlforge.records.exactness import EXACT_WITH
from mlforge.targets.registry import target_named
from tests.networks import HERE

NETWORK, VECTORS = HERE / "autoencoder.tflite", HERE / "autoencoder.npz"

pytestmark = [
    pytest.mark.requires(target="mps2/an386"),
]


def run_json(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict]:  # type: ignore[type-arg]
    status = main(["run", str(NETWORK), "--json", *words])
    return status, json.loads(capsys.readouterr().out)


def test_run_reports_everything_a_script_asks_for(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "o.npy"
    status, document = run_json(capsys, "--vectors", str(VECTORS), "--save-outputs", str(out))
    assert status == Status.DONE
    assert document["mismatches"] == 0
    assert document["exact_with"] == EXACT_WITH
    for key in ("flash_bytes", "ram_bytes", "arena_bytes", "stack_bytes", "instructions", "cycles", "latency_us"):
        assert document[key] > 0, key
    assert sum(operator["instructions"] for operator in document["operators"]) <= document["instructions"]
    np.testing.assert_array_equal(np.load(out), np.load(VECTORS)["output"][:, 0])


def test_run_on_the_host_gives_the_same_outputs(capsys: pytest.CaptureFixture[str]) -> None:
    status, document = run_json(capsys, "--target", "host", "--vectors", str(VECTORS))
    assert (status, document["mismatches"]) == (Status.DONE, 0)


def test_wrong_outputs_are_an_error(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    golden = np.load(VECTORS)
    wrong = golden["output"].copy()
    wrong[3].flat[0] ^= 1
    np.savez(tmp_path / "v.npz", input=golden["input"], output=wrong)
    status, document = run_json(capsys, "--target", "host", "--vectors", str(tmp_path / "v.npz"))
    assert (status, document["mismatches"]) == (Status.ERROR, 1)


def test_added_sizes_are_those_of_size(capsys: pytest.CaptureFixture[str]) -> None:
    """What `run` calls the model's flash and RAM is the difference of two images that `size` also sees."""
    from mlforge.compiler import compile_graph, read_tflite
    from mlforge.measure.footprint import added_by_model

    target = target_named("mps2/an386")
    firmware = target.build(compile_graph(read_tflite(NETWORK.read_bytes()), "ad01").program)
    flash, ram = added_by_model(firmware)
    assert firmware.baseline_elf is not None
    (text, data, bss), (base_text, base_data, base_bss) = (sizes(elf) for elf in (firmware.elf, firmware.baseline_elf))
    assert flash.total == text + data - base_text - base_data
    assert ram.total == data + bss - base_data - base_bss
    assert main(["footprint", str(firmware.elf), "--json"]) == Status.DONE
    found = json.loads(capsys.readouterr().out)
    assert found["flash_bytes"] == text + data
    assert sum(found["flash"].values()) + found["unnamed_flash_bytes"] == found["flash_bytes"]


def sizes(elf: Path) -> tuple[int, int, int]:
    done = subprocess.run(["arm-none-eabi-size", elf], capture_output=True, text=True, timeout=20, check=True)
    text, data, bss = (int(word) for word in done.stdout.splitlines()[1].split()[:3])
    return text, data, bss


def test_targets_and_doctor_answer_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["targets", "--json"]) == Status.DONE
    assert {row["name"] for row in json.loads(capsys.readouterr().out)["targets"]} >= {"host", "mps2/an386"}
    main(["doctor", "--json"])
    assert "missing" in json.loads(capsys.readouterr().out)


def test_an_operators_code_is_that_of_its_functions(capsys: pytest.CaptureFixture[str]) -> None:
    """A dense layer runs its own function and kernels: some code, but less than the whole image."""
    _, document = run_json(capsys)
    assert all(0 < operator["code_bytes"] < document["flash"]["total"] for operator in document["operators"])
    assert max(operator["code_bytes"] for operator in document["operators"]) >= document["flash"]["kernels"] // 2
