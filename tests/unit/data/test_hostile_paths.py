"""Paths in a contract that lead nowhere good."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlforge.contract import load_contract
from mlforge.data.load import load_dataset
from mlforge.errors import ForgeError

CONTRACT = """\
name: paths
task: classification
data:
  loader: {loader}
  split: {{validate: 0.2, test: 0.2}}
limits:
  flash: 32 KiB
goals:
  accuracy: 0.8
"""
LOADERS = (
    '{npz: "/dev/null"}',
    '{npz: "."}',
    '{npz: "pipe"}',
    '{npz: "../../../../../../etc/passwd"}',
    '{npz: "a\\0b"}',
    '{csv: "a\\0b"}',
    '{wav: "\\0"}',
    '{csv: "/dev/null"}',
    '{wav: "pipe"}',
    f'{{npz: "{"x" * 5000}"}}',
    f'{{csv: "{"x" * 5000}"}}',
    '{python: "../elsewhere:f"}',
    '{python: "a\\0:f"}',
    '{python: "os:system"}',
)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader[:24].replace("\0", "0"))
def test_refuses(loader: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "mlforge.yaml").write_text(CONTRACT.format(loader=loader), encoding="utf-8")
    with pytest.raises(ForgeError) as caught:
        load_dataset(load_contract(tmp_path))
    assert "loader" in str(caught.value) or str(tmp_path) in str(caught.value) or "/dev/null" in str(caught.value)
