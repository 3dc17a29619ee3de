"""Timelines against the counts of the other plugin, and the files that people open."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from mlforge.cli.main import main
from mlforge.errors import BuildError
from mlforge.records.timeline import Track
from mlforge.targets.baremetal import BaremetalTarget
from mlforge.targets.boards import BOARDS
from tests import programs
from tests.programs.locked_app import locked_app
from tests.programs.require import require


@pytest.fixture(params=["mps2/an386", "mps3/corstone300/an547", "qemu_riscv32"])
def target(request: pytest.FixtureRequest) -> BaremetalTarget:
    target = BaremetalTarget(BOARDS[request.param])
    require(target)
    return target


def test_a_timeline_is_what_was_counted(target: BaremetalTarget) -> None:
    """Two plugins, two ways: when execution goes where, and how often each block runs."""
    firmware, inputs = target.build(programs.counted()), np.zeros((2, 4), np.int8)
    counted = target.profile(firmware, inputs).inferences
    timeline = target.trace(firmware, inputs)
    inferences = [each for each in timeline.slices if each.track is Track.WINDOW]
    assert [(each.name, each.instructions) for each in inferences] == [
        ("inference", window.instructions) for window in counted
    ]
    assert inferences[1].begin == inferences[0].end
    operators = [each for each in timeline.slices if each.track is Track.OPERATOR]
    assert [each.instructions for each in operators] == [
        window.operator_instructions(operator) for window in counted for operator in (0, 1)
    ]
    for inside, outside in zip(operators, [inferences[0], inferences[0], inferences[1], inferences[1]], strict=True):
        assert outside.begin <= inside.begin < inside.end <= outside.end
    assert timeline.end == inferences[1].end


def test_features_are_counted_as_well() -> None:
    target = BaremetalTarget(BOARDS["mps2/an386"])
    require(target)
    firmware, inputs = target.build(programs.windowed()), np.zeros((1, programs.windowed().input_bytes), np.int8)
    frames = np.zeros((12, 2), np.int32)
    profile = target.profile(firmware, inputs, frames)
    timeline = target.trace(firmware, inputs, frames)
    features = [each.instructions for each in timeline.slices if each.name == "features" and each.track is Track.WINDOW]
    # The last one of the profile is put together of two.
    assert features[:-1] == [window.instructions for window in profile.features][:-1]
    assert len(features) == len(profile.features)


@pytest.mark.parametrize("of", ["app", "model"])
def test_the_command_writes_pictures(of: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    require(BaremetalTarget(BOARDS["mps2/an386"]))
    app = locked_app(tmp_path / "app")
    html, perfetto = tmp_path / "t.html", tmp_path / "t.json"
    subject = app if of == "app" else next((app / "model").glob("*.tflite"))
    assert main(["trace", str(subject), "-o", str(html), "--perfetto", str(perfetto), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    _well_formed(html.read_text(encoding="utf-8"), stages=of == "app")
    events = json.loads(perfetto.read_text(encoding="utf-8"))["traceEvents"]
    _trace_events(events)
    complete = [event for event in events if event["ph"] == "X"]
    assert len(complete) == len(told["slices"])
    assert sum(event["name"].endswith("CONV_2D") for event in complete) == 2  # of two inferences
    assert any(event["cat"] == "feature stages" for event in complete) == (of == "app")
    before = perfetto.read_bytes()
    assert main(["trace", str(subject), "-o", str(html), "--perfetto", str(perfetto), "--json"]) == 0
    assert perfetto.read_bytes() == before, "equal input, equal bytes"


def _trace_events(events: list[dict[str, object]]) -> None:
    """What the Trace Event Format asks of these kinds: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU"""
    named = {event["tid"] for event in events if event["name"] == "thread_name"}
    open_until: dict[object, float] = {}
    for event in events:
        assert event["ph"] in ("X", "M")
        assert isinstance(event["pid"], int)
        assert isinstance(event["tid"], int)
        if event["ph"] == "X":
            begin, duration = float(str(event["ts"])), float(str(event["dur"]))
            assert duration > 0
            assert event["tid"] in named
            assert begin >= open_until.get(event["tid"], 0.0) - 1e-9, "slices of one track overlap"
            open_until[event["tid"]] = begin + duration


def _well_formed(text: str, *, stages: bool) -> None:
    """One file that asks for nothing: no script, no address; the picture is XML by itself."""
    for forbidden in ("<script", "http:", "https:", "src=", "@import", "url("):
        assert forbidden not in text
    picture = ElementTree.fromstring(text[text.index("<svg") : text.index("</svg>") + len("</svg>")])
    bars = picture.findall(".//rect")
    width, height = (float(value) for value in picture.attrib["viewBox"].split()[2:])
    for bar in bars:
        assert 0 <= float(bar.attrib["x"]) <= width
        assert float(bar.attrib["x"]) + float(bar.attrib["width"]) <= width + 0.5
        assert float(bar.attrib["y"]) + float(bar.attrib["height"]) <= height
        assert "instructions" in (bar.findtext("title") or "")
    assert ("standardise" in text) == stages


def test_a_board_that_nobody_emulates_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    app = locked_app(tmp_path / "app")
    assert main(["trace", str(app), "--target", "host"]) == 1
    assert "host is not traced" in capsys.readouterr().err


def test_an_image_without_its_record_is_refused(tmp_path: Path) -> None:
    from mlforge.targets.tracing import watched

    target = BaremetalTarget(BOARDS["mps2/an386"])
    require(target)
    (tmp_path / "f.elf").write_bytes(target.build(programs.tiny()).elf.read_bytes())
    with pytest.raises(BuildError):
        watched(tmp_path / "f.elf", programs.tiny())
