"""Gives the agent what it may know of a study: the contract's numbers, costs on the target, and its own stored
exchanges, which lie beside the study, one file a trial."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, MutableMapping
from math import prod
from pathlib import Path
from typing import Final

from mlforge.app.verdicts import limits_alone
from mlforge.contract.contract import AgentSpec, Contract, Proposer, Provider, Task
from mlforge.errors import AgentError, StudyError
from mlforge.records.architecture import Architecture, Head
from mlforge.search.agent.anthropic_chat import anthropic_chat
from mlforge.search.agent.budget import Budget
from mlforge.search.agent.chat import ChatModel
from mlforge.search.agent.conversation import Agent
from mlforge.search.agent.openai_chat import openai_chat
from mlforge.search.agent.prompt import Assignment, Costed
from mlforge.search.agent.secret import key_for, variable_for
from mlforge.study.evaluate import Evaluator
from mlforge.toolchain.files import write_atomically

_CLOUD: Final = ("https://api.openai.com", "https://api.anthropic.com")  # these answer nobody without a key


def agent_for(evaluator: Evaluator, study: str, say: Callable[[str], None], *, replay: bool) -> Agent | None:
    """The agent of a contract whose proposer it is, else None.

    Raises:
        AgentError: the library or the key that it needs is missing.
    """
    contract, spec = evaluator.contract, evaluator.contract.search.agent
    if contract.search.proposer is not Proposer.AGENT or spec is None:
        return None
    model = None if replay else chat_model(spec)
    say(f"agent: {model.description if model else 'its stored exchanges, nothing is asked'}")
    return Agent(
        task=assignment(evaluator),
        costing=Coster(evaluator),
        archive=ExchangeFiles(contract.app_dir / ".mlforge" / "agent" / study),
        budget=Budget(spec.tokens, spec.time_us / 1e6, spec.costs, spec.money, spec.price_in, spec.price_out),
        model=model,
        every=spec.every,
        say=say,
    )


def chat_model(spec: AgentSpec) -> ChatModel:
    """Raises AgentError where the library is not installed, or a provider's key is not in the environment."""
    secret = key_for(spec.endpoint)
    if not secret.value and spec.endpoint.startswith(_CLOUD):
        variable = variable_for(spec.endpoint)
        raise AgentError(f"the agent's provider needs a key, and {variable} is not set", lasting=True)
    make = anthropic_chat if spec.provider is Provider.ANTHROPIC else openai_chat
    return make(spec.endpoint, spec.model, secret, spec.timeout_us / 1e6)


def decisive(contract: Contract) -> AgentSpec | None:
    """What of the agent decides which trials a study has; its budget does not, so it can be raised."""
    spec = contract.search.agent
    if spec is None or contract.search.proposer is not Proposer.AGENT:
        return None
    return dataclasses.replace(
        spec, costs=0, tokens=0, time_us=0.0, timeout_us=0.0, money=None, price_in=0.0, price_out=0.0
    )


def refuse_replay_without_agent(contract: Contract, *, replay: bool) -> None:
    """Raises StudyError."""
    if replay and contract.search.proposer is not Proposer.AGENT:
        raise StudyError(
            f"nothing to replay: the proposer is {contract.search.proposer}",
            hint="only an agent's exchanges are replayed; all other proposers repeat themselves by their seed",
        )


def assignment(evaluator: Evaluator) -> Assignment:
    """Numbers and words of MLForge's own; see search.agent.prompt."""
    contract, prepared = evaluator.contract, evaluator.prepared
    checks = limits_alone(contract).checks
    shape = prepared.pipeline.input_shape
    return Assignment(
        task=str(contract.task),
        input_shape=shape,
        outputs=prod(shape) if contract.task is Task.ANOMALY else prepared.outputs,
        head=Head.SOFTMAX if contract.task is Task.CLASSIFICATION else Head.LINEAR,
        metric=evaluator.metric,
        limits=tuple(check for check in checks if check.hard),
        goals=tuple(check for check in checks if not check.hard),
        core=evaluator.target.core,
        clock_hz=contract.target.clock_hz,
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Coster:
    """Costs architectures on the study's target; see search.agent.conversation.Costing."""

    evaluator: Evaluator

    def __call__(self, architecture: Architecture) -> Costed:
        return Costed(*self.evaluator.cost(architecture))


class ExchangeFiles(MutableMapping[int, str]):
    """`DIRECTORY/0003.json` is what was said about trial 3."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def __getitem__(self, number: int) -> str:
        try:
            return self._path(number).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise KeyError(number) from None
        except (OSError, UnicodeError) as error:
            raise StudyError(f"cannot read {self._path(number)}: {error}") from error

    def __setitem__(self, number: int, text: str) -> None:
        try:
            write_atomically(self._path(number), text.encode("utf-8"))
        except OSError as error:
            raise StudyError(f"cannot write {self._path(number)}: {error.strerror}") from error

    def __delitem__(self, number: int) -> None:
        self._path(number).unlink()

    def __iter__(self) -> Iterator[int]:
        return (int(path.stem) for path in sorted(self._directory.glob("*.json")) if path.stem.isdecimal())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _path(self, number: int) -> Path:
        return self._directory / f"{number:04}.json"
