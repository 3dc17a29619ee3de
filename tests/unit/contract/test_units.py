"""Quantities: exact values, and a sentence for everything that is not one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlforge.contract.units import (
    format_frequency,
    format_size,
    format_time,
    parse_frequency,
    parse_size,
    parse_time,
)


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("48 KiB", 49152),
        ("32 kB", 32000),
        ("1 MiB", 1 << 20),
        ("0.5KiB", 512),
        ("1.5 kB", 1500),
        ("7 B", 7),
        ("2 MB", 2_000_000),
    ],
)
def test_sizes(text: str, size_bytes: int) -> None:
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize(
    ("text", "time_us"), [("5 ms", 5000.0), ("800 us", 800.0), ("800 µs", 800.0), ("250 ns", 0.25), ("2 s", 2e6)]
)
def test_times(text: str, time_us: float) -> None:
    assert parse_time(text) == time_us


@pytest.mark.parametrize(
    ("text", "hz"), [("120 MHz", 120_000_000), ("32.768 kHz", 32768), ("1 GHz", 10**9), ("50 Hz", 50)]
)
def test_frequencies(text: str, hz: int) -> None:
    assert parse_frequency(text) == hz


@pytest.mark.parametrize(
    "text",
    ["", "48", "KiB", "48 KB", "48 kib", "4 8 KiB", "-1 KiB", "0 B", "1e3 B", "0.1 B", "inf B", "5 ms", "48 KiB x"],
)
def test_not_a_size(text: str) -> None:
    with pytest.raises(ValueError, match=r"size|whole number of bytes"):
        parse_size(text)


@given(st.integers(1, 1 << 30))
def test_sizes_read_back(size_bytes: int) -> None:
    assert parse_size(format_size(size_bytes)) == size_bytes


@given(st.integers(1, 10**10))
def test_frequencies_read_back(hz: int) -> None:
    assert parse_frequency(format_frequency(hz)) == hz


@given(st.integers(1, 10**6))
def test_times_read_back(time_us: int) -> None:
    assert parse_time(format_time(float(time_us))) == pytest.approx(time_us, rel=1e-5)
