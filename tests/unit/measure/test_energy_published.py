"""The shipped profiles against the energies that MLPerf Tiny published (bench/energy.py)."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from mlforge.contract.build_power import profiles

BENCH = Path(__file__).parents[3] / "bench" / "energy.py"


@pytest.fixture
def energy(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = spec_from_file_location("bench_energy", BENCH)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bench_energy", module)  # its dataclasses look there
    spec.loader.exec_module(module)
    return module


def test_every_published_energy_is_within_its_profiles_band(energy: ModuleType) -> None:
    results = energy.published()
    assert len(results) >= 24
    assert energy.outside(results) == []


def test_the_page_has_the_table_of_the_bench(energy: ModuleType) -> None:
    page = energy.PAGE.read_text(encoding="utf-8")
    for line in energy.checked(energy.published()):
        assert line in page


def test_bands_are_no_wider_than_what_was_seen(energy: ModuleType) -> None:
    for name, profile in profiles().items():
        ratios = [one.ratio for one in energy.published() if one.profile == name]
        if profile.band is None:
            assert not ratios
        else:
            assert min(ratios) - 0.02 <= profile.band[0]
            assert profile.band[1] <= max(ratios) + 0.02
