"""The seam of all proposers: from a trial's number and the finished Trials to the next Architecture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from mlforge.records.architecture import Architecture
from mlforge.records.trial import Parameter, Trial

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


@dataclass(frozen=True, slots=True)
class Proposal:
    """`parameters` are the coordinates of the architecture in the search space, `distributions` their ranges; both are
    empty where it is no point of the space. The texts are as in a Trial."""

    architecture: Architecture
    parameters: Mapping[str, Parameter]
    distributions: Mapping[str, BaseDistribution] = field(default_factory=dict)
    proposer: str = ""
    reasoning: str = ""
    handed_over: str = ""


class Proposer(Protocol):
    @property
    def name(self) -> str:
        """As the contract writes it."""

    def propose(self, number: int, trials: Sequence[Trial]) -> Proposal:
        """A valid architecture that none of `trials` has.

        The answer depends only on the proposer's seed, `number` and `trials` (in whatever order), so that a resumed
        study proposes what an uninterrupted one would have.

        Raises:
            SearchError: no new valid architecture was found.
        """
