"""What a text may be read as by somebody who wants to: with its escapes resolved, decoded, put in order, and so again.

For finding a secret that an endpoint has disguised. It knows the usual encodings, three deep; it cannot know them all.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

DEPTH: Final = 3  # encodings inside each other
MAX_CHARACTERS: Final = 8 << 20  # of all readings of one text together

_ESCAPE: Final = re.compile(
    r"\\+u\{([0-9a-f]{1,6})\}|(?:\\+u|%u|u\+)([0-9a-f]{4})|\\+(?-i:U)([0-9a-f]{8})|\\+x([0-9a-f]{2})"
    r"|[%=]([0-9a-f]{2})|\\+([0-7]{3})",
    re.IGNORECASE,
)
_HEX_MARK: Final = re.compile(r"\\+x|0x|&#x|u\+|%u?|\\+u", re.IGNORECASE)
_TOKEN: Final = re.compile(r"[A-Za-z0-9+/_-]{2,}")
_URL_SAFE: Final = str.maketrans("-_", "+/")


class TooManyReadingsError(Exception):
    """The text can be read in more ways than can be looked through."""


def readings(text: str) -> Iterator[str]:
    """The text, the text backwards, and all that they may be read as.

    Raises:
        TooManyReadingsError: on the way, where they exceed MAX_CHARACTERS.
    """
    generation = [text, text[::-1]]
    seen = set(generation)
    left = MAX_CHARACTERS - 2 * len(text)
    yield from generation
    for _ in range(DEPTH):
        following = []
        for decode in _DECODERS:
            for reading in (found for earlier in generation for found in decode(earlier)):
                if len(reading) < 2 or reading in seen:
                    continue
                left -= len(reading)
                if left < 0:
                    raise TooManyReadingsError
                seen.add(reading)
                following.append(reading)
                yield reading
        generation = following


def _unescaped(text: str) -> Iterator[str]:
    """JSON's, Python's, URLs', quoted-printable's and HTML's ways to write a character."""
    yield html.unescape(_ESCAPE.sub(_character, text))


def _character(match: re.Match[str]) -> str:
    octal = match[6]
    code = int(octal, 8) if octal else int(next(group for group in match.groups() if group), 16)
    return chr(code) if code <= 0x10FFFF else match[0]


def _members(text: str) -> Iterator[str]:
    """The first JSON document in the text: its strings, its keys, and both, each put together."""
    start = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=-1)
    if start < 0:
        return
    try:
        document, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return
    keys, values = list[str](), list[str]()
    _gather(document, keys, values)
    yield from ("".join(keys), "".join(values), "".join(reversed(values)))


def _gather(document: Any, keys: list[str], values: list[str]) -> None:
    waiting = [document]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            keys.extend(one)
            waiting.extend(reversed(one.values()))
        elif isinstance(one, list):
            waiting.extend(reversed(one))
        elif isinstance(one, str):
            values.append(one)


def _base64(text: str) -> Iterator[str]:
    """At each of the four places where a group may begin, whatever stands between the characters."""
    for run in dict.fromkeys((re.sub(r"[^\w+/-]", "", text, flags=re.ASCII), re.sub(r"[^A-Za-z0-9+/]", "", text))):
        run = run.translate(_URL_SAFE)
        for start in range(4):
            yield _decoded(base64.b64decode, run[start : len(run) - (len(run) - start) % 4])
    tokens = (token.translate(_URL_SAFE).rstrip("=") for token in _TOKEN.findall(text))
    yield "".join(_decoded(base64.b64decode, token + "=" * (-len(token) % 4)) for token in tokens)


def _base32(text: str) -> Iterator[str]:
    run = re.sub(r"[^A-Z2-7]", "", text.upper())
    for start in range(8):
        yield _decoded(base64.b32decode, run[start : len(run) - (len(run) - start) % 8])


def _hexadecimal(text: str) -> Iterator[str]:
    run = re.sub(r"[^0-9a-fA-F]", "", _HEX_MARK.sub("", text))
    for start in range(2):
        yield _decoded(bytes.fromhex, run[start : len(run) - (len(run) - start) % 2])


def _codes(text: str) -> Iterator[str]:
    """Numbers as characters: decimal, octal, binary."""
    for pattern, base in ((r"\d{1,7}", 10), (r"[0-7]{2,3}", 8), (r"[01]{7,8}", 2)):
        codes = (int(number, base) for number in re.findall(pattern, text, re.ASCII))
        yield "".join(chr(code) for code in codes if 32 <= code < 127)


def _hidden(text: str) -> Iterator[str]:
    """Tag characters, and bytes as variation selectors: both show nothing at all."""
    if not text.isascii():
        yield "".join(_shown(ord(character)) for character in text)


def _shown(code: int) -> str:
    if 0xE0020 <= code < 0xE007F:
        return chr(code - 0xE0000)
    if 0xE0100 <= code < 0xE01F0:
        return chr(code - 0xE0100 + 16)
    return ""


def _decoded(decode: Callable[[str], bytes], run: str) -> str:
    try:
        return decode(run).decode("utf-8", errors="ignore")
    except (ValueError, binascii.Error):
        return ""


_DECODERS: Final[tuple[Callable[[str], Iterator[str]], ...]] = (
    _unescaped,
    _members,
    _hidden,
    _codes,
    _hexadecimal,
    _base64,
    _base32,
)
