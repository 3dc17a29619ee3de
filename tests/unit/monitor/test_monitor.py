"""Decisions, calibration and counting in C, against a plain retelling in Python and numpy."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import floor, log2
from typing import Any

import numpy as np
import pytest

from mlforge.bundle.block import encode
from mlforge.bundle.sections import (
    AnySection,
    Baseline,
    Calibration,
    ChannelBaseline,
    ChannelCalibration,
    TaskCode,
    Threshold,
    Thresholds,
)
from mlforge.decision.native import NativeDecider, NativeDecision
from mlforge.features.native import NativePipeline, NativeStage
from tests.unit.bundle.blocks import block
from tests.unit.monitor.native import (
    Correction,
    Decider,
    Instance,
    Model,
    Moments,
    Monitor,
    MonitorState,
    Reference,
    Report,
    Standardise,
    Tensor,
    library,
)

NONE = -1
INT32, INT16 = 0, 1  # enum mlforge_samples
STEPS = 8


@dataclass
class Rig:
    """A monitor in memory, with a model whose output is what `answer` says of its input."""

    task: TaskCode
    classes: int
    channels: int
    sections: tuple[AnySection, ...] = ()
    most_windows: int = 1 << 20
    slopes: Sequence[float] | None = None  # of a standardise stage; None: features with a stage that nobody knows
    answer: Callable[[np.ndarray], np.ndarray] = field(default=lambda given: given)
    kept: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        code, self.bytes = library(), STEPS * self.channels
        self.outputs = self.bytes if self.task is TaskCode.ANOMALY else max(1, self.classes)
        self.arena = (ctypes.c_int8 * (self.bytes + self.outputs))()
        self.inputs = Tensor(offset=0, bytes=self.bytes, scale=0.02, zero_point=-3)
        self.output = Tensor(offset=self.bytes, bytes=self.outputs, scale=0.02, zero_point=-3)
        invoke = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(self._invoke)
        self.model = Model(
            inputs_count=1, outputs_count=1, inputs=ctypes.pointer(self.inputs), outputs=ctypes.pointer(self.output),
            invoke=ctypes.cast(invoke, ctypes.c_void_p),
        )  # fmt: skip
        self.instance = Instance(model=ctypes.pointer(self.model), arena=ctypes.addressof(self.arena))
        self.bundle, self.state = (ctypes.c_uint8 * 512)(), MonitorState()
        self.block = encode(block(sections=self.sections))
        assert code.mlforge_bundle_read(self.block, len(self.block), self.bundle) == 0
        self.moments = (Moments * self.channels)()
        self.class_counts, self.bins = (ctypes.c_uint32 * max(1, self.classes))(), (ctypes.c_uint32 * 32)()
        self.corrections, self.references = (Correction * self.channels)(), (Reference * self.channels)()
        self.frame, self.given = (ctypes.c_int32 * self.channels)(), (ctypes.c_int8 * self.bytes)()
        self.monitor = Monitor(
            instance=ctypes.pointer(self.instance), bundle=ctypes.addressof(self.bundle),
            state=ctypes.pointer(self.state), task=self.task, classes=self.classes, channels=self.channels,
            most_windows=self.most_windows, moments=self.moments, class_counts=self.class_counts,
            score_counts=self.bins, corrections=self.corrections, references=self.references, frame=self.frame,
            given=ctypes.addressof(self.given) if self.task is TaskCode.ANOMALY else None,
        )  # fmt: skip
        self.kept += [invoke]
        self._features()
        code.mlforge_monitor_begin(ctypes.byref(self.monitor))

    def _features(self) -> None:
        code, stages = library(), (NativeStage * 1)()
        if self.slopes is not None:
            multipliers = (ctypes.c_int32 * self.channels)(*(round(slope * 2**30) for slope in self.slopes))
            means, shifts = (ctypes.c_int32 * self.channels)(), (ctypes.c_uint8 * self.channels)(*[30] * self.channels)
            tables = Standardise(means, multipliers, shifts)
            stages[0].tables = ctypes.addressof(tables)
            stages[0].process = ctypes.cast(code.mlforge_standardise_process, ctypes.c_void_p)
            self.kept += [tables, multipliers, means, shifts]
        self.pipeline = NativePipeline(stages=stages, stages_count=1, frame_length=self.channels)
        self.instance.features = ctypes.addressof(self.pipeline)
        self.kept.append(stages)

    def _invoke(self, arena: int) -> None:
        given = np.frombuffer(memoryview(self.arena), np.int8, self.bytes).copy()
        answer = np.asarray(self.answer(given), np.int8)
        ctypes.memmove(arena + self.bytes, answer.tobytes(), self.outputs)
        ctypes.memset(arena, 0x55, self.bytes)  # inputs do not survive

    def infer(self, given: np.ndarray) -> int:
        """Runs one inference; the decision after it."""
        ctypes.memmove(self.arena, np.asarray(given, np.int8).tobytes(), self.bytes)
        assert library().mlforge_monitor_infer(ctypes.byref(self.monitor))
        return int(library().mlforge_monitor_decision(ctypes.byref(self.monitor)))

    def push(self, frame: Sequence[int]) -> list[int]:
        """The corrected frame."""
        held = (ctypes.c_int32 * self.channels)(*frame)
        at = library().mlforge_monitor_frame(ctypes.byref(self.monitor), held, INT32)
        return list((ctypes.c_int32 * self.channels).from_address(at))

    def drift(self) -> Report:
        found: Report = library().mlforge_monitor_drift(ctypes.byref(self.monitor))
        return found

    def call(self, name: str, *arguments: Any) -> int:
        return int(getattr(library(), name)(ctypes.byref(self.monitor), *arguments))


def scores(*values: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda _given: np.array(values, np.int8)


# Decisions.


class PlainDecider:
    """What docs/contract.md and monitor.h say, told again."""

    def __init__(self, thresholds: Thresholds | None, classes: int) -> None:
        self.items = thresholds.items if thresholds else (Threshold(-128, -128),) * classes
        self.hysteresis = thresholds.hysteresis if thresholds else 1
        self.decision, self.history = NONE, [NONE] * 300

    def propose(self, values: Sequence[int]) -> int:
        stays = self.decision != NONE and values[self.decision] >= self.items[self.decision].leave
        able = [index for index, value in enumerate(values) if value >= self.items[index].enter]
        best = max(able, key=lambda index: (values[index], -index), default=NONE)
        if stays and (best == NONE or values[best] <= values[self.decision]):
            return self.decision
        return best

    def see(self, values: Sequence[int]) -> int:
        self.history.append(self.propose(values))
        if len(set(self.history[-self.hysteresis :])) == 1:
            self.decision = self.history[-1]
        return self.decision


@pytest.mark.parametrize("seed", range(6))
def test_decisions_about_classes(seed: int) -> None:
    random = np.random.default_rng(seed)
    classes = int(random.integers(1, 6))
    pairs = np.sort(random.integers(-128, 128, (classes, 2)), axis=1)
    items = tuple(Threshold(int(enter), int(leave)) for leave, enter in pairs)
    thresholds = Thresholds(TaskCode.CLASSIFICATION, int(random.integers(1, 5)), items) if seed else None
    rig = Rig(TaskCode.CLASSIFICATION, classes, 2, (thresholds,) if thresholds else ())
    plain = PlainDecider(thresholds, classes)
    for _ in range(400):
        values = random.integers(-128, 128, classes)
        values = values if random.random() < 0.5 else np.full(classes, values[0])
        for _ in range(int(random.integers(1, 4))):
            rig.answer = scores(*values.tolist())
            assert rig.infer(np.zeros(rig.bytes)) == plain.see(values.tolist())


def test_without_thresholds_the_largest_score_decides() -> None:
    rig = Rig(TaskCode.CLASSIFICATION, 3, 1)
    for values, decision in (((1, 2, 3), 2), ((3, 3, 1), 0), ((-128, -128, -128), 0), ((0, 127, 126), 1)):
        rig.call("mlforge_monitor_forget")
        rig.answer = scores(*values)
        assert rig.infer(np.zeros(STEPS)) == decision


def test_alarms_have_a_gap_and_patience() -> None:
    """Errors of 0.25, 1 and 4 steps squared, that is in Q16.16 of 0.02 squared each."""
    unit = 0.02**2 * 65536
    thresholds = Thresholds(TaskCode.ANOMALY, 2, (Threshold(round(9 * unit), round(4 * unit)),))
    rig = Rig(TaskCode.ANOMALY, 0, 1, (thresholds,))
    seen = []
    for off in (1, 4, 1, 4, 4, 4, 3, 3, 3, 1, 4, 1, 1, 1):
        rig.answer = lambda given, off=off: given + off  # type: ignore[misc]
        seen.append(rig.infer(np.arange(STEPS)))
        assert rig.call("mlforge_monitor_error") == pytest.approx(off * off * unit, abs=1)
    assert seen == [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0]
    assert rig.state.alarms == 8
    rig.call("mlforge_monitor_forget")
    assert rig.call("mlforge_monitor_decision") == 0


def test_a_contracts_decision_takes_the_place_of_thresholds_of_single_windows() -> None:
    """Levels of errors of 1 and 16 steps squared: far apart, and the second above what the decision begins at."""
    low, high = (floor(8 * log2(off**2 * 0.02**2)) for off in (1, 4))
    decision, decider = NativeDecision(classes=2, smoothing=1, consecutive=2, refractory=0), NativeDecider()
    thresholds, background = (ctypes.c_int8 * 4)(-128, -128, high, low + 1), (ctypes.c_uint8 * 2)(1, 0)
    ring, sums, averages = (ctypes.c_int8 * 2)(), (ctypes.c_int32 * 2)(), (ctypes.c_int8 * 2)()
    held: dict[str, ctypes.Array[Any]] = {
        "thresholds": thresholds,
        "background": background,
        "ring": ring,
        "sums": sums,
        "averages": averages,
    }
    for name, array in held.items():
        setattr(decision, name, ctypes.addressof(array))
    decision.decider = ctypes.pointer(decider)
    never = Thresholds(TaskCode.ANOMALY, 1, (Threshold(2**32 - 1, 2**32 - 1),))
    rig = Rig(TaskCode.ANOMALY, 0, 1, (never,))
    rig.instance.decision = ctypes.addressof(decision)
    seen = []
    for off in (1, 1, 4, 1, 4, 4, 4, 1, 1, 1):
        rig.answer = lambda given, off=off: given + off  # type: ignore[misc]
        seen.append(rig.infer(np.arange(STEPS)))
    assert seen == [NONE, 0, 0, 0, 0, 1, 1, 1, 0, 0]
    assert rig.state.alarms == 3


def test_regression_decides_nothing() -> None:
    rig = Rig(TaskCode.REGRESSION, 0, 1, (Thresholds(TaskCode.REGRESSION, 1, ()),))
    rig.answer = scores(100)
    assert rig.infer(np.zeros(STEPS)) == NONE
    assert list(rig.bins[:16]) == [0] * 14 + [1, 0]


def test_nothing_is_inferred_before_it_is_allowed() -> None:
    rig = Rig(TaskCode.CLASSIFICATION, 2, 1)
    rig.state.allowed = False
    assert not library().mlforge_monitor_infer(ctypes.byref(rig.monitor))
    assert rig.state.inferences == 0
    frame = (ctypes.c_int32 * 1)(77)
    assert library().mlforge_monitor_frame(ctypes.byref(rig.monitor), frame, INT32) == ctypes.addressof(frame)


# Statistics.


def test_statistics_are_numpys() -> None:
    random = np.random.default_rng(5)
    rig = Rig(TaskCode.CLASSIFICATION, 3, 3)
    given, answers = random.integers(-128, 128, (200, rig.bytes)), random.integers(-128, 128, (200, 3))
    for one, answer in zip(given, answers, strict=True):
        rig.answer = scores(*answer.tolist())
        rig.infer(one)
    channels = given.reshape(-1, 3)
    for index in range(3):
        pair = library().mlforge_monitor_moments(ctypes.byref(rig.monitor), index)
        assert abs(pair.mean - channels[:, index].mean() * 256) <= 0.51
        assert abs(pair.deviation - channels[:, index].std() * 256) <= 0.51
    assert list(rig.class_counts) == np.bincount(answers.argmax(axis=1), minlength=3).tolist()
    assert list(rig.bins[:16]) == np.bincount((answers.max(axis=1) + 128) // 16, minlength=16).tolist()
    assert (rig.state.windows, rig.state.inferences) == (200, 200)
    rig.call("mlforge_monitor_reset")
    assert (rig.state.windows, sum(rig.class_counts), sum(rig.bins), rig.moments[0].sum) == (0, 0, 0, 0)
    assert library().mlforge_monitor_moments(ctypes.byref(rig.monitor), 0).deviation == 0


def test_old_windows_fade() -> None:
    rig = Rig(TaskCode.CLASSIFICATION, 2, 1, most_windows=512)
    rig.answer = scores(1, 0)
    for _ in range(511):
        rig.infer(np.full(STEPS, 10))
    assert (rig.state.windows, rig.class_counts[0]) == (511, 511)
    rig.infer(np.full(STEPS, 10))
    assert (rig.state.windows, rig.class_counts[0], rig.state.values) == (256, 256, 256 * STEPS)
    assert library().mlforge_monitor_moments(ctypes.byref(rig.monitor), 0).mean == 2560
    assert rig.state.inferences == 512
    rig.state.values = 2**31 - 1  # a counter that is about to be full
    rig.infer(np.full(STEPS, 10))
    assert rig.state.values < 2**31


def baseline(mean: int, deviation: int, classes: Sequence[int], bins: Sequence[int]) -> Baseline:
    return Baseline(64, (ChannelBaseline(mean, deviation),), tuple(classes), tuple(bins))


def test_drift_is_told_once_there_are_enough_windows() -> None:
    bins = [0] * 8 + [65535] + [0] * 7
    rig = Rig(TaskCode.CLASSIFICATION, 2, 1, (baseline(0, 256 * 50, (32768, 32767), bins),))
    random = np.random.default_rng(1)
    for window in range(512):
        rig.answer = scores(*((5, 0) if window % 2 else (0, 5)))
        rig.infer(random.normal(0, 50, STEPS).clip(-128, 127))
        report = rig.drift()
        assert report.windows_needed == 256
        assert report.drift == 0, window
    assert (report.scores, report.classes) == (0, 0)
    for window in range(900):
        rig.answer = scores(100, 0)
        rig.infer(random.normal(60, 20, STEPS).clip(-128, 127))
        if window == 150:
            assert rig.drift().drift & 4 == 0  # still mostly as before: 0.15 of 0.25
    assert rig.drift().drift == 7
    assert rig.call("mlforge_monitor_channel_index", 0) > 64 << 8


def test_few_windows_tell_nothing() -> None:
    rig = Rig(TaskCode.CLASSIFICATION, 2, 1, (baseline(0, 2560, (65535, 0), [65535] + [0] * 15),))
    rig.answer = scores(0, 100)
    for _ in range(255):
        rig.infer(np.full(STEPS, 100))
    assert rig.drift().drift == 0
    assert min(rig.drift().scores, rig.drift().classes) > 64 << 8
    rig.infer(np.full(STEPS, 100))
    assert rig.drift().drift == 7


def test_without_a_baseline_there_is_no_drift() -> None:
    rig = Rig(TaskCode.CLASSIFICATION, 2, 1)
    rig.answer = scores(1, 2)
    for _ in range(600):
        rig.infer(np.full(STEPS, 127))
    report = rig.drift()
    assert (report.scores, report.classes, report.windows_needed, report.drift) == (0, 0, 0, 0)
    assert rig.call("mlforge_monitor_channel_index", 0) == 0


# Calibration.


def calibration(offset: int, gain: int, offset_bound: int, gain_bound: int, allowed: bool = True) -> Calibration:
    return Calibration(allowed, 60, (ChannelCalibration(offset, gain, offset_bound, gain_bound),))


@pytest.mark.parametrize(
    ("offset", "gain", "allowed", "passes"),
    [(0, 65536, False, True), (1, 65536, False, False), (0, 65535, False, False), (0, 65536, True, False)],
)
def test_blocks_pass_unseen_only_where_nothing_is_corrected_or_learnt(
    offset: int, gain: int, allowed: bool, passes: bool
) -> None:
    rig = Rig(TaskCode.CLASSIFICATION, 2, 1, (calibration(offset, gain, 0, 0, allowed),))
    assert bool(library().mlforge_monitor_passes(ctypes.byref(rig.monitor)) & 0xFF) is passes
    sample = (ctypes.c_int16 * 1)(-30000)
    at = library().mlforge_monitor_frame(ctypes.byref(rig.monitor), sample, INT16)
    assert ctypes.c_int32.from_address(at).value == rig.push([-30000])[0]


@pytest.mark.parametrize("offset", [0, -1310, 2**31 - 1, -(2**31)])
@pytest.mark.parametrize("gain", [1, 65536, 70000, 2**31 - 1])
def test_frames_are_corrected_and_saturate(offset: int, gain: int) -> None:
    rig = Rig(TaskCode.CLASSIFICATION, 2, 1, (calibration(offset, gain, 0, 0),))
    values = [0, 1, -1, 12345, -(2**31), 2**31 - 1, *np.random.default_rng(1).integers(-(2**31), 2**31, 50).tolist()]
    for value in values:
        less = min(max(value - offset, -(2**31)), 2**31 - 1)
        exact = (2 * abs(less) * gain + 65536) // 131072  # to nearest, ties away from zero
        assert rig.push([value]) == [min(max(exact if less >= 0 else -exact, -(2**31)), 2**31 - 1)]


def run_frames(rig: Rig, mean: float, deviation: float, windows: int = 100) -> None:
    """Frames of a sensor, and what the features make of them: slope 1/512 here, as the rig's."""
    assert rig.slopes is not None
    random = np.random.default_rng(3)
    rig.answer = scores(0, 1)
    for _ in range(windows):
        corrected = [rig.push([int(value)])[0] for value in random.normal(mean, deviation, STEPS)]
        rig.infer(np.rint(np.array(corrected) * rig.slopes[0]).clip(-128, 127))


def calibrated(rig: Rig) -> tuple[int, int]:
    assert rig.call("mlforge_monitor_calibrate") == 0
    return rig.corrections[0].offset, rig.corrections[0].gain


SLOPE = 1 / 512


@pytest.mark.parametrize(
    ("mean", "deviation", "bounds", "expected"),
    [
        (5000, 5120, (20000, 0), (5000, 65536)),
        (-5000, 5120, (20000, 0), (-5000, 65536)),
        (5000, 5120, (1000, 0), (1000, 65536)),
        (-5000, 5120, (1000, 0), (-1000, 65536)),
        (0, 10240, (20000, 40000), (0, 32768)),
        (0, 10240, (20000, 10000), (0, 55536)),
        (4000, 2560, (20000, 40000), (2000 + 2000, 65536 + 40000)),
    ],
)
def test_calibration_finds_what_is_off(
    mean: float, deviation: float, bounds: tuple[int, int], expected: tuple[int, int]
) -> None:
    """Training had mean 0 and a deviation of 10 steps, which are 5120 of a frame."""
    sections = (calibration(0, 65536, *bounds), baseline(0, 2560, (32768, 32767), [4096] * 16))
    rig = Rig(TaskCode.CLASSIFICATION, 2, 1, sections, slopes=[SLOPE])
    run_frames(rig, mean, deviation)
    offset, gain = calibrated(rig)
    assert gain == pytest.approx(expected[1], rel=0.04)
    if bounds[1] == 0:
        assert gain == 65536
    assert offset == pytest.approx(expected[0], abs=450)  # a mean over 800 values has an error of its own
    assert abs(offset) <= bounds[0]
    assert rig.state.calibrations == 1
    run_frames(rig, mean, deviation)
    again = calibrated(rig)
    assert again[0] == pytest.approx(offset, abs=400)


def test_calibration_has_its_reasons_not_to() -> None:
    base = baseline(0, 2560, (32768, 32767), [4096] * 16)
    allowed = calibration(0, 65536, 1000, 0)
    for sections, slopes, status in (
        ((allowed, base), [SLOPE], 2),
        ((allowed, base), None, 3),
        ((allowed,), [SLOPE], 1),
        ((base,), [SLOPE], 1),
        ((calibration(0, 65536, 1000, 0, allowed=False), base), [SLOPE], 1),
        ((allowed, base), [0.0], 3),
    ):
        rig = Rig(TaskCode.CLASSIFICATION, 2, 1, sections, slopes=slopes)
        assert rig.call("mlforge_monitor_calibrate") == status
        assert (rig.corrections[0].offset, rig.corrections[0].gain) == (0, 65536)
    rig = Rig(TaskCode.CLASSIFICATION, 2, 1, (allowed, base), slopes=[SLOPE])
    run_frames(rig, 300, 5120, windows=63)
    assert rig.call("mlforge_monitor_calibrate") == 2
    run_frames(rig, 300, 5120, windows=1)
    assert rig.call("mlforge_monitor_calibrate") == 0
    assert rig.call("mlforge_monitor_calibrate") == 2


@pytest.mark.parametrize("slope", [1e-9, 2.0**-30, 1.0, 1.99])
@pytest.mark.parametrize("mean", [-(2**31), 2**31 - 1])
def test_calibration_at_the_ends_stays_within_its_bounds(slope: float, mean: int) -> None:
    sections = (calibration(-5, 65536, 2**31 - 1, 65535), baseline(-32768, 32768, (32768, 32767), [4096] * 16))
    rig = Rig(TaskCode.CLASSIFICATION, 2, 1, sections, slopes=[slope])
    rig.answer = scores(0, 1)
    for _ in range(64):
        rig.push([mean])
        rig.infer(np.full(STEPS, 127 if mean > 0 else -128))
    offset, gain = calibrated(rig)
    assert -(2**31) <= offset <= 2**31 - 1
    assert 1 <= gain <= 131071


def test_stored_corrections_are_held_to_the_bounds() -> None:
    sections = (calibration(100, 65536, 50, 1000), baseline(0, 2560, (32768, 32767), [4096] * 16))
    rig = Rig(TaskCode.CLASSIFICATION, 2, 1, sections, slopes=[SLOPE])
    for stored, taken in (((150, 66536), True), ((50, 64536), True), ((151, 65536), False), ((100, 66537), False)):
        rig.call("mlforge_monitor_uncalibrate")
        assert (rig.corrections[0].offset, rig.corrections[0].gain) == (100, 65536)
        held = (Correction * 1)(Correction(*stored))
        assert bool(library().mlforge_monitor_restore(ctypes.byref(rig.monitor), held, 7)) is taken
        assert rig.state.calibrations == (7 if taken else 0)
        assert (rig.corrections[0].offset == stored[0] and rig.corrections[0].gain == stored[1]) is taken
    refused = Rig(TaskCode.CLASSIFICATION, 2, 1, (calibration(0, 65536, 50, 1000, allowed=False),), slopes=[SLOPE])
    assert not library().mlforge_monitor_restore(
        ctypes.byref(refused.monitor), (Correction * 1)(Correction(0, 65536)), 1
    )


def test_the_decider_is_as_wide_as_in_c() -> None:
    assert ctypes.sizeof(Decider) == 32
