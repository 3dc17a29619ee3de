"""The agent as a Proposer: every so many trials a language model proposes, TPE the others; whatever goes wrong with the
model, TPE takes that trial over and the study goes on.

A conversation is stored turn by turn before it is acted on. So a killed study goes on in the middle of one, and a
finished one is replayed from its stored replies through the same parser and validator as when they came in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from mlforge.errors import AgentError
from mlforge.records.trial import Trial
from mlforge.search.agent.conversation import Agent, Conversation
from mlforge.search.agent.exchange import Exchange, load
from mlforge.search.agent.prompt import Favourite
from mlforge.search.bayesian import BayesianProposer
from mlforge.search.coordinates import coordinates
from mlforge.search.proposer import Proposal, Proposer
from mlforge.search.space import Space

FAVOURITES: Final = 3  # of the surrogate's, that are told
PATIENCE: Final = 2  # trials in a row without a proposal, after which this run asks no more


@dataclass(slots=True)
class AgentProposer:
    """Proposes in trials 0, every, 2 * every, ...; `other` in all others."""

    space: Space
    other: Proposer
    agent: Agent
    surrogate: BayesianProposer | None = None  # whose favourites are told to the model
    _silenced: str = ""  # why the model is not asked any more in this run
    _in_a_row: int = 0
    _told: bool = False

    @property
    def name(self) -> str:
        return "agent"

    def propose(self, number: int, trials: Sequence[Trial]) -> Proposal:
        """See Proposer. Raises StudyError where an exchange is damaged, or missing in a replay."""
        if number % self.agent.every:
            return self.other.propose(number, trials)
        exchange = load(self.agent.archive, number) or Exchange(number, self._model_name())
        try:
            favourites = self._favourites(number, trials) if not exchange.turns else ()
            answer = Conversation(self.agent, exchange, trials, self._silenced, favourites=favourites).answer()
        except AgentError as failure:
            return self._handed_over(number, trials, failure)
        self._in_a_row = 0
        architecture = answer.architectures[0]
        point = coordinates(self.space, architecture)  # none: TPE goes on without this trial
        return Proposal(architecture, *(point or ({}, {})), proposer=self.name, reasoning=answer.reasoning)

    def _favourites(self, number: int, trials: Sequence[Trial]) -> tuple[Favourite, ...]:
        """Networks alone: the agent's language has no others."""
        if self.surrogate is None or self._silenced:
            return ()
        found = self.surrogate.hopeful(number, trials, 4 * FAVOURITES)
        return tuple(Favourite(one, chance) for one, chance in found if one.trees is None)[:FAVOURITES]

    def _handed_over(self, number: int, trials: Sequence[Trial], failure: AgentError) -> Proposal:
        self._in_a_row += 1
        if not self._silenced and (failure.lasting or self._in_a_row >= PATIENCE):
            self._silenced = failure.message
        if not self._told:
            self._told = True
            self.agent.say(f"the agent hands trial {number} over to {self.other.name}: {failure.message}")
        return replace(self.other.propose(number, trials), handed_over=failure.message)

    def _model_name(self) -> str:
        return self.agent.model.description if self.agent.model else ""
