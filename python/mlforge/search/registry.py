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
from mlforge.search.view import View

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
        limits: by name, as a Verdict's checks have them; all but `random` look at them.

    Raises:
        SearchError: no proposer has that name, or it lacks its agent.
    """
    view = View(space, metric, limits) if limits else None
    bayesian, tpe = BayesianProposer(space, seed, metric, limits), TpeProposer(space, seed, metric, view=view)
    match name:
        case "bayesian":
            return bayesian
        case "random":
            return RandomProposer(space, seed, metric)
        case "tpe":
            return tpe
        case "nsga2":
            return Nsga2Proposer(space, seed, metric, view=view)
        case "agent" if agent is not None:
            return AgentProposer(space, tpe, agent, bayesian)
        case "agent":
            raise SearchError(
                "the proposer agent needs a language model", hint="the contract's `search.agent` names it"
            )
    raise SearchError(f"no proposer is called {name!r}", hint=f"there are: {', '.join(sorted([*PROPOSERS, 'agent']))}")
