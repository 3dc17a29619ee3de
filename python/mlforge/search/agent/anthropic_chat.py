"""Anthropic's messages: the answer is the input of a tool that the model must call, so it comes as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from mlforge.errors import AgentError
from mlforge.search.agent.chat import Message, Reply, Schema
from mlforge.search.agent.counts import reply_of
from mlforge.search.agent.schema import without_pair_menus
from mlforge.search.agent.secret import Secret
from mlforge.search.agent.wire import PLACEHOLDER, Wire
from mlforge.toolchain.packages import needed

if TYPE_CHECKING:
    from anthropic import Anthropic

ENDPOINT: Final = "https://api.anthropic.com"
_TOOL: Final = "answer"


@dataclass(slots=True)
class AnthropicChat:
    """See ChatModel. Not for several threads."""

    model: str
    wire: Wire
    client: Anthropic = field(repr=False)

    @property
    def description(self) -> str:
        return f"{self.model} at {self.wire.endpoint}"

    def reply(self, messages: Sequence[Message], schema: Schema, max_tokens: int) -> Reply:
        answer = self.wire.call(lambda: self._ask(messages, schema, max_tokens))
        usage = getattr(answer, "usage", None)
        counts = getattr(usage, "input_tokens", None), getattr(usage, "output_tokens", None)
        return reply_of(_text(getattr(answer, "content", None)), *counts, messages, self.wire.secret)

    def _ask(self, messages: Sequence[Message], schema: Schema, max_tokens: int) -> Any:
        system = "\n".join(message.text for message in messages if message.role == "system")
        told = [{"role": one.role, "content": one.text or "(nothing)"} for one in messages if one.role != "system"]
        tool = {"name": _TOOL, "description": "Gives the answer.", "input_schema": without_pair_menus(schema)}
        return self.client.messages.create(
            model=self.model,
            system=system,
            messages=told,
            max_tokens=max_tokens,
            tools=[tool],
            tool_choice={"type": "tool", "name": _TOOL},
        )


def anthropic_chat(endpoint: str, model: str, secret: Secret, timeout_s: float) -> AnthropicChat:
    """Raises AgentError where the library is not installed."""
    try:
        from anthropic import Anthropic
    except ImportError:
        raise AgentError("the agent needs the package anthropic", lasting=True, hint=needed("agent")) from None
    headers = {"x-api-key": secret.value} if secret.value else {}
    wire = Wire(endpoint.rstrip("/"), secret, headers, timeout_s)
    client = Anthropic(base_url=wire.endpoint, api_key=PLACEHOLDER, max_retries=0, http_client=wire.client())
    return AnthropicChat(model, wire, client)


def _text(content: Any) -> str | None:
    """The tool's input, or else the text blocks."""
    blocks = content if isinstance(content, list) else []
    for block in blocks:
        if getattr(block, "type", None) == "tool_use":
            return json.dumps(getattr(block, "input", None))
    texts = (getattr(block, "text", None) for block in blocks)
    return "".join(text for text in texts if isinstance(text, str)) or None
