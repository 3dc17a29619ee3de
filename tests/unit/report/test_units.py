"""Figures as people read them."""

from __future__ import annotations

import math

import pytest

from mlforge.records.verdict import Check
from mlforge.report import units


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 B"),
        (1023, "1,023 B"),
        (1024, "1 KiB"),
        (11_756, "11.5 KiB (11,756 B)"),
        (32_768, "32 KiB"),
        (32_769, "32.0 KiB (32,769 B)"),  # not exactly 32 KiB, and it shows
        (math.nan, units.NOTHING),
    ],
)
def test_size(size_bytes: float, text: str) -> None:
    assert units.size(size_bytes) == text


@pytest.mark.parametrize(
    ("time_us", "text"),
    [
        (0, "0 µs"),
        (99.25, "99.2 µs"),
        (812.4, "812 µs"),
        (5_000, "5 ms"),
        (5_001, "5.00 ms"),
        (1.2e6, "1.20 s"),
        (math.inf, units.NOTHING),
    ],
)
def test_time(time_us: float, text: str) -> None:
    assert units.time(time_us) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (0.84, "0.8 s"), (41.7, "42 s"), (59.9, "1 min 00 s"), (425, "7 min 05 s"), (7_800, "2 h 10 min")],
)
def test_duration(seconds: float, text: str) -> None:
    assert units.duration(seconds) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.123, "12.3 %"), (-0.00009, "-0.009 %"), (0.0, "0.0 %"), (math.nan, units.NOTHING)]
)
def test_percent_keeps_the_sign_of_what_is_tiny(share: float, text: str) -> None:
    assert units.percent(share) == text


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (Check("ram", "bytes", 1000, 900, 0.1, True), "10.0 % to spare"),
        (Check("ram", "bytes", 1000, 1100, -0.1, True), "10.0 % over"),
        (Check("accuracy", "", 0.8, 0.72, -0.1, False), "10.0 % short"),
        (Check("mse", "", 0.5, 0.55, -0.1, False), "10.0 % too high"),
        (Check("mse", "", 0.0, math.nan, math.nan, False), units.NOTHING),
    ],
)
def test_margin(check: Check, text: str) -> None:
    assert units.margin(check) == text


def test_score_keeps_its_digits_at_every_size() -> None:
    assert [units.score(value) for value in (0.8531, 0.00042, 1234.5, 0.0)] == ["0.853", "0.00042", "1234", "0.000"]
    assert units.score_with_error(0.8531, math.nan) == "0.853"


def test_clean_removes_terminal_escapes_and_direction_overrides() -> None:
    dirty = "\x1b[31mred\x07\u202egnp\r\nnext\tcolumn"
    assert "\x1b" not in units.clean(dirty)
    assert units.one_line(dirty) == "�[31mred��gnp next column"
    assert units.one_line("x" * 300, 10) == "x" * 9 + "…"


@pytest.mark.parametrize(("method", "word"), [("Measured on device", "measured"), ("estimated in QEMU", "estimated")])
def test_work_says_how_cycles_came_about(method: str, word: str) -> None:
    assert units.work(9_000, 12_000, method) == f"9,000 instructions, 12,000 cycles ({word})"


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (-0.002786, 0.002783, "−0.0028 ± 0.0028"),
        (0.0, 0.0, "+0.000 ± 0.000"),
        (-0.041, 0.0000002, "−0.041 ± 0.000"),
        (0.00041234, 0.00002, "+0.00041 ± 0.00002"),
        (123.456, 7.89, "+123.5 ± 7.9"),
        (1.0, 5e-17, "+1.000 ± 0.000"),
        (0.5, None, "+0.500"),
    ],
)
def test_value_and_error_have_the_same_decimals(value: float, error: float | None, words: str) -> None:
    assert units.signed_with_error(value, error) == words
    assert units.score_with_error(abs(value), error) == words[1:]


def test_an_error_is_too_high_and_a_share_is_short() -> None:
    assert units.margin(Check("mse", "", 2.0, 3.0, -0.5, hard=False)) == "50.0 % too high"
    assert units.margin(Check("accuracy", "", 0.8, 0.6, -0.25, hard=False)) == "25.0 % short"
    assert units.margin(Check("flash", "bytes", 2.0, 3.0, -0.5, hard=True)) == "50.0 % over"


def test_small_sizes_are_told_once() -> None:
    assert (units.exact_beside(412), units.exact_beside(2048), units.exact_beside(2049)) == ("", "", "2,049 B")
