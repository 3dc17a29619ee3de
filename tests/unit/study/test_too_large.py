"""A candidate that is too large to be built is rejected, as one that breaks a limit: the budget stays as it is."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mlforge.app.model import Model
from mlforge.cli.progress import trial_line
from mlforge.contract.load import load_contract
from mlforge.errors import BuildError, ForgeError, ImageTooLargeError
from mlforge.records.architecture import Architecture, Dense, Head
from mlforge.records.trial import State, Trial
from mlforge.report.facts import reason
from mlforge.search.history import constraints
from mlforge.search.proposer import Proposal
from mlforge.study.evaluate import Evaluator
from mlforge.study.events import Silent
from mlforge.toolchain import cross
from mlforge.toolchain.cores import CORES
from mlforge.training.request import Recipe
from tests.programs.locked_app import locked_app

WIDE = Architecture((256_000,), (Dense(32),), 2, Head.SOFTMAX)


def evaluated(tmp_path: Path, architecture: Architecture, failure: ForgeError | None = None) -> Trial:
    contract, nothing = load_contract(locked_app(tmp_path)), Any

    class Bench(Evaluator):
        isa = "generic"  # type: ignore[assignment]

        def costed(self, architecture: Architecture) -> Model:
            from mlforge.compiler import compile_graph
            from mlforge.compiler.from_architecture import lower_architecture

            if failure:
                raise failure
            compile_graph(lower_architecture(architecture, 1), "x")
            raise AssertionError("it must not compile")

    given: Any = nothing
    return Bench(contract, given, given, given, given, given, Recipe())(0, Proposal(architecture, {}, {}), Silent())


def test_what_the_engine_cannot_express_is_rejected(tmp_path: Path) -> None:
    trial = evaluated(tmp_path, WIDE)
    assert trial.state is State.REJECTED
    assert not trial.counts
    assert "int8[32,256000]" in reason(trial)
    assert max(constraints(trial).values()) > 0, "a proposer must not take it for one that fits"
    assert Trial.from_json(trial.to_json()) == trial
    screen = Console(file=io.StringIO(), width=200, record=True)
    screen.print(trial_line(trial, 0, 1))
    shown = screen.export_text()
    assert "rejected" in shown and "int8[32,256000]" in shown


@pytest.mark.parametrize(
    ("failure", "state"),
    [(ImageTooLargeError("region FLASH overflowed by 9 bytes"), State.REJECTED), (BuildError("no"), State.FAILED)],
)
def test_an_image_too_large_for_the_board_is_rejected_and_a_broken_build_is_not(
    tmp_path: Path, failure: ForgeError, state: State
) -> None:
    assert evaluated(tmp_path, WIDE, failure).state is state


def test_the_linker_says_what_overflows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlforge.toolchain.process import Finished

    log = "ld: region `FLASH' overflowed by 12 bytes\ncollect2: error"
    monkeypatch.setattr(cross, "run", lambda *_, **__: Finished(1, log, 0.0))
    with pytest.raises(ImageTooLargeError, match="overflowed by 12 bytes"):
        cross.link(CORES["cortex-m4"], [], tmp_path / "script", tmp_path / "elf")
