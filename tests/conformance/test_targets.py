"""What every target must do. A new target is one more parameter here, not a copy of these tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mlforge.errors import BuildError, RunError, TargetUnavailableError
from mlforge.targets.registry import all_targets
from mlforge.targets.target import Profile, Target
from tests import programs
from tests.programs.require import require


@pytest.fixture(params=all_targets(), ids=lambda target: target.name)
def target(request: pytest.FixtureRequest) -> Target:
    found: Target = request.param
    require(found)
    return found


def _inputs(count: int, width: int) -> NDArray[np.int8]:
    return np.random.default_rng(count).integers(-128, 128, (count, width)).astype(np.int8)


def test_answers_every_vector_exactly(target: Target) -> None:
    inputs = _inputs(300, 4)
    result = target.infer(target.build(programs.tiny()), inputs)
    np.testing.assert_array_equal(result.outputs, programs.tiny_outputs(inputs))
    assert result.outputs.dtype == np.int8


def test_answers_no_vectors_with_none(target: Target) -> None:
    result = target.infer(target.build(programs.tiny()), _inputs(0, 4))
    assert result.outputs.shape == (0, 2)


def test_scatters_and_gathers_several_inputs_and_outputs(target: Target) -> None:
    inputs = _inputs(2, 8000)
    result = target.infer(target.build(programs.wide()), inputs)
    np.testing.assert_array_equal(result.outputs, programs.wide_outputs(inputs))


def test_computes_features_as_written(target: Target) -> None:
    frames = (np.random.default_rng(0).integers(-200, 200, (21, 2)) * 2).astype(np.int32)
    features = target.extract(target.build(programs.windowed()), frames)
    np.testing.assert_array_equal(features, programs.windowed_features(frames))


def test_refuses_inputs_of_another_shape_or_type(target: Target) -> None:
    firmware = target.build(programs.tiny())
    wrongs: tuple[NDArray[Any], ...] = (_inputs(3, 5), _inputs(3, 4).astype(np.uint8), _inputs(3, 4)[0])
    for wrong in wrongs:
        with pytest.raises(RunError, match=r"takes int8 \[N, 4\]"):
            target.infer(firmware, wrong)


def test_refuses_frames_without_a_pipeline(target: Target) -> None:
    with pytest.raises(RunError, match="no feature pipeline"):
        target.extract(target.build(programs.tiny()), np.zeros((4, 2), np.int32))


def test_refuses_frames_of_another_length(target: Target) -> None:
    with pytest.raises(RunError, match=r"takes int32 \[F, 2\]"):
        target.extract(target.build(programs.windowed()), np.zeros((4, 3), np.int32))


def test_a_compiler_error_carries_the_compilers_words(target: Target) -> None:
    plain = programs.tiny()
    damaged = replace(plain, sources={**plain.sources, "tiny.c": plain.sources["tiny.c"] + "\nint 5;\n"})
    with pytest.raises(BuildError, match=r"refused tiny\.c") as caught:
        target.build(damaged)
    assert "tiny.c" in caught.value.log


def test_a_missing_symbol_is_a_build_error(target: Target) -> None:
    with pytest.raises(BuildError) as caught:
        target.build(replace(programs.tiny(), model_symbol="absent_model"))
    assert "absent_model" in caught.value.log


@pytest.mark.parametrize("name", ["../escape.c", "mlforge_app.c", "", "sub/dir.c"])
def test_a_program_cannot_write_outside_its_build(target: Target, name: str) -> None:
    plain = programs.tiny()
    with pytest.raises(BuildError, match="no plain, new file name"):
        target.build(replace(plain, sources={**plain.sources, name: "int unused;\n"}))


def test_equal_programs_give_the_same_image(target: Target) -> None:
    assert target.build(programs.tiny()).elf == target.build(programs.tiny()).elf
    assert target.build(programs.tiny()).elf != target.build(programs.windowed()).elf


def test_profiles_exactly_or_says_that_it_cannot(target: Target) -> None:
    firmware, inputs = target.build(programs.windowed()), _inputs(3, 4)
    frames = np.arange(12, dtype=np.int32).reshape(6, 2) * 2
    if not target.counts_instructions:
        with pytest.raises(TargetUnavailableError):
            target.profile(firmware, inputs, frames)
        return
    profile = target.profile(firmware, inputs, frames)
    assert profile == target.profile(firmware, inputs, frames)
    assert isinstance(profile, Profile)
    assert len(profile.inferences) == 3
    assert len(profile.features) == 5
    assert profile.stack_bytes > 0
    assert profile.feature_stack_bytes > 0
    for window in profile.inferences:
        shares = [window.operator_instructions(operator) for operator in (-1, 0, 1)]
        assert sum(shares) == window.instructions
        assert all(share > 0 for share in shares)
