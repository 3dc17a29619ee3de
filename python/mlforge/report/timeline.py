"""A timeline as a picture in one self-contained HTML file, and as Chrome's trace events, which Perfetto reads.

One instruction is one nanosecond of QEMU's time, and so it is in the trace events; on a board it is none.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mlforge.records.timeline import Slice, Timeline, Track
from mlforge.templating import environment

WIDTH: Final = 1200.0
_ROW: Final = 34.0
_THIN: Final = 0.5  # of the picture's units
_COLOURS: Final = 8  # of the style sheet
_NS_PER_US: Final = 1000


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    colour: int
    label: str  # empty where there is no room for it
    title: str


@dataclass(frozen=True, slots=True)
class Share:
    track: str
    name: str
    times: int
    instructions: int
    share: str


def render_timeline(timeline: Timeline) -> str:
    """The text of the HTML file; equal input gives equal bytes."""
    tracks = [track for track in Track if any(each.track is track for each in timeline.slices)]
    return (
        environment("mlforge.report", markup=True)
        .get_template("timeline.html.j2")
        .render(
            timeline=timeline,
            whole=any(each.track is Track.THREAD for each in timeline.slices),
            missed=sum(each.track is Track.DEADLINE and each.name == "missed" for each in timeline.slices),
            tracks=tracks,
            bars=_bars(timeline, tracks),
            shares=_shares(timeline),
            width=WIDTH,
            height=_ROW * len(tracks) + 30,
            row=_ROW,
            ticks=[(WIDTH * i / 10, f"{timeline.end * i // 10:,}") for i in range(11)],
        )
    )


def chrome_json(timeline: Timeline) -> str:
    """Trace events ("Trace Event Format", Google): complete events `X` in microseconds, a thread for each track."""
    threads = {track: number for number, track in enumerate(Track, 1)}
    events: list[dict[str, object]] = [
        {"name": "process_name", "ph": "M", "pid": 1, "tid": 0, "args": {"name": timeline.model}}
    ]
    events += [
        {"name": "thread_name", "ph": "M", "pid": 1, "tid": number, "args": {"name": str(track)}}
        for track, number in threads.items()
    ]
    events += [
        {
            "name": each.name,
            "cat": str(each.track),
            "ph": "X",
            "pid": 1,
            "tid": threads[each.track],
            "ts": each.begin * timeline.ns_each / _NS_PER_US,
            "dur": each.instructions * timeline.ns_each / _NS_PER_US,
            "args": {timeline.unit: each.instructions},
        }
        for each in timeline.slices
    ]
    each_takes = "one nanosecond" if timeline.ns_each == 1 else f"{timeline.ns_each} nanoseconds"
    time = f"QEMU's: one instruction is {each_takes}" if timeline.unit == "instructions" else "the board's"
    other = {"target": timeline.target, "time": time}
    return json.dumps({"traceEvents": events, "displayTimeUnit": "ns", "otherData": other}, indent=1) + "\n"


def _bars(timeline: Timeline, tracks: list[Track]) -> list[Bar]:
    scale = WIDTH / max(timeline.end, 1)
    colours: dict[str, int] = {}
    bars: list[Bar] = []
    for each in _drawn(timeline, scale):
        colour = colours.setdefault(each.name, len(colours) % _COLOURS)
        width = each.instructions * scale
        label = each.name if width > 7 * len(each.name) else ""
        title = f"{each.name}: {each.instructions:,} {timeline.unit}, from {each.begin:,}"
        y = _ROW * tracks.index(each.track)
        bars.append(Bar(round(each.begin * scale, 2), y, round(max(width, 0.3), 2), colour, label, title))
    return bars


def _drawn(timeline: Timeline, scale: float) -> Iterator[Slice]:
    """Of the slices too thin to be seen, one for each half pixel of a track: a trace may have hundred thousands."""
    seen: dict[Track, int] = {}
    for each in timeline.slices:
        place = int(each.begin * scale * 2)
        if each.instructions * scale >= _THIN or seen.get(each.track) != place:
            seen[each.track] = place
            yield each


def _of(taken: Counter[tuple[Track, str]], track: Track) -> list[int]:
    return [instructions for (one, _), instructions in taken.items() if one is track]


def _shares(timeline: Timeline) -> list[Share]:
    """By track and name, in order of appearance; the share is of all inferences, or of all of the features' time."""
    times: Counter[tuple[Track, str]] = Counter()
    taken: Counter[tuple[Track, str]] = Counter()
    for each in timeline.slices:
        times[each.track, each.name] += 1
        taken[each.track, each.name] += each.instructions
    of = {
        Track.WINDOW: max(timeline.end, 1),
        Track.OPERATOR: max(taken[Track.WINDOW, "inference"], 1),
        Track.STAGE: max(taken[Track.WINDOW, "features"] or sum(_of(taken, Track.STAGE)), 1),
        Track.FRAME: max(timeline.end, 1),
        Track.DEADLINE: max(timeline.end, 1),
        Track.THREAD: max(timeline.end, 1),
        Track.INTERRUPT: max(timeline.end, 1),
    }
    return [
        Share(str(track), name, count, taken[track, name], f"{taken[track, name] / of[track]:.1%}")
        for (track, name), count in times.items()
    ]
