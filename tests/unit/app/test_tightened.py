"""A contract that asks for more than the locked model was measured at does not build."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mlforge.app.build_step import app_sources
from mlforge.app.lockfile import read_lock
from mlforge.app.tightened import refuse_tightened
from mlforge.contract.load import load_contract
from mlforge.errors import ContractError
from mlforge.toolchain.sources import root
from tests.programs.locked_app import locked_app

SAMPLE = root() / "samples" / "hello_model"


@pytest.mark.parametrize(
    ("old", "new", "key", "measured"),
    [
        ("latency: 5 ms", "latency: 1 us", "limits.latency", "at least"),
        ("latency: 5 ms", "latency: 5 ms\n  stack: 16 B", "limits.stack", "at least"),
        ("accuracy: 0.80", "accuracy: 0.999", "goals.accuracy", "at most"),
    ],
)
def test_a_tightened_contract_fails_with_its_line(tmp_path: Path, old: str, new: str, key: str, measured: str) -> None:
    app = locked_app(tmp_path)
    contract = app / "mlforge.yaml"
    text = contract.read_text().replace(old, new)
    contract.write_text(text)
    with pytest.raises(ContractError) as caught:
        app_sources(app)
    (problem,) = caught.value.problems
    assert problem.key == key
    assert text.splitlines()[problem.line - 1].split(":")[0].strip() == key.partition(".")[2]
    assert measured in problem.expected and "optimise" in problem.expected


def test_one_that_still_holds_builds(tmp_path: Path) -> None:
    app = locked_app(tmp_path)
    contract = app / "mlforge.yaml"
    contract.write_text(contract.read_text().replace("latency: 5 ms", "latency: 4 ms"))
    assert app_sources(app).stale


def test_latency_is_that_of_the_clock_as_it_is_now() -> None:
    contract, lock = load_contract(SAMPLE), read_lock(SAMPLE)
    refuse_tightened(contract, lock)
    slow = replace(contract, target=replace(contract.target, clock_hz=contract.target.clock_hz // 10))
    with pytest.raises(ContractError, match=r"limits\.latency"):
        refuse_tightened(slow, lock)


def test_flash_and_ram_are_the_images_to_break() -> None:
    contract, lock = load_contract(SAMPLE), read_lock(SAMPLE)
    tight = replace(contract, limits=replace(contract.limits, flash_bytes=1, ram_bytes=1))
    refuse_tightened(tight, lock)
