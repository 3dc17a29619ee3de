"""A provider's key: where it comes from, and how text that came from outside is kept free of it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

_WINDOW: Final = 8  # letters and digits in a row that, if shared with the key, count as the key
_WITHHELD: Final = "(withheld: it held a part of the key)"
_PROVIDERS: Final = {"api.openai.com": "OPENAI_API_KEY", "api.anthropic.com": "ANTHROPIC_API_KEY"}


@dataclass(frozen=True, slots=True)
class Secret:
    """A key, or none where `value` is empty. It does not show in its own representation."""

    value: str = field(repr=False, default="")

    def __str__(self) -> str:
        return "***" if self.value else ""

    def leaks_into(self, text: str) -> bool:
        """Whether the text holds the key or a tell-tale part of it, whatever punctuation stands between."""
        if not self.value:
            return False
        key, plain = _plain(self.value), _plain(text)
        if len(key) < _WINDOW:
            return self.value in text
        return any(key[start : start + _WINDOW] in plain for start in range(len(key) - _WINDOW + 1))

    def redacted(self, text: str) -> str:
        return _WITHHELD if self.leaks_into(text) else text


def variable_for(endpoint: str) -> str:
    """The environment variable whose key is sent to an endpoint, and to no other host.

    A contract names the endpoint, so it must not be able to name the key as well: that of a well-known provider goes to
    that provider alone, that of any other host is in a variable which names the host. No two host names share one.
    """
    host = (urlsplit(endpoint).hostname or "").lower()
    own = "MLFORGE_KEY_" + host.replace("-", "__").replace(".", "_").replace(":", "_").upper()
    return _PROVIDERS.get(host, own)


def key_for(endpoint: str) -> Secret:
    """The key that the environment holds for an endpoint; none where it holds none."""
    return Secret(os.environ.get(variable_for(endpoint), "").strip())


def _plain(text: str) -> str:
    return re.sub(r"[^0-9a-z]", "", text.lower())
