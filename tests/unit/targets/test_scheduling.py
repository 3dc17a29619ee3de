"""The report of an application's scheduling, as its console has it: read, or refused."""

from __future__ import annotations

import pytest

from mlforge.errors import RunError
from mlforge.records.scheduling import Delays, Scheduling
from mlforge.targets.scheduling import read_report

REPORT = """*** Booting Zephyr OS ***
what the application says
mlforge-scheduling clock 1000000
mlforge-scheduling phase 0 1000000 0
mlforge-scheduling timer -1 0 1 40 1000
mlforge-scheduling phase 1 1000000 2
mlforge-scheduling timer -1 1 2 60 1000
mlforge-scheduling wake -1 1 5 70 1000
mlforge-scheduling inference -1 1 300 400 20
mlforge-scheduling phase 2 0 0
mlforge-scheduling thread 0 7 1024 824 log writer
mlforge-scheduling use 0 0 250000 0
mlforge-scheduling response 0 0 10 90 100
mlforge-scheduling use 0 1 260000 3
mlforge-scheduling use 0 2 0 0
mlforge-scheduling kept 1
mlforge-scheduling end
"""


def read(text: str) -> Scheduling:
    return read_report(text, "some/board", 50_000.0, 1.0, 0.0, {"log writer": 2000.0}, "by hand")


def test_what_is_read() -> None:
    found = read(REPORT.replace("\n", "\r\n"))
    alone, model = found.parts
    assert (alone.timer, alone.wake, alone.inference) == (Delays(1.0, 40.0, 1000), None, None)
    assert (model.wake, model.inference, model.late) == (Delays(5.0, 70.0, 1000), Delays(300.0, 400.0, 20), 2)
    (thread,) = found.threads
    assert (thread.name, thread.priority, thread.stack_bytes, thread.stack_used_bytes) == ("log writer", 7, 1024, 200)
    assert thread.deadline_us == 2000.0
    assert [(part.share, part.missed) for part in thread.parts] == [(0.25, 0), (0.26, 3)]
    assert [part.response for part in thread.parts] == [Delays(10.0, 90.0, 100), None]
    assert found.kept_free is True
    assert read(REPORT.replace("kept 1", "kept 0")).kept_free is False


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "incomplete"),
        (REPORT.replace("mlforge-scheduling end\n", ""), "incomplete"),
        ("mlforge-scheduling no model\n", "no such model"),
        (REPORT.replace("clock 1000000", "clock"), "damaged"),
        (REPORT.replace("clock 1000000", "clock 0"), "damaged"),
        (REPORT.replace("phase 2 0 0\n", "phase 2\n"), "damaged"),
        (REPORT.replace("use 0 1 260000 3\n", ""), "damaged"),
        (REPORT.replace("1 2 60 1000", "1 2 60"), "damaged"),
        ("mlforge-scheduling end\n", "damaged"),
    ],
)
def test_a_damaged_report_is_refused(text: str, words: str) -> None:
    with pytest.raises(RunError, match=words):
        read(text)
