"""A provider's key: where it comes from, and how text that came from outside is kept free of it."""

from __future__ import annotations

import codecs
import os
import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from typing import Final
from urllib.parse import urlsplit

from mlforge.search.agent.readings import TooManyReadingsError, readings

_WINDOW: Final = 8  # letters and digits in a row that, if shared with the key, count as the key
_WITHHELD: Final = "(withheld: it held a part of the key)"
_ALIKE: Final = str.maketrans("\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458\u03bf", "aeopcyxsijo")
_PROVIDERS: Final = {"api.openai.com": "OPENAI_API_KEY", "api.anthropic.com": "ANTHROPIC_API_KEY"}


@dataclass(frozen=True, slots=True)
class Secret:
    """A key, or none where `value` is empty. It does not show in its own representation."""

    value: str = field(repr=False, default="")

    def __str__(self) -> str:
        return "***" if self.value else ""

    def leaks_into(self, text: str) -> bool:
        """Whether the text, in any of its readings, holds the key or a tell-tale part of it, in order, backwards or by
        ROT13, whatever punctuation stands between. A text that has too many readings counts as if it did."""
        if not self.value:
            return False
        try:
            return any(self._stands_in(reading) for reading in readings(text))
        except TooManyReadingsError:
            return True

    def _stands_in(self, text: str) -> bool:
        key = _plain(self.value)
        if len(key) < _WINDOW:
            return self.value in text
        plain = _plain(text)
        return any(part in plain for part in _parts(key))

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


@cache
def _parts(key: str) -> frozenset[str]:
    """Each run of so many letters and digits of the key, as it may be written."""
    written = [way for one in (key, codecs.encode(key, "rot13")) for way in (one, one[::-1])]
    return frozenset(way[start : start + _WINDOW] for way in written for start in range(len(way) - _WINDOW + 1))


def _plain(text: str) -> str:
    """Letters and digits alone, in lower case; what looks like one of them, or is a form of it, is that one."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
    return re.sub(r"[^0-9a-z]", "", text.lower().translate(_ALIKE))
