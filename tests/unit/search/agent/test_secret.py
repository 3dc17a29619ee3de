"""Whatever holds the key counts as the key; what does not is left alone."""

from __future__ import annotations

import json
import random
import re

import pytest

from mlforge.search.agent.answer import MAX_TEXT
from mlforge.search.agent.secret import Secret
from tests.unit.search.agent.disguises import DISGUISES
from tests.unit.search.agent.endpoint import proposal
from tests.unit.search.agent.scripted import POOL, conv

KEY = "sk-test-0123456789abcdefGHIJ"


@pytest.mark.parametrize("name", DISGUISES)
def test_a_disguised_key_is_found(name: str) -> None:
    disguised = DISGUISES[name](KEY)
    secret = Secret(KEY)
    assert secret.leaks_into(disguised)
    assert secret.leaks_into(proposal([conv(), POOL], reasoning=f"I think that {disguised} is wide enough."))
    assert secret.leaks_into(f"```json\n{proposal([{**conv(), 'kind': disguised}])}\n```")
    assert disguised not in secret.redacted(disguised)


@pytest.mark.parametrize("name", DISGUISES)
def test_another_key_is_none_of_ours(name: str) -> None:
    other = "pq-live-7Hw2XkzT9uQe4RnV5mYb"
    assert not Secret(KEY).leaks_into(proposal([conv(), POOL], reasoning=DISGUISES[name](other)))


def test_a_key_may_hide_in_the_design_itself() -> None:
    filters = [{**conv(), "filters": ord(character)} for character in KEY]
    assert Secret(KEY).leaks_into(proposal(filters))
    assert Secret("12345678").leaks_into(json.dumps({"filters": 12345678}))


def test_ordinary_answers_pass() -> None:
    text = proposal([conv(8 * width) for width in range(1, 13)], reasoning="Fewer channels at first: 48 of 64. " * 8)
    assert not any(Secret(f"sk-{random.Random(seed).randbytes(20).hex()}").leaks_into(text) for seed in range(5))


def test_what_has_too_many_readings_is_not_believed() -> None:
    """Each decoder finds something new in noise, time and again."""
    noise = re.sub(r"[^ -~]", "", random.Random(1).randbytes(MAX_TEXT).decode("latin-1"))
    assert Secret(KEY).leaks_into(noise * 12)
