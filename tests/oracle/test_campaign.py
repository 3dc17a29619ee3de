"""Two thousand random operators and networks; `python -m tests.oracle` goes on for the night."""

from __future__ import annotations

import pytest

from tests.oracle.campaign import Tally, run
from tests.oracle.wheel import Oracle

PARTS = 4
COUNT = 2000
FIRST = 1000


@pytest.mark.parametrize("part", range(PARTS))
def test_our_bytes_are_the_interpreters(part: int, newest: Oracle) -> None:
    size = COUNT // PARTS
    tally = Tally()
    assert run(newest, range(FIRST + part * size, FIRST + (part + 1) * size), tally) == []
    assert tally.same > 0.85 * size
