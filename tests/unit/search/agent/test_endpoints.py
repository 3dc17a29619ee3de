"""Endpoints that answer well, badly, slowly, too much, elsewhere, with the key, or not at all; over real HTTP."""

from __future__ import annotations

import gzip
import json
import logging
import socket
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest

from mlforge.errors import AgentError
from mlforge.search.agent.anthropic_chat import anthropic_chat
from mlforge.search.agent.chat import ChatModel, Message, Reply
from mlforge.search.agent.openai_chat import openai_chat
from mlforge.search.agent.schema import answer_schema
from mlforge.search.agent.secret import Secret, key_for, variable_for
from tests.unit.search.agent.endpoint import (
    Behaviour,
    Endpoint,
    breaks,
    completion,
    drips,
    endpoint,
    floods,
    proposal,
    says,
    send,
)
from tests.unit.search.agent.scripted import POOL, agent, conv, proposer

KEY = "sk-test-0123456789abcdefGHIJ"
TALK = [Message("system", "You design."), Message("user", "Trial 0.")]
SCHEMA = answer_schema((128, 1, 6), questions=4)
GOOD = proposal([conv(), POOL])


def openai(known: Endpoint, timeout_s: float = 5.0, key: str = KEY) -> ChatModel:
    return openai_chat(known.url, "test-model", Secret(key), timeout_s)


def ask(model: ChatModel) -> Reply:
    return model.reply(TALK, SCHEMA, 512)


def failure(*behaviours: Behaviour, timeout_s: float = 5.0) -> AgentError:
    with endpoint(*behaviours) as known, pytest.raises(AgentError) as caught:
        ask(openai(known, timeout_s))
    error: BaseException | None = caught.value
    while error is not None:  # neither the message nor what a traceback would show
        assert KEY not in f"{error!r} {error}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return caught.value


def test_a_good_answer() -> None:
    with endpoint(says(GOOD, 77)) as known:
        reply = ask(openai(known))
    assert reply == Reply(GOOD, 77, 77)
    asked = known.asked[0]
    assert asked.path == "/v1/chat/completions"
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.body["model"] == "test-model"
    assert asked.body["response_format"]["json_schema"]["strict"] is True
    assert [message["role"] for message in asked.body["messages"]] == ["system", "user"]


def test_anthropic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "another-secret-token")
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "x-private: secret-header")

    def answers(handler: Any, _: Any) -> None:
        tool = {"type": "tool_use", "id": "t", "name": "answer", "input": json.loads(GOOD)}
        usage = {"input_tokens": 11, "output_tokens": 12}
        head = {"id": "m", "type": "message", "role": "assistant", "model": "test-model", "stop_reason": "tool_use"}
        send(handler, 200, {**head, "stop_sequence": None, "content": [tool], "usage": usage})

    with endpoint(answers) as known:
        reply = ask(anthropic_chat(known.url.removesuffix("/v1"), "test-model", Secret(KEY), 5.0))
    assert (json.loads(reply.text), reply.tokens_in, reply.tokens_out) == (json.loads(GOOD), 11, 12)
    asked = known.asked[0]
    assert asked.path == "/v1/messages"
    assert asked.headers["x-api-key"] == KEY
    assert asked.body["tool_choice"] == {"type": "tool", "name": "answer"}
    assert "secret" not in json.dumps(asked.headers)


@pytest.mark.parametrize(
    "content", [None, "x", [{"type": "text", "text": 5}], [{"type": "tool_use"}], {"0": "x"}, [[]]]
)
def test_anthropic_in_another_shape(content: Any) -> None:
    with endpoint(of({"id": "m", "type": "message", "content": content, "usage": float("nan")})) as known:
        model = anthropic_chat(known.url.removesuffix("/v1"), "m", Secret(KEY), 5.0)
        with pytest.raises(AgentError) if content != [{"type": "tool_use"}] else nullcontext():
            ask(model)


def test_nothing_of_this_machine_or_its_environment_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_CUSTOM_HEADERS", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "x-private: secret-of-the-environment")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/elsewhere")
    with endpoint(says(GOOD)) as known:
        ask(openai(known, key=""))
    headers = known.asked[0].headers
    assert headers.keys() == {"host", "content-type", "content-length", "accept", "user-agent", "accept-encoding"}
    assert headers["user-agent"] == "mlforge"
    assert "secret" not in json.dumps([headers, known.asked[0].body])


@pytest.mark.parametrize("status", [400, 422, 500])
def test_other_forms_are_tried_where_a_schema_is_refused(status: int) -> None:
    with endpoint(breaks(status), breaks(status), says(GOOD)) as known:
        model = openai(known)
        assert ask(model).text == GOOD == ask(model).text
    forms = [asked.body.get("response_format", {}).get("type") for asked in known.asked]
    assert forms == ["json_schema", "json_schema", "json_object", "json_object"]
    assert known.asked[2].body["response_format"]["schema"]["type"] == "object"


def test_an_overloaded_server_is_asked_again() -> None:
    with endpoint(breaks(503), says(GOOD)) as known:
        assert ask(openai(known)).text == GOOD
    assert len(known.asked) == 2


def stays_silent(handler: Any, _: Any) -> None:
    time.sleep(3)


@pytest.mark.parametrize("slow", [stays_silent, drips(3)], ids=["silent", "dripping"])
def test_a_slow_server_is_given_up_at_the_deadline(slow: Behaviour) -> None:
    start = time.monotonic()
    assert failure(slow, timeout_s=0.4).message == "no answer within 0.4 s"
    assert time.monotonic() - start < 2.5 + 1.5  # the server's own thread may take its time to end


def packed(handler: Any, _: Any) -> None:
    bomb = gzip.compress(b" " * (50 << 20))
    send(handler, 200, bomb, content_encoding="gzip")


def of(document: Any) -> Behaviour:
    return lambda handler, _: send(handler, 200, document)


@pytest.mark.parametrize(
    ("behaviour", "words", "lasting"),
    [
        (floods, "more than 1024 KiB", False),
        (packed, "packed", False),
        (breaks(401, f"Incorrect API key provided: {KEY}"), "refuses the key", True),
        (breaks(403, f"no, {KEY[3:20]}"), "refuses the key", True),
        (breaks(404, "model not found"), "no such model or path (404)", True),
        (breaks(418), "does not answer", False),
        (breaks(400, f"bad {KEY[:-4]} \x1b[31m"), "withheld", False),
        (breaks(500, f"at {'.'.join(KEY)}"), "withheld", False),
        (breaks(302, "moved", location="file:///etc/passwd"), "does not answer", False),
        (breaks(307, "moved", location="http://127.0.0.1:9/v1"), "does not answer", False),
        (of(b"<html>hello</html>"), "cannot be used|no text", False),
        (of(b"\xff\xfe{"), "cannot be used|no text", False),
        (of({}), "no text", False),
        (of([]), "no text|cannot be used", False),
        (of({"choices": []}), "no text", False),
        (of({"choices": "abc"}), "no text", False),
        (of({"choices": [{"message": None}]}), "no text", False),
        (of(completion(None)), "no text", False),
        (of(completion("   ")), "no text", False),
        (of(completion({"text": "x"})), "no text", False),
        (of(b"[" * 500_000), "cannot be used|no text", False),
        (says(f"your key is {KEY}"), "held a part of the key", True),
        (says(proposal([conv()], reasoning=f"key {KEY[5:18].upper()}")), "held a part of the key", True),
    ],
)  # fmt: skip
def test_bad_answers(behaviour: Behaviour, words: str, lasting: bool) -> None:
    error = failure(behaviour)
    assert any(word in error.message for word in words.split("|")), error.message
    assert error.lasting is lasting
    assert error.message.isprintable()


@pytest.mark.parametrize("claimed", [None, -5, 10**30, "many", 3.5, True, 0])
def test_token_counts_that_nobody_can_believe_are_estimated(claimed: Any) -> None:
    with endpoint(says(GOOD, claimed)) as known:
        reply = ask(openai(known))
    assert 0 < reply.tokens_in < 100
    assert 0 < reply.tokens_out < 200


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(AgentError, match="cannot be reached") as caught:
        ask(openai_chat(url, "m", Secret(KEY), 2.0))
    assert caught.value.lasting


def test_the_key_shows_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    """Not in what is logged at any level, not in representations, and not in the libraries' own objects."""
    caplog.set_level(logging.DEBUG)
    with endpoint(breaks(401, KEY), says(GOOD)) as known:
        model = openai(known)
        with pytest.raises(AgentError):
            ask(model)
        ask(model)
        client = model.client  # type: ignore[attr-defined]
        assert client.api_key != KEY
        assert KEY not in repr(model) + repr(client) + repr(vars(client))
    assert KEY not in caplog.text


ATTEMPTS: list[tuple[Behaviour, str]] = [
    (says("import os; os.system('ls')"), "wrong"),
    (says(proposal([{"kind": "Lambda", "function": "import os"}])), "wrong"),
    (floods, "1024 KiB"),
    (breaks(401, KEY), "refuses the key"),
    (drips(2), "within 0.3 s"),
]


@pytest.mark.parametrize(("behaviour", "reason"), ATTEMPTS)
def test_a_study_goes_on_with_tpe_whatever_the_endpoint_does(behaviour: Behaviour, reason: str) -> None:
    archive: dict[int, str] = {}
    with endpoint(behaviour) as known:
        timeout_s = 0.3 if "0.3 s" in reason else 10.0
        one = proposer(agent(None, archive, model=openai(known, timeout_s)))
        made = one.propose(0, [])
    assert made.proposer == "tpe"
    assert reason in made.handed_over
    assert KEY not in json.dumps(archive) + made.handed_over


def test_a_bad_answer_and_then_a_good_one_over_http() -> None:
    with endpoint(says(proposal([conv(), {"kind": "Nope"}], reasoning="x")), says(GOOD)) as known:
        made = proposer(agent(None, {}, model=openai(known))).propose(0, [])
    assert made.proposer == "agent"
    assert known.asked[1].body["messages"][-1]["content"].startswith("Not accepted. architectures[0]")


def test_each_host_has_a_variable_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = ["api.groq.com", "api-groq.com", "api--groq.com", "apigroq.com", "127.0.0.1", "api.groq.com.evil.example"]
    names = {variable_for(f"https://{host}/v1") for host in hosts}
    assert len(names) == len(hosts)
    assert variable_for("https://api.openai.com/v1") == "OPENAI_API_KEY"
    assert variable_for("https://api.openai.com.evil.example/v1") != "OPENAI_API_KEY"
    assert variable_for("https://API.anthropic.com") == "ANTHROPIC_API_KEY"
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("MLFORGE_KEY_API_GROQ_COM", "groq")
    assert key_for("https://evil.example/v1").value == ""
    assert key_for("https://api.groq.com/openai/v1").value == "groq"
    assert str(Secret(KEY)) == "***" and KEY not in repr(Secret(KEY))


@pytest.mark.parametrize("text", [KEY, KEY.upper(), KEY[4:14], " ".join(KEY), f"a{KEY[10:]}b"])
def test_parts_of_a_key_count_as_the_key(text: str) -> None:
    assert Secret(KEY).leaks_into(text)
    assert not Secret("").leaks_into(text)
    assert KEY not in Secret(KEY).redacted(text)


def test_short_dummies_are_no_secrets() -> None:
    assert Secret("ollama").leaks_into("by ollama") and not Secret("ollama").leaks_into("olla ma")


def test_no_other_address_is_asked() -> None:
    with endpoint(says(GOOD)) as known, endpoint(says(GOOD)) as other:
        model = openai(known)
        model.client.base_url = other.url  # type: ignore[attr-defined]
        with pytest.raises(AgentError, match="another address"):
            ask(model)
        assert other.asked == []
        shouting = openai_chat(known.url.replace("127.0.0.1", "LOCALHOST"), "m", Secret(KEY), 5.0)
        assert ask(shouting).text == GOOD


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    makers: list[tuple[str, Callable[..., Any]]] = [("openai", openai_chat), ("anthropic", anthropic_chat)]
    for name, make in makers:
        monkeypatch.setitem(__import__("sys").modules, name, None)
        with pytest.raises(AgentError, match=rf"package {name}") as caught:
            make("http://127.0.0.1:9", "m", Secret(""), 1.0)
        assert "openai>=" in caught.value.hint
