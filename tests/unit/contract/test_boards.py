"""Every target that MLForge can run is a board that a contract may name, by the same name."""

from __future__ import annotations

import pytest

from mlforge.contract.boards import ALIASES, CLOCK_HZ, canonical
from mlforge.targets.registry import all_targets


@pytest.mark.parametrize("name", [target.name for target in all_targets()])
def test_targets_can_be_named(name: str) -> None:
    assert canonical(name) == name


def test_aliases_lead_to_boards() -> None:
    assert all(canonical(alias) == board for alias, board in ALIASES.items())
    assert not set(ALIASES) & set(CLOCK_HZ)
    assert canonical("no/such") is None
