"""What the tracing plugin leaves: read, or refused."""

from __future__ import annotations

import pytest

from mlforge.errors import RunError
from mlforge.records.timeline import Slice, Track
from mlforge.targets.tracing import Watched, read_events
from tests import programs

FOUND = Watched("", {5: (Track.OPERATOR, "0 CONV_2D"), 6: (Track.STAGE, "fft")})
SOUND = "10 0\n20 3\n22 0\n25 1\n30 5\n90 1\n95 0\n99 2\n100 0\nE 200\n"


def test_the_firmwares_own_instructions_take_no_time() -> None:
    timeline = read_events(SOUND, FOUND, programs.tiny(), "a board")
    # 25 to 30 before the operator, 60 in it, 5 behind it
    assert timeline.slices == (
        Slice(Track.WINDOW, "inference", 0, 70),
        Slice(Track.OPERATOR, "0 CONV_2D", 5, 65),
    )


def test_code_outside_of_the_probes_is_left_out() -> None:
    assert read_events("1 5\n50 1\nE 60\n", FOUND, programs.tiny(), "a board").slices == ()


def test_the_end_of_the_frames_is_no_input() -> None:
    twice = "0 4\n1 6\n9 2\n10 4\n11 6\n13 2\nE 14\n"
    assert [each.name for each in read_events(twice, FOUND, programs.tiny(), "b", 1).slices] == ["features", "fft"]
    assert len(read_events(twice, FOUND, programs.tiny(), "b", 2).slices) == 4


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (SOUND.replace("E 200\n", ""), "before the tracing plugin"),
        ("", "before the tracing plugin"),
        (SOUND.replace("30 5", "30 x"), "damaged"),
        (SOUND.replace("30 5", "30"), "damaged"),
        (SOUND.replace("E 200", "E"), "damaged"),
        (SOUND.replace("30 5", "\n30 5"), "damaged"),
        (SOUND.replace("E 200", "X\nE 200"), "more happened"),
    ],
)
def test_damaged_files(text: str, reason: str) -> None:
    with pytest.raises(RunError, match=reason):
        read_events(text, FOUND, programs.tiny(), "a board")
