"""Proposers by the name that the contract gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from mlforge.errors import SearchError
from mlforge.records.quality import Metric
from mlforge.search.agent.conversation import Agent
from mlforge.search.agent.proposer import AgentProposer
from mlforge.search.bayesian import BayesianProposer
from mlforge.search.nsga2 import Nsga2Proposer
from mlforge.search.proposer import Proposer
from mlforge.search.random import RandomProposer
from mlforge.search.space import Space
from mlforge.search.tpe import TpeProposer

PROPOSERS: Final[Mapping[str, Callable[[Space, int, Metric], Proposer]]] = {
    "bayesian": BayesianProposer,
    "random": RandomProposer,
    "tpe": TpeProposer,
    "nsga2": Nsga2Proposer,
}


def proposer_named(
    name: str,
    space: Space,
    seed: int,
    metric: Metric,
    agent: Agent | None = None,
    limits: Mapping[str, float] = MappingProxyType({}),
) -> Proposer:
    """The proposer `agent` shares its study with TPE.

    Args:
        agent: what the proposer `agent` needs and no other looks at.
        limits: by name, as a Verdict's checks have them; `bayesian` looks at them, the others learn from what broke.

    Raises:
        SearchError: no proposer has that name, or it lacks its agent.
    """
    bayesian = BayesianProposer(space, seed, metric, limits)
    if name == bayesian.name:
        return bayesian
    if name == "agent":
        if agent is None:
            raise SearchError(
                "the proposer agent needs a language model", hint="the contract's `search.agent` names it"
            )
        return AgentProposer(space, TpeProposer(space, seed, metric), agent)
    try:
        return PROPOSERS[name](space, seed, metric)
    except KeyError:
        raise SearchError(
            f"no proposer is called {name!r}", hint=f"there are: {', '.join(sorted([*PROPOSERS, 'agent']))}"
        ) from None
