"""Timelines in a real browser: what it draws is what was measured."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mlforge.records.timeline import Slice, Timeline, Track
from mlforge.report.timeline import render_timeline
from mlforge.toolchain.process import run
from tests.programs.require import require_browser

TIMELINE = Timeline(
    "activity",
    "mps2-an385",
    (
        Slice(Track.THREAD, "control", 0, 500),
        Slice(Track.INTERRUPT, "<script>alert(1)</script>", 500, 510),
        Slice(Track.THREAD, "service", 510, 1000),
        Slice(Track.DEADLINE, "missed", 600, 990),
    ),
    8,
)
FIRST_COLOURS = ((0x8D, 0xD3, 0xC7), (0x80, 0xB1, 0xD3))  # of `control` and of `service`


def test_a_browser_draws_the_bars(tmp_path: Path) -> None:
    browser, page, picture = require_browser(), tmp_path / "t.html", tmp_path / "t.png"
    page.write_text(render_timeline(TIMELINE), encoding="utf-8")
    words = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--force-color-profile=srgb"]
    words += ["--window-size=1300,900", f"--user-data-dir={tmp_path / 'profile'}"]
    done = run([*words, f"--screenshot={picture}", page.as_uri()], timeout_s=60)
    assert done.status == 0, done.output
    pixels = decoded(picture.read_bytes()).reshape(-1, 3)
    shares = [np.all(np.abs(pixels.astype(int) - colour) <= 2, axis=1).mean() for colour in FIRST_COLOURS]
    assert all(share > 0.005 for share in shares), "no bars, or no colours"
    assert shares[0] / shares[1] > 0.9, "500 of the instructions against 490, less what is written on the bars"
    dom = run([*words, "--dump-dom", page.as_uri()], timeout_s=60)
    assert dom.output.count("<rect") == len(TIMELINE.slices)
    assert "&lt;script&gt;" in dom.output, "a name is a name"
    assert "Deadlines missed: 1" in dom.output


def decoded(png: bytes) -> NDArray[np.uint8]:
    """[height, width, 3] of an 8-bit PNG without interlace (PNG specification, 9.2: the filters)."""
    width, height, depth, colour = struct.unpack(">IIBB", png[16:26])
    assert (depth, colour in (2, 6)) == (8, True)
    channels = 3 if colour == 2 else 4
    data, at = b"", 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += 12 + length
    lines = np.frombuffer(zlib.decompress(data), np.uint8).reshape(height, 1 + width * channels)
    rows = np.zeros((height, width, channels), np.uint8)
    before = np.zeros((width, channels), np.uint8)
    for row, line in enumerate(lines):
        rows[row] = before = _unfiltered(int(line[0]), line[1:].reshape(width, channels), before)
    return rows[:, :, :3]


def _unfiltered(kind: int, line: NDArray[np.uint8], above: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if kind in (0, 2):
        return line + above if kind == 2 else line.copy()
    if kind == 1:
        return np.cumsum(line, axis=0, dtype=np.uint8)
    made = line.astype(int)
    up = above.astype(int)
    for at in range(len(made)):
        left = made[at - 1] if at else np.zeros_like(made[0])
        if kind == 3:
            guess = (left + up[at]) // 2
        else:
            corner = up[at - 1] if at else np.zeros_like(made[0])
            estimate = left + up[at] - corner
            far = np.stack([np.abs(estimate - each) for each in (left, up[at], corner)])
            guess = np.choose(np.argmin(far, axis=0), (left, up[at], corner))
        made[at] = (made[at] + guess) & 0xFF
    return made.astype(np.uint8)
