"""Thresholds from the lock and the contract into NAME_facts.h."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mlforge.app.build_step import app_sources, facts
from mlforge.app.lockfile import read_lock, write_lock
from mlforge.contract.contract import FalseAlarms
from mlforge.contract.load import load_contract
from mlforge.errors import LockError
from mlforge.records.threshold import Threshold
from tests.programs.locked_app import locked_app


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An anomaly task by its contract; nobody asks the model."""
    app = locked_app(tmp_path / "app")
    text = (app / "mlforge.yaml").read_text()
    text = text.replace("task: classification", "task: anomaly").replace("accuracy: 0.80", "auc: 0.80")
    (app / "mlforge.yaml").write_text(text)
    return app


def test_a_rule_needs_a_study(app: Path) -> None:
    assert load_contract(app).bundle.thresholds == {"anomaly": FalseAlarms(0.05)}
    with pytest.raises(LockError, match="no threshold 'anomaly'") as caught:
        app_sources(app)
    assert "optimise" in caught.value.hint
    candidate = facts(load_contract(app), (), "0" * 64)
    assert "#define ACTIVITY_THRESHOLD_ANOMALY 0\n" in candidate, "candidates are built into the application, too"


def test_from_the_lock(app: Path) -> None:
    write_lock(app, replace(read_lock(app), thresholds=(Threshold("anomaly", 0.123456789012345678, (), 0.05),)))
    assert read_lock(app).thresholds[0].name == "anomaly"
    text = app_sources(app).files["activity_facts.h"]
    assert float(text.partition("THRESHOLD_ANOMALY ")[2].split()[0]) == 0.123456789012345678


def test_another_rule_needs_a_study(app: Path) -> None:
    for rule in (None, 0.01):
        write_lock(app, replace(read_lock(app), thresholds=(Threshold("anomaly", 0.5, (), rule),)))
        with pytest.raises(LockError, match=r"by the rule \{false_alarms: 0.05\}"):
            app_sources(app)


def test_a_number_in_the_contract_goes_first(app: Path) -> None:
    write_lock(app, replace(read_lock(app), thresholds=(Threshold("anomaly", 0.5, ()),)))
    with (app / "mlforge.yaml").open("a") as file:
        file.write("bundle: {thresholds: {anomaly: 0.25, warm_up: 3}}\n")
    text = app_sources(app).files["activity_facts.h"]
    assert "#define ACTIVITY_THRESHOLD_ANOMALY 0.25\n" in text
    assert "#define ACTIVITY_THRESHOLD_WARM_UP 3\n" in text
