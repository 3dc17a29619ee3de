"""A report of nothing is an error, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlforge.cli.main import Status, main
from tests.programs.locked_app import locked_app


def test_without_a_study_there_is_nothing_to_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app = locked_app(tmp_path)
    (app / "mlforge.lock.yaml").unlink()
    assert main(["report", str(app)]) == Status.ERROR
    assert "nothing to report" in capsys.readouterr().err
    assert not (app / ".mlforge").exists()


def test_the_lock_of_an_older_contract_is_no_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app = locked_app(tmp_path)
    contract = app / "mlforge.yaml"
    contract.write_text(contract.read_text().replace("0.80", "0.70"))
    assert main(["report", str(app)]) == Status.ERROR
    assert "starts another study" in capsys.readouterr().err
