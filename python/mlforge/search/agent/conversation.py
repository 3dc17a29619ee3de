"""One trial's conversation with the model: questions, costs, complaints, and in the end a proposal or none."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Final, NoReturn, Protocol

from mlforge.errors import AgentError, ForgeError, StudyError
from mlforge.records.architecture import Architecture
from mlforge.records.trial import Trial
from mlforge.search.agent.answer import Answer, ComplaintError, one_sentence, read_answer
from mlforge.search.agent.budget import Budget
from mlforge.search.agent.chat import ChatModel, Message
from mlforge.search.agent.counts import estimated_tokens
from mlforge.search.agent.exchange import HANDED_OVER, PROPOSED, Archive, Exchange, Turn, save, spent, with_turn
from mlforge.search.agent.prompt import Assignment, Costed, Favourite, costs_told, opening, system_text
from mlforge.search.agent.schema import answer_schema

MAX_TURNS: Final = 8  # replies about one trial
MAX_COMPLAINTS: Final = 3  # of them, answers that had to be sent back
MAX_AT_ONCE: Final = 6  # architectures costed for one reply
ANSWER_TOKENS: Final = 4096


class Costing(Protocol):
    def __call__(self, architecture: Architecture) -> Costed:
        """Builds an architecture with random weights and measures it on the target. Raises ForgeError."""


@dataclass(frozen=True, slots=True)
class Agent:
    """What an agent needs besides the study's space and seed.

    `model` is None where stored exchanges are replayed: nothing is asked, and a missing one is an error. `say` is told
    once when the agent first fails to propose.
    """

    task: Assignment
    costing: Costing
    archive: Archive
    budget: Budget
    model: ChatModel | None
    every: int = 2
    say: Callable[[str], None] = lambda _: None


@dataclass(slots=True)
class Conversation:
    """Goes through the stored turns again, then asks the model."""

    agent: Agent
    exchange: Exchange
    trials: Sequence[Trial]
    silenced: str = ""  # why the model must not be asked any more
    complaints: int = 0
    favourites: Sequence[Favourite] = ()  # told with the first message

    def answer(self) -> Answer:
        """The accepted proposal, new and valid.

        Raises:
            AgentError: there is none; what is wrong is stored.
            StudyError: a replay lacks what it needs.
        """
        if self.exchange.ended == HANDED_OVER:
            raise AgentError(self.exchange.reason)
        said = ""
        for index in count():
            if index >= MAX_TURNS:
                self._fail(f"no proposal in {MAX_TURNS} replies")
            turn = self._turn(index, said)
            try:
                answer = self._read(turn.reply)
            except ComplaintError as complaint:
                said = self._complaint(complaint)
                continue
            if answer.propose:
                break
            if index + 1 >= len(self.exchange.turns):  # a stored turn holds what was told: nothing is costed again
                said = self._costs(answer.architectures)
        self._keep(replace(self.exchange, ended=PROPOSED))
        return answer

    def _read(self, reply: str) -> Answer:
        task = self.agent.task
        answer = read_answer(reply, task.frame, task.flash_bytes, MAX_AT_ONCE if self.agent.budget.costed else 0)
        if answer.propose:
            self._refuse_a_repeat(answer.architectures[0])
        return answer

    def _turn(self, index: int, said: str) -> Turn:
        if index < len(self.exchange.turns):
            return self.exchange.turns[index]
        if self.agent.model is None:
            raise StudyError(
                f"the exchange about trial {self.exchange.number} is not stored, or not to its end",
                hint="without --replay the model is asked",
            )
        if self.silenced:
            self._fail(self.silenced)
        return self._ask(self.agent.model, said)

    def _ask(self, model: ChatModel, said: str) -> Turn:
        used, budget = spent(self.agent.archive), self.agent.budget
        left = max(0, budget.costed - used.costed)
        said = said or opening(self.exchange.number, self.trials, self.agent.task, left, self.favourites)
        messages = [Message("system", system_text(self.agent.task, min(MAX_AT_ONCE, budget.costed)))]
        for turn in self.exchange.turns:
            messages += [Message("user", turn.said), Message("assistant", turn.reply)]
        messages.append(Message("user", said))
        tokens_in = estimated_tokens("".join(message.text for message in messages))
        if reason := budget.exceeded(used, tokens_in):
            self._fail(reason, lasting=True)
        schema = answer_schema(self.agent.task.input_shape, questions=min(MAX_AT_ONCE, left))
        start = time.monotonic()
        try:
            reply = model.reply(messages, schema, budget.answer_tokens(used, tokens_in, ANSWER_TOKENS))
        except AgentError as failure:
            self._keep(with_turn(self.exchange, Turn(said, "", tokens_in, 0, _since(start))))
            self._fail(failure.message, lasting=failure.lasting)
        turn = Turn(said, reply.text, reply.tokens_in, reply.tokens_out, _since(start))
        self._keep(with_turn(self.exchange, turn))
        return turn

    def _refuse_a_repeat(self, architecture: Architecture) -> None:
        for trial in self.trials:
            if architecture.id in (trial.proposed.id, trial.architecture.id):
                raise ComplaintError(f"this design is that of trial {trial.number}: propose another one")

    def _complaint(self, complaint: ComplaintError) -> str:
        self.complaints += 1
        if self.complaints > MAX_COMPLAINTS:
            self._fail(f"{self.complaints} answers were wrong, the last one: {one_sentence(str(complaint))}")
        return f"Not accepted. {complaint}"

    def _costs(self, asked: Sequence[Architecture]) -> str:
        """Has architectures costed, as many as the budget allows, and says what came of it."""
        earlier = spent(self.agent.archive).costed - self.exchange.turns[-1].costed
        left = max(0, self.agent.budget.costed - earlier)
        granted = min(left, len(asked))
        turns = (*self.exchange.turns[:-1], replace(self.exchange.turns[-1], costed=granted))
        self._keep(replace(self.exchange, turns=turns))  # before they are: a kill must not make them free
        results = [self._cost(architecture) for architecture in asked[:granted]]
        results += ["not measured: the budget of designs to be costed is spent"] * (len(asked) - granted)
        return costs_told(asked, results, left - granted)

    def _cost(self, architecture: Architecture) -> Costed | str:
        known = next((trial for trial in self.trials if trial.architecture.id == architecture.id), None)
        if known and known.cost and known.verdict:
            return Costed(known.cost, known.verdict)
        try:
            return self.agent.costing(architecture)
        except ForgeError:  # its text may hold paths and tools' output, which stay here
            return "this design could not be built or run on the target"

    def _fail(self, reason: str, *, lasting: bool = False) -> NoReturn:
        self._keep(replace(self.exchange, ended=HANDED_OVER, reason=reason))
        raise AgentError(reason, lasting=lasting)

    def _keep(self, exchange: Exchange) -> None:
        if exchange != self.exchange:
            self.exchange = save(self.agent.archive, exchange)


def _since(start: float) -> float:
    return round(time.monotonic() - start, 3)
