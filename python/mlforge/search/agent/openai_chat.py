"""Any endpoint that speaks OpenAI's chat completions: OpenAI's own, and Ollama, vLLM, llama.cpp and the like.

Servers differ in how an answer is held to a schema, so the forms are tried in turn until one is not refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mlforge.errors import AgentError
from mlforge.search.agent.chat import Message, Reply, Schema
from mlforge.search.agent.counts import reply_of
from mlforge.search.agent.schema import without_pair_menus
from mlforge.search.agent.secret import Secret
from mlforge.search.agent.wire import PLACEHOLDER, RefusedError, Wire
from mlforge.toolchain.packages import needed

if TYPE_CHECKING:
    from openai import OpenAI

ENDPOINT: Final = "https://api.openai.com/v1"


@dataclass(slots=True)
class OpenAiChat:
    """See ChatModel. Not for several threads."""

    model: str
    wire: Wire
    client: OpenAI = field(repr=False)
    _form: int = 0  # the first of `_forms` that the endpoint took

    @property
    def description(self) -> str:
        return f"{self.model} at {self.wire.endpoint}"

    def reply(self, messages: Sequence[Message], schema: Schema, max_tokens: int) -> Reply:
        told = [{"role": message.role, "content": message.text} for message in messages]
        answer = self._answer(told, _forms(schema, max_tokens))
        choices = getattr(answer, "choices", None)
        first = choices[0] if isinstance(choices, list) and choices else None
        text = getattr(getattr(first, "message", None), "content", None)
        usage = getattr(answer, "usage", None)
        counts = getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None)
        return reply_of(text, *counts, messages, self.wire.secret)

    def _answer(self, told: list[dict[str, str]], forms: Sequence[Mapping[str, Any]]) -> Any:
        refused: AgentError | None = None
        for number in range(self._form, len(forms)):
            create = partial(self.client.chat.completions.create, model=self.model, messages=told, **forms[number])
            try:
                answer = self.wire.call(create)
            except RefusedError as error:
                refused = error
                continue
            self._form = number
            return answer
        raise refused or AgentError("no form of the question is left")


def openai_chat(endpoint: str, model: str, secret: Secret, timeout_s: float) -> OpenAiChat:
    """Raises AgentError where the library is not installed."""
    try:
        from openai import OpenAI
    except ImportError:
        raise AgentError("the agent needs the package openai", lasting=True, hint=needed("agent")) from None
    headers = {"authorization": f"Bearer {secret.value}"} if secret.value else {}
    wire = Wire(endpoint.rstrip("/"), secret, headers, timeout_s)
    client = OpenAI(base_url=wire.endpoint, api_key=PLACEHOLDER, max_retries=0, http_client=wire.client())
    return OpenAiChat(model, wire, client)


def _forms(schema: Schema, max_tokens: int) -> tuple[Mapping[str, Any], ...]:
    """The ways to ask for JSON: OpenAI's (also vLLM's, Ollama's), llama.cpp's, and just asking."""
    plain = {"name": "answer", "schema": without_pair_menus(schema), "strict": True}
    return (
        {"response_format": {"type": "json_schema", "json_schema": plain}, "max_completion_tokens": max_tokens},
        {"response_format": {"type": "json_schema", "json_schema": plain}, "max_tokens": max_tokens},
        {"response_format": {"type": "json_object", "schema": schema}, "max_tokens": max_tokens},
        {"response_format": {"type": "json_object"}, "max_tokens": max_tokens},
        {"max_tokens": max_tokens},
    )
