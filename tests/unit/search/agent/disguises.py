"""A key, written so that a filter may overlook it and a reader would not."""

from __future__ import annotations

import base64
import codecs
import json
from collections.abc import Callable
from typing import Final
from urllib.parse import quote


def _each(form: str, between: str = "") -> Callable[[str], str]:
    return lambda key: between.join(form.format(ord(character)) for character in key)


def _base64(key: str, before: str = "") -> str:
    return base64.b64encode((before + key).encode()).decode()


DISGUISES: Final[dict[str, Callable[[str], str]]] = {
    "as it is": str,
    "upper case": str.upper,
    "a part": lambda key: key[6:17],
    "reversed": lambda key: key[::-1],
    "spaced": " ".join,
    "dotted": ".".join,
    "lines": "\n".join,
    "zero-width": "\u200b".join,
    "soft hyphens": "\u00ad".join,
    "full-width": lambda key: "".join(chr(ord(character) + 0xFEE0) for character in key),
    "Cyrillic look-alikes": lambda key: key.replace("e", "\u0435").replace("s", "\u0455").replace("c", "\u0441"),
    "tag characters": lambda key: "".join(chr(0xE0000 + ord(character)) for character in key),
    "variation selectors": lambda key: "".join(chr(0xE0100 + ord(character) - 16) for character in key),
    "JSON escapes": _each("\\u{:04x}"),
    "JSON escapes in JSON": _each("\\\\u{:04X}"),
    "braced escapes": _each("\\u{{{:x}}}"),
    "long escapes": _each("\\U{:08x}"),
    "C escapes": _each("\\x{:02x}"),
    "octal escapes": _each("\\{:03o}"),
    "percent": _each("%{:02X}"),
    "percent, twice": lambda key: quote(_each("%{:02X}")(key)),
    "quoted-printable": _each("={:02X}"),
    "decimal entities": _each("&#{};"),
    "hexadecimal entities": _each("&#x{:x};"),
    "code points": _each("U+{:04X}", " "),
    "hexadecimal": lambda key: key.encode().hex(),
    "hexadecimal, spaced": lambda key: key.encode().hex(" "),
    "hexadecimal, as C": _each("0x{:02x}", ", "),
    "decimal codes": _each("{}", ", "),
    "octal codes": _each("{:03o}", " "),
    "binary": _each("{:08b}", " "),
    "base64": _base64,
    "base64, one on": lambda key: _base64(key, "x"),
    "base64, two on": lambda key: _base64(key, "xy"),
    "base64 for URLs": lambda key: base64.urlsafe_b64encode(b"??>" + key.encode()).decode().rstrip("="),
    "base64 in lines": lambda key: " ".join(_base64(key)[at : at + 5] for at in range(0, len(_base64(key)), 5)),
    "base64, letter by letter": lambda key: " ".join(_base64(character) for character in key),
    "base64 of base64": lambda key: _base64(_base64(key)),
    "base64 of UTF-16": lambda key: base64.b64encode(key.encode("utf-16")).decode(),
    "base64 backwards": lambda key: _base64(key)[::-1],
    "base64 of it backwards": lambda key: _base64(key[::-1]),
    "base64 of escapes": lambda key: _base64(_each("\\u{:04x}")(key)),
    "base32": lambda key: base64.b32encode(b"ab" + key.encode()).decode().lower(),
    "ROT13": lambda key: codecs.encode(key, "rot13"),
    "values of a list": lambda key: json.dumps({"beside": list(key), "and": 1}),
    "keys of a mapping": lambda key: json.dumps({key[at : at + 3]: at for at in range(0, len(key), 3)}),
}
