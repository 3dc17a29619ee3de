"""The seam to language models: what is said, what comes back, and how it fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

Schema: TypeAlias = Mapping[str, Any]  # a JSON schema


@dataclass(frozen=True, slots=True)
class Message:
    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """`text` should be one JSON document; it is untrusted."""

    text: str
    tokens_in: int
    tokens_out: int


class ChatModel(Protocol):
    @property
    def description(self) -> str:
        """Model and endpoint, for people: `qwen3:8b at http://127.0.0.1:11434/v1`. Never a key."""

    def reply(self, messages: Sequence[Message], schema: Schema, max_tokens: int) -> Reply:
        """The model's answer to a conversation that ends with a user's message.

        Args:
            schema: what the answer should look like; models that cannot be held to it may ignore it.
            max_tokens: of the answer, at most.

        Raises:
            AgentError: there is no answer; `lasting` where asking again later is pointless.
        """
