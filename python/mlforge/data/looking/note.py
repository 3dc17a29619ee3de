"""How a finding is made: with the contract's line for the key that it is about, and the first recordings by name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mlforge.contract import Contract
from mlforge.records.finding import Finding, Severity

NAMED: Final = 3  # recordings that a finding names


def note(
    contract: Contract, kind: str, severity: Severity, key: str, what: str, cure: str, places: Iterable[object] = ()
) -> Finding:
    """A finding about the dotted `key`. An error that the contract's `data.allow` names is a warning."""
    named = [short_place(contract, place) for place in places]
    return Finding(kind, severity, what, cure, where(contract, key), len(named), tuple(named[:NAMED]))


def where(contract: Contract, key: str) -> str:
    """`mlforge.yaml:7: data.split`; the line is that of the nearest key that the file has."""
    parent = key
    while parent and parent not in contract.lines:
        parent = parent[: max(parent.rfind("."), parent.rfind("["), 0)]
    line = contract.lines.get(parent, 0)
    return f"{contract.path.name}:{line}: {key}" if line else f"{contract.path.name}: {key}"


def short_place(contract: Contract, place: object) -> str:
    """A recording's place, from the app's directory on."""
    return str(place).removeprefix(f"{contract.app_dir}/")
