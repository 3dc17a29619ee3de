"""Whole networks, byte for byte, on the host for every instruction set and on every core."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mlforge.compiler import Isa, compile_graph, read_tflite
from mlforge.targets.registry import target_named
from tests.integration.test_kernels_on_cores import BOARDS
from tests.networks import NAMES, golden_of, model_of
from tests.oracle.wheel import Oracle, Refusal, install
from tests.programs.require import require
from tests.unit.compiler.harness import SANITIZE, run_models

FAMILIES = {
    "attention",
    "autoencoder",
    "ds_cnn",
    "ds_cnn_16x8",
    "grouped",
    "lstm",
    "mobilenet",
    "resnet",
    "svdf",
    "tcn",
}


@pytest.fixture(scope="module")
def newest() -> Oracle:
    return install("newest.txt")


def test_the_families_are_there() -> None:
    assert set(NAMES) >= FAMILIES


def test_golden_bytes_are_those_of_the_interpreter(newest: Oracle) -> None:
    answers = newest.answers([(model_of(name), [golden_of(name)[0]]) for name in NAMES])
    for name, answer in zip(NAMES, answers, strict=True):
        assert not isinstance(answer, Refusal), f"{name}: {answer}"
        np.testing.assert_array_equal(answer[0], golden_of(name)[1], err_msg=name)


def test_on_the_host_for_every_instruction_set(tmp_path: Path) -> None:
    models = {
        f"{name}_{isa}": (compile_graph(read_tflite(model_of(name)), f"{name}_{isa}", isa), [golden_of(name)[0]])
        for name in NAMES
        for isa in Isa
    }
    results = run_models(tmp_path, models, ("-O1", *SANITIZE))
    for name in NAMES:
        for isa in Isa:
            np.testing.assert_array_equal(results[f"{name}_{isa}"][0], golden_of(name)[1], err_msg=f"{name}, {isa}")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("board", BOARDS)
def test_on_every_core(board: str, name: str) -> None:
    target = target_named(board)
    require(target)
    compiled = compile_graph(read_tflite(model_of(name)), "net", Isa(target.isa))
    inputs, expected = golden_of(name)
    bytes_of = inputs.reshape(len(inputs), -1).view(np.int8)
    outputs = target.infer(target.build(compiled.program), bytes_of).outputs
    np.testing.assert_array_equal(outputs, expected.reshape(len(expected), -1).view(np.int8))


@pytest.mark.parametrize("name", NAMES)
def test_no_plan_needs_a_smaller_arena(name: str) -> None:
    for isa in Isa:
        compiled = compile_graph(read_tflite(model_of(name)), "net", isa)
        assert compiled.program.arena_bytes <= 1.05 * compiled.lower_bound_bytes
