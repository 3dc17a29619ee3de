"""Stages of the application's own: what the host computes, and what is wrong with their code, as a sentence."""

from __future__ import annotations

import numpy as np
import pytest

from mlforge.contract.stages import FrameSpec, SignalSpec, StageSpec, StandardiseSpec, WindowSpec
from mlforge.contract.stages_user import UserSpec
from mlforge.errors import DataError
from mlforge.features import Pipeline, emit, extract_float, fit

from .chains import USER_CODE, USER_FILE

XY = SignalSpec(100, ("x", "y"), "", "int16", 15)
SIGNAL = np.random.default_rng(2).normal(0, 0.2, (400, 2)).clip(-0.99, 0.99)
STORED = np.rint(SIGNAL * 32768) / 32768


def own(function: str, text: str = USER_CODE, made: int = 1, state: int = 0) -> UserSpec:
    return UserSpec(USER_FILE, function, text, made, state_bytes=state)


def fitted(*stages: StageSpec) -> Pipeline:
    return fit([*stages, WindowSpec(1, 1)], [SIGNAL], XY)


def test_of_frames() -> None:
    got = extract_float(fitted(FrameSpec(20, 10), own("two_largest", made=2)), SIGNAL)[:, 0]
    frames = np.stack([STORED[i : i + 20] for i in range(0, 381, 10)])
    want = np.sort(frames, axis=1)[:, :-3:-1]
    np.testing.assert_array_equal(got, want)


def test_of_samples_with_a_state_that_a_reset_clears() -> None:
    pipeline = fitted(own("leaky", state=8))
    got = extract_float(pipeline, SIGNAL)
    kept, want = np.zeros(2), []
    for sample in np.rint(SIGNAL * 32768):
        kept = np.trunc(kept / 2) + np.trunc(sample / 2)
        want.append(kept)
    np.testing.assert_array_equal(got.reshape(-1, 2), np.array(want, np.float32) / 32768)
    np.testing.assert_array_equal(extract_float(pipeline, SIGNAL), got)


def test_emitted_once_with_the_name_of_its_file() -> None:
    pipeline = fitted(own("leaky", state=8), FrameSpec(20, 10), own("two_largest", made=2), StandardiseSpec())
    text = emit(pipeline.with_quantisation(0.1, 0), "app")["app_pipeline.c"]
    assert text.count("void two_largest(") == 1
    assert f'#line 1 "{USER_FILE}"\n{USER_CODE}' in text
    assert ".function = leaky," in text


def test_json() -> None:
    pipeline = fitted(FrameSpec(20, 10), own("two_largest", made=2))
    assert Pipeline.from_json(pipeline.to_json()) == pipeline
    with pytest.raises(DataError, match="its description is damaged"):
        Pipeline.from_json(pipeline.to_json().replace('"two_largest"', '"x; int y"'))


CALLING = USER_CODE.replace("made[channel] = first", "made[channel] = elsewhere()")
DECLARED = CALLING.replace("int32_t first", "extern int elsewhere(void);\n\t\tint32_t first")
WRONG = {
    "no semicolon": (USER_CODE.replace("(void)state;", "(void)state"), r"src/own.c:5:\d+: expected"),
    "static": (USER_CODE.replace("void two", "static void two"), "does not define two_largest for others"),
    "missing": (DECLARED, "src/own.c calls elsewhere, which is neither"),
    "undeclared": (CALLING, "implicit declaration"),
}


@pytest.mark.parametrize("name", WRONG)
def test_code_that_cannot_be_built(name: str) -> None:
    text, message = WRONG[name]
    with pytest.raises(DataError, match=message):
        fitted(FrameSpec(20, 10), own("two_largest", text, made=2))
