"""The contract's `search.agent`: which language model proposes, where it answers, and what it may take."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from mlforge.contract.contract import AgentSpec, Proposer, Provider
from mlforge.contract.reader import Reader
from mlforge.contract.schema import expectation
from mlforge.contract.units import parse_time

ENDPOINTS: Final = {Provider.OPENAI: "https://api.openai.com/v1", Provider.ANTHROPIC: "https://api.anthropic.com"}
_HERE: Final = ("search", "agent")
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_MAX_URL: Final = 300


def build_agent(reader: Reader) -> AgentSpec | None:
    """None where the contract has none."""
    if reader.node(*_HERE) is None:
        if reader.text("search", "proposer") == Proposer.AGENT:
            reader.wrong(_HERE, "nothing", f"{expectation(list(_HERE))}, as the proposer is agent")
        return None
    provider = reader.choice(Provider, *_HERE, "provider", default=Provider.OPENAI)
    endpoint = reader.text(*_HERE, "endpoint", default=ENDPOINTS[provider])
    if problem := endpoint_problem(endpoint):
        reader.wrong((*_HERE, "endpoint"), repr(_shown(endpoint)), problem)
    time_us = reader.quantity(parse_time, *_HERE, "time")
    timeout_us = reader.quantity(parse_time, *_HERE, "timeout")
    money = reader.number(*_HERE, "money", default=0.0) if reader.node(*_HERE, "money") else None
    if money is not None and reader.node(*_HERE, "price") is None:
        reader.wrong((*_HERE, "money"), f"{money:g}", "`price` beside it: money is counted by the prices of tokens")
    return AgentSpec(
        model=reader.text(*_HERE, "model"),
        provider=provider,
        endpoint=endpoint,
        every=reader.integer(*_HERE, "every", default=2),
        costs=reader.integer(*_HERE, "costs", default=60),
        tokens=reader.integer(*_HERE, "tokens", default=500_000),
        time_us=1.8e9 if time_us is None else time_us,
        timeout_us=6e7 if timeout_us is None else timeout_us,
        money=money,
        price_in=reader.number(*_HERE, "price", "input", default=0.0),
        price_out=reader.number(*_HERE, "price", "output", default=0.0),
    )


def endpoint_problem(url: str) -> str:
    """What would be right in place of a URL that must not be asked; empty where it may.

    Without encryption only this machine and private networks are asked. A URL holds no password and no query: it is
    shown and stored.
    """
    wanted = "an https URL such as https://api.openai.com/v1, or http on this machine or a private network"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return wanted
    if parts.scheme not in ("http", "https") or len(url) > _MAX_URL or not url.isascii() or re.search(r"[\s\\%]", url):
        return wanted
    if "@" in parts.netloc or "?" in url or "#" in url:
        return "a URL without user, password, query and fragment: a key comes from the environment"
    if port == 0 or not (_address(host) or all(_LABEL.fullmatch(label) for label in host.split("."))):
        return wanted
    if parts.scheme == "http" and not _near(host):
        return "https for a host that is neither this machine nor in a private network (by its address)"
    return ""


def _shown(url: str) -> str:
    """The URL without what may be a password or a key."""
    return re.sub(r"[?#].*", "?***", re.sub(r"//[^/?#]*@", "//***@", url), flags=re.DOTALL)[:100]


def _address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _near(host: str) -> bool:
    """This machine, or an address of a private network; link-local ones are those of clouds' metadata services."""
    if host == "localhost":
        return True
    if not _address(host):
        return False
    address = ip_address(host)
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or (address.is_private and not (address.is_link_local or address.is_unspecified))
