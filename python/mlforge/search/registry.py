"""Proposers by the name that the contract gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from mlforge.errors import SearchError
from mlforge.records.quality import Metric
from mlforge.search.nsga2 import Nsga2Proposer
from mlforge.search.proposer import Proposer
from mlforge.search.random import RandomProposer
from mlforge.search.space import Space
from mlforge.search.tpe import TpeProposer

PROPOSERS: Final[Mapping[str, Callable[[Space, int, Metric], Proposer]]] = {
    "random": RandomProposer,
    "tpe": TpeProposer,
    "nsga2": Nsga2Proposer,
}


def proposer_named(name: str, space: Space, seed: int, metric: Metric) -> Proposer:
    """Raises SearchError for a name that no proposer has."""
    try:
        return PROPOSERS[name](space, seed, metric)
    except KeyError:
        raise SearchError(
            f"no proposer is called {name!r}", hint=f"there are: {', '.join(sorted(PROPOSERS))}"
        ) from None
