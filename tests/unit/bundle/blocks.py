"""Blocks to test with, one of each kind of section, and strategies that make any other."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from mlforge.bundle.block import Block, Unknown, Version, Versions
from mlforge.bundle.sections import (
    Baseline,
    Calibration,
    ChannelBaseline,
    ChannelCalibration,
    Features,
    SelfTest,
    TaskCode,
    Threshold,
    Thresholds,
    Vector,
)

THRESHOLDS = Thresholds(TaskCode.CLASSIFICATION, 3, (Threshold(25, -10), Threshold(60, 20), Threshold(127, -128)))
CALIBRATION = Calibration(True, 600, (ChannelCalibration(-1310, 65000, 2000, 3000), ChannelCalibration(0, 65536, 0, 0)))
FEATURES = Features('{"channels":2,"stages":[]}')
BASELINE = Baseline(64, (ChannelBaseline(-1500, 9000), ChannelBaseline(0, 1)), (30000, 20000, 15535), (0, 65535))
SELF_TEST = SelfTest((Vector(b"\x01\x80\x7f", b"\x00\x05"), Vector(b"abc", b"\xff\x00")))
VERSIONS = Versions(Version(1, 2, 3, 4), Version(1, 1, 0), Version(255, 255, 65535, 2**32 - 1), Version(0, 0, 0))


def block(**changes: object) -> Block:
    fields = {
        "versions": VERSIONS,
        "contract": bytes(range(32)),
        "model": bytes(range(32, 64)),
        "board": "mps2/an385",
        "name": "activity",
        "sections": (THRESHOLDS, CALIBRATION, FEATURES, BASELINE, SELF_TEST),
    }
    return Block(**{**fields, **changes})  # type: ignore[arg-type]


def _integers(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low, high)


I8, U8, U16, U32, I32 = (
    _integers(-128, 127),
    _integers(0, 255),
    _integers(0, 2**16 - 1),
    _integers(0, 2**32 - 1),
    _integers(-(2**31), 2**31 - 1),
)
ORDERED = st.tuples(I8, I8).map(lambda pair: Threshold(max(pair), min(pair)))
ORDERED_ERRORS = st.tuples(U32, U32).map(lambda pair: Threshold(max(pair), min(pair)))
THRESHOLD_SECTIONS = st.one_of(
    st.builds(
        Thresholds,
        st.just(TaskCode.CLASSIFICATION),
        _integers(1, 255),
        st.lists(ORDERED, min_size=1, max_size=5).map(tuple),
    ),
    st.builds(Thresholds, st.just(TaskCode.REGRESSION), _integers(1, 255), st.just(())),
    st.builds(Thresholds, st.just(TaskCode.ANOMALY), _integers(1, 255), ORDERED_ERRORS.map(lambda one: (one,))),
)
CHANNELS = st.builds(
    lambda offset, gain, bound: ChannelCalibration(offset, gain, bound, gain // 2),
    I32,
    _integers(1, 2**31 - 1),
    _integers(0, 2**31 - 1),
)
CALIBRATION_SECTIONS = st.builds(Calibration, st.booleans(), U32, st.lists(CHANNELS, min_size=1, max_size=4).map(tuple))
BASELINE_SECTIONS = st.builds(
    Baseline,
    _integers(1, 2**16 - 1),
    st.lists(st.builds(ChannelBaseline, _integers(-32768, 32768), _integers(0, 32768)), min_size=1, max_size=3).map(
        tuple
    ),
    st.lists(U16, max_size=4).map(tuple),
    st.lists(U16, max_size=4).map(tuple),
)
SELF_TEST_SECTIONS = st.tuples(_integers(1, 4), _integers(1, 9), _integers(1, 5)).flatmap(
    lambda sizes: st.lists(
        st.builds(
            Vector, st.binary(min_size=sizes[1], max_size=sizes[1]), st.binary(min_size=sizes[2], max_size=sizes[2])
        ),
        min_size=sizes[0],
        max_size=sizes[0],
    ).map(lambda vectors: SelfTest(tuple(vectors)))
)
UNKNOWN_SECTIONS = st.builds(Unknown, _integers(6, 2**16 - 1), st.binary(max_size=20))
TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=32)
VERSION = st.builds(Version, U8, U8, U16, U32)


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    kinds = (THRESHOLD_SECTIONS, CALIBRATION_SECTIONS, st.just(FEATURES), BASELINE_SECTIONS, SELF_TEST_SECTIONS)
    sections: list[Any] = [draw(kind) for kind in kinds if draw(st.booleans())]
    if draw(st.booleans()):
        sections.append(draw(UNKNOWN_SECTIONS))
    return Block(
        Versions(draw(VERSION), draw(VERSION), draw(VERSION), draw(VERSION)),
        draw(st.binary(min_size=32, max_size=32)),
        draw(st.binary(min_size=32, max_size=32)),
        draw(TEXT),
        draw(TEXT),
        tuple(sections),
    )
