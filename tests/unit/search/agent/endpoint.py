"""A language model's endpoint as a test wants it: an HTTP server on loopback that goes through a list of behaviours."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias


@dataclass
class Asked:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


Behaviour: TypeAlias = Callable[[BaseHTTPRequestHandler, Asked], None]


@dataclass
class Endpoint:
    url: str
    behaviours: list[Behaviour]
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def endpoint(*behaviours: Behaviour) -> Iterator[Endpoint]:
    """Each request gets the next behaviour; the last one stays."""
    known = Endpoint("", list(behaviours))
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            asked = Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            with lock:
                known.asked.append(asked)
                behave = known.behaviours.pop(0) if len(known.behaviours) > 1 else known.behaviours[0]
            with suppress(OSError):  # the client hung up
                behave(self, asked)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    known.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield known
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def send(handler: BaseHTTPRequestHandler, status: int, document: Any, **headers: str) -> None:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    handler.send_response(status)
    for name, value in {"content-type": "application/json", **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def completion(text: Any, tokens: Any = 100) -> dict[str, Any]:
    return {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "test",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": tokens, "completion_tokens": tokens, "total_tokens": tokens},
    }


def says(text: Any, tokens: Any = 100) -> Behaviour:
    """A well-formed answer with that text."""
    return lambda handler, _: send(handler, 200, completion(text, tokens))


def breaks(status: int, words: str = "no", **headers: str) -> Behaviour:
    return lambda handler, _: send(handler, status, {"error": {"message": words}}, **headers)


def drips(seconds: float) -> Behaviour:
    """Sends a byte now and then: no time-out of a socket ends this."""

    def behave(handler: BaseHTTPRequestHandler, _: Asked) -> None:
        handler.send_response(200)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", "1000000")
        handler.end_headers()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)

    return behave


def floods(handler: BaseHTTPRequestHandler, _: Asked) -> None:
    send(handler, 200, completion("x" * (3 << 20)))


def proposal(layers: Sequence[Any], reasoning: Any = "because", action: str = "propose") -> str:
    return json.dumps({"reasoning": reasoning, "action": action, "architectures": [{"layers": layers}]})


def raw(*parts: bytes, pause_s: float = 0.0) -> Behaviour:
    """Bytes as they are, then the end of the connection."""

    def behave(handler: BaseHTTPRequestHandler, _: Asked) -> None:
        handler.close_connection = True
        for part in parts:
            handler.wfile.write(part)
            handler.wfile.flush()
            time.sleep(pause_s)

    return behave


def endless(head: bytes, part: bytes, seconds: float) -> Behaviour:
    """The same bytes over and over, as fast as they are taken."""

    def behave(handler: BaseHTTPRequestHandler, _: Asked) -> None:
        handler.close_connection = True
        handler.wfile.write(head)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            handler.wfile.write(part)

    return behave


def echoes(status: int) -> Behaviour:
    """All headers of the question, in the answer's body, its headers and its status line."""

    def behave(handler: BaseHTTPRequestHandler, asked: Asked) -> None:
        key = asked.headers["authorization"]
        body = json.dumps({"error": {"message": str(asked.headers), "type": key, "code": key}}).encode()
        handler.send_response(status, key)
        for name in ("x-request-id", "set-cookie", "location", "www-authenticate", "retry-after"):
            handler.send_header(name, key)
        handler.send_header("content-type", f'application/json; charset="{key}"')
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return behave
