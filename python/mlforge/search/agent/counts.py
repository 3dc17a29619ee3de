"""What a provider's library returned as a Reply: text that is free of the key, and token counts that bear use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from mlforge.errors import AgentError
from mlforge.search.agent.answer import MAX_TEXT
from mlforge.search.agent.chat import Message, Reply
from mlforge.search.agent.secret import Secret

_MOST: Final = 9_999_999  # tokens; what claims more is not believed


def reply_of(text: Any, tokens_in: Any, tokens_out: Any, messages: Sequence[Message], secret: Secret) -> Reply:
    """Raises AgentError where there is no text, or more than anybody needs, or where it holds a part of the key."""
    if not isinstance(text, str) or not text.strip():
        raise AgentError("the endpoint's answer has no text")
    if len(text) > MAX_TEXT:
        raise AgentError(f"the endpoint's answer has {len(text)} characters, of at most {MAX_TEXT}")
    if secret.leaks_into(text):
        raise AgentError("the endpoint's answer held a part of the key and was thrown away", lasting=True)
    asked = "".join(message.text for message in messages)
    return Reply(text, _counted(tokens_in, asked), _counted(tokens_out, text))


def estimated_tokens(text: str) -> int:
    """A usual estimate, for where nobody counts: four characters a token."""
    return -(-len(text) // 4)


def _counted(claimed: Any, text: str) -> int:
    """The endpoint's own count where it is one, else an estimate."""
    return claimed if type(claimed) is int and 0 < claimed <= _MOST else estimated_tokens(text)
