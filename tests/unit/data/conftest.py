"""Contracts for data sets that a test writes itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mlforge.contract import Contract, load_contract

METRIC = {"classification": "accuracy: 0.8", "regression": "mse: 1", "anomaly": "auc: 0.5"}

MakeContract = Callable[..., Contract]


@pytest.fixture
def contract(tmp_path: Path) -> MakeContract:
    """`contract(loader, task=..., group=..., strata=..., classes=...)`: written to tmp_path, and loaded."""

    def make(
        loader: str,
        task: str = "classification",
        group: str = "",
        strata: str = "",
        classes: str = "",
        shares: str = "validate: 0.2, test: 0.2",
        features: str = "",
        allow: str = "",
    ) -> Contract:
        path = tmp_path / "mlforge.yaml"
        lines = [
            "name: test",
            f"task: {task}",
            "data:",
            f"  loader: {loader}",
            f"  split: {{{f'group: {group}, ' if group else ''}{shares}}}",
            f"  strata: [{strata}]",
            f"  classes: [{classes}]" if classes else f"  allow: [{allow}]" if allow else "",
            f"features: [{features}]",
            "limits: {ram: 10 KiB}",
            f"goals: {{{METRIC[task]}}}",
        ]
        path.write_text("\n".join(lines))
        return load_contract(path)

    return make
