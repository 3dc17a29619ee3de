"""An agent without a network: a ChatModel that says what it was given, and costs by formula."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mlforge.errors import AgentError
from mlforge.records.architecture import Architecture, Head
from mlforge.records.quality import Metric
from mlforge.records.verdict import Check
from mlforge.search.agent.budget import Budget
from mlforge.search.agent.chat import Message, Reply, Schema
from mlforge.search.agent.conversation import Agent
from mlforge.search.agent.prompt import Assignment, Costed
from mlforge.search.agent.proposer import AgentProposer
from mlforge.search.proposer import Proposal
from mlforge.search.registry import proposer_named
from tests.unit.search.synthetic import FLASH_LIMIT, SHAPE, evaluated, space

PLENTY = Budget(tokens=1_000_000, time_s=1000.0, costed=50)


@dataclass
class Script:
    """Says one text after another; an error among them is raised; a function makes the text from the number of
    questions so far. The last one stays."""

    texts: list[str | AgentError | Callable[[int], str]]
    heard: list[Sequence[Message]] = field(default_factory=list)
    schemas: list[Schema] = field(default_factory=list)
    tokens: int = 100

    @property
    def description(self) -> str:
        return "script at hand"

    def reply(self, messages: Sequence[Message], schema: Schema, max_tokens: int) -> Reply:
        self.heard.append(list(messages))
        self.schemas.append(schema)
        text = self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]
        if isinstance(text, AgentError):
            raise text
        return Reply(text if isinstance(text, str) else text(len(self.heard)), self.tokens, self.tokens)


def task() -> Assignment:
    limits = (Check("flash", "bytes", FLASH_LIMIT, 0, 0, True),)
    goals = (Check("accuracy", "", 0.8, 0, 0, False),)
    return Assignment(
        "classification", SHAPE, 7, Head.SOFTMAX, Metric.ACCURACY, limits, goals, "cortex-m4", 120_000_000
    )


def cost(architecture: Architecture) -> Costed:
    trial = evaluated(0, Proposal(architecture, {}))
    assert trial.cost is not None and trial.verdict is not None
    return Costed(trial.cost, trial.verdict)


def agent(script: Script | None, archive: dict[int, str] | None = None, **changes: object) -> Agent:
    given = {"task": task(), "costing": cost, "archive": {} if archive is None else archive, "budget": PLENTY}
    return Agent(**{**given, "model": script, **changes})  # type: ignore[arg-type]


def proposer(agent: Agent, seed: int = 1) -> AgentProposer:
    made = proposer_named("agent", space(), seed, Metric.ACCURACY, agent)
    assert isinstance(made, AgentProposer)
    return made


def conv(filters: int = 8, stride: int = 2) -> dict[str, object]:
    return {"kind": "Conv", "filters": filters, "kernel": [3, 1], "stride": [stride, 1]}


POOL = {"kind": "GlobalAveragePool"}
