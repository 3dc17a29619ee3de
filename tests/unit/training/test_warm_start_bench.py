"""The table of warm starts in docs/training.md is that of bench/warm_start.json."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_warm_start", ROOT / "bench" / "warm_start.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


def test_the_table_is_that_of_the_record(bench: ModuleType) -> None:
    page = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    assert "\n".join(bench.table(bench.read(bench.RESULTS))) in page


def test_epochs_are_counted_to_the_first_loss_that_is_as_low(bench: ModuleType) -> None:
    training = bench.Training((0.9, 0.5, 0.6, 0.4), 0.8)
    assert [training.epochs_to(loss) for loss in (1.0, 0.5, 0.4, 0.3)] == [1, 2, 4, None]
