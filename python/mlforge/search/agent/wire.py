"""The one way to a model's endpoint: one host, bounded answers, a deadline for the whole call, no redirects; and the
only place that knows the key, which it adds to each request at the last moment.

The providers' libraries work on top of it with a placeholder for a key, so that nothing of theirs can show it. Headers
that they would add from the environment, or that describe this machine, do not pass.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from mlforge.errors import AgentError
from mlforge.search.agent.secret import Secret, variable_for

if TYPE_CHECKING:
    import httpx2

T = TypeVar("T")

PLACEHOLDER: Final = "not-a-key"
MAX_ANSWER_BYTES: Final = 1 << 20
RETRIES: Final = 2  # after an overloaded or failing server
_LONGEST_WAIT_S: Final = 8.0
_HEADERS: Final = ("host", "content-type", "content-length", "accept", "anthropic-version")
_ANSWERED: Final = {"content-type": "application/json"}  # whatever the server says: its headers go no further
_TALKATIVE: Final = ("httpcore2", "httpx2", "openai", "anthropic")  # they would log what a server sends
_LASTING: Final = {401, 402, 403, 404, 405, 410}
_WORDS: Final = {
    402: "wants payment",
    404: "knows no such model or path",
    408: "timed out",
    413: "finds the question too long",
    429: "is asked too often",
}


@dataclass(slots=True)
class Wire:
    """`headers` are sent with every request and may hold the key."""

    endpoint: str
    secret: Secret
    headers: dict[str, str] = field(repr=False)
    timeout_s: float

    def client(self) -> httpx2.Client:
        """An HTTP client for a provider's library."""
        import httpx2

        for library in _TALKATIVE:
            logging.getLogger(library).setLevel(logging.CRITICAL)
        wire = self

        class Guard(httpx2.BaseTransport):
            def __init__(self) -> None:
                alone = httpx2.Limits(max_connections=4, max_keepalive_connections=0)  # questions are minutes apart
                self._inner = httpx2.HTTPTransport(proxy=_proxy(wire.endpoint), limits=alone)

            def handle_request(self, request: httpx2.Request) -> httpx2.Response:
                wire._check_address(str(request.url))
                kept = [(name, value) for name, value in request.headers.items() if name.lower() in _HEADERS]
                kept += [("user-agent", "mlforge"), ("accept-encoding", "identity"), *wire.headers.items()]
                request.headers = httpx2.Headers(kept)
                answer = self._inner.handle_request(request)
                if answer.headers.get("content-encoding", "identity") != "identity":
                    answer.close()
                    raise CutOffError("an answer that is packed, though none was asked for")
                return httpx2.Response(answer.status_code, headers=_ANSWERED, stream=Bounded(answer))

            def close(self) -> None:
                self._inner.close()

        class Bounded(httpx2.SyncByteStream):
            def __init__(self, answer: httpx2.Response) -> None:
                self._answer = answer

            def __iter__(self) -> Iterator[bytes]:
                size = 0
                for chunk in self._answer.stream:  # type: ignore[union-attr]
                    size += len(chunk)
                    if size > MAX_ANSWER_BYTES:
                        raise CutOffError(f"an answer of more than {MAX_ANSWER_BYTES >> 10} KiB")
                    yield chunk

            def close(self) -> None:
                self._answer.close()

        return httpx2.Client(transport=Guard(), follow_redirects=False, trust_env=False, timeout=self.timeout_s)

    def call(self, ask: Callable[[], T]) -> T:
        """`ask()`, in a thread of its own until the deadline; overloaded servers are asked again.

        Raises:
            AgentError: no answer came. The message holds no text of the library, nor of the server but a redacted line.
            RefusedError: the server may not understand the question's form (400, 422, or 500 as of llama-cpp-python).
        """
        deadline = time.monotonic() + self.timeout_s
        for attempt in range(RETRIES + 1):
            outcome = _within(deadline, ask)
            if outcome is None:
                raise AgentError(f"no answer within {self.timeout_s:g} s")
            if isinstance(outcome, _Answered):
                return outcome.value
            status = getattr(outcome.error, "status_code", None)
            again = status == 429 or (isinstance(status, int) and status > 500)
            pause = min(_LONGEST_WAIT_S, 0.5 * 4**attempt)
            if not again or attempt == RETRIES or time.monotonic() + pause > deadline:
                raise self._failure(outcome.error, status)
            time.sleep(pause)
        raise AgentError("no answer")

    def _failure(self, error: BaseException, status: Any) -> AgentError:
        if cut := _cut(error):
            return AgentError(f"the endpoint sent {cut}")
        if isinstance(status, int):
            if status in (401, 403):
                key = f"the key in {variable_for(self.endpoint)}" if self.secret.value else "a request without a key"
                hint = f"set {variable_for(self.endpoint)}"
                return AgentError(f"the endpoint refuses {key} ({status}); {hint}", lasting=True)
            if status in (400, 422, 500):
                does = "fails" if status == 500 else "refuses the question"
                return RefusedError(f"the endpoint {does} ({status}): {self._server_words(error)}")
            words = _WORDS.get(status, "fails" if status >= 500 else "does not answer the question")
            return AgentError(f"the endpoint {words} ({status})", lasting=status in _LASTING)
        name = type(error).__name__
        if "Timeout" in name:
            return AgentError(f"no answer within {self.timeout_s:g} s")
        if "Connect" in name:
            return AgentError("the endpoint cannot be reached", lasting=True)
        return AgentError(f"the endpoint's answer cannot be used ({name})")

    def _server_words(self, error: BaseException) -> str:
        from mlforge.search.agent.answer import one_sentence

        return one_sentence(self.secret.redacted(str(error)))[:160]

    def _check_address(self, url: str) -> None:
        if _address(url) != _address(self.endpoint):
            raise CutOffError("the question to another address")


class RefusedError(AgentError):
    """The form of the question was refused: another form may do."""


class CutOffError(Exception):
    """Why an answer was not read, or not to its end."""


@dataclass(frozen=True, slots=True)
class _Broke:
    error: BaseException


@dataclass(frozen=True, slots=True)
class _Answered(Generic[T]):
    value: T


def _cut(error: BaseException | None) -> str:
    """What CutOffError says, if one is behind an error of the library."""
    while error is not None and not isinstance(error, CutOffError):
        error = error.__cause__ or error.__context__
    return str(error or "")


def _within(deadline: float, ask: Callable[[], T]) -> _Answered[T] | _Broke | None:
    """The outcome, or None at the deadline. A server that sends a byte now and then outlives any time-out of a socket,
    so the call is left behind in its thread."""
    outcome: list[_Answered[T] | _Broke] = []

    def run() -> None:
        try:
            outcome.append(_Answered(ask()))
        except Exception as error:
            outcome.append(_Broke(error))

    thread = threading.Thread(target=run, name="agent", daemon=True)
    thread.start()
    thread.join(max(0.0, deadline - time.monotonic()))
    return outcome[0] if outcome else None


def _address(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _proxy(endpoint: str) -> str | None:
    """The environment's proxy for the endpoint, if there is one."""
    address = urlsplit(endpoint)
    if proxy_bypass(address.hostname or "") or address.hostname in ("localhost", "127.0.0.1", "::1"):
        return None
    return getproxies().get(address.scheme)
